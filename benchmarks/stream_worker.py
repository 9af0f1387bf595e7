"""Streams a synthetic registry to disk: run by `benchmarks.places` in a process of its own."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import polars as pl

from benchmarks.memory_worker import peak_bytes
from benchmarks.places import AS_OF, SEED
from hla_match import Nomenclature
from hla_match.synthetic.volunteers import volunteer_parts
from registry_io.store.recorded_registry import write_registry_stream


def main() -> None:
    """Build the registry of the number of donors and in the folder that are named as arguments."""
    n_donors, folder = int(sys.argv[1]), Path(sys.argv[2])
    start = time.perf_counter()
    parts = volunteer_parts(n_donors, seed=SEED, as_of=AS_OF)
    write_registry_stream(
        # Of the types that a donor file is read as, so that a file of changes fits.
        (part.rename({"donor_id": "person_id"}).with_columns(pl.col("weight_kg").cast(pl.Float32)) for part in parts),
        folder,
        Nomenclature.builtin(),
        name=folder.parent.name,
        provenance={"source": "synthetic volunteers", "imported_on": AS_OF.isoformat()},
        replace=True,
    )
    print(json.dumps({"seconds": time.perf_counter() - start, "peak": peak_bytes()}))


if __name__ == "__main__":
    main()
