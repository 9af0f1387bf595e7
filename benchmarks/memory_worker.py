"""Opens a registry, searches it and prints its peak memory: run by `benchmarks.memory` in a process of its own."""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

from benchmarks.memory import digest
from hla_match import Matcher, Patient, SearchCriteria
from registry_io import open_frequencies, open_imputation, open_registry


def peak_bytes() -> int:
    """Return the most memory that this process had resident so far.

    Linux counts a peak that is this process' own; what `getrusage` returns there is at least that of the parent.
    """
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def main() -> None:
    """Do the job of the file named as the argument."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    libraries = peak_bytes()
    registry = open_registry(job["registry"])
    matcher = Matcher(registry)
    if job["frequencies"] is not None:
        frequencies = open_frequencies(job["frequencies"], registry)
        imputed = open_imputation(job["registry"], registry, frequencies, workers=job["workers"])
        matcher = Matcher(registry, imputed, workers=job["workers"])
    criteria = SearchCriteria.model_validate(job["criteria"])
    lists = [matcher.search(Patient.model_validate(patient), criteria) for patient in job["patients"]]
    print(json.dumps({"digest": digest(lists), "libraries": libraries, "peak": peak_bytes()}))


if __name__ == "__main__":
    main()
