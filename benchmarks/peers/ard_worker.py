"""Runs py-ard in the interpreter that has it, without the network; knows nothing of this package.

Called with the names of two files: of the job, and of the answer.
"""

import importlib
import io
import json
import os
import sys
import time
import zipfile
from importlib.metadata import version
from pathlib import Path


def main() -> None:
    """Build py-ard's database from local files, start it, and reduce names."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    os.environ["PYARD_RC"] = "no"
    os.environ["IMGT_HLA_URL"] = Path(job["root"]).as_uri() + "/"
    pyard = importlib.import_module("pyard")
    # What it would download: the multiple allele codes, and the list of releases.
    zipped = io.BytesIO()
    rows = [line.split("\t")[-2:] for line in Path(job["codes"]).read_text(encoding="utf-8").splitlines()[3:]]
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("numer.v3.txt", "\n".join(["", "", "", *("\t".join(row) for row in rows)]))
    codes = importlib.import_module("pyard.loader.mac_codes")
    codes.urlopen = lambda url: io.BytesIO(zipped.getvalue())  # type: ignore[attr-defined]
    database = importlib.import_module("pyard.db")
    database.get_imgt_db_versions = lambda: [job["release"]]  # type: ignore[attr-defined]
    # The first start builds the database; a user waits for the others.
    for _ in range(2):
        start = time.perf_counter()
        ard = pyard.init(job["release"], data_dir=f"{job['root']}/database")
        started = time.perf_counter() - start
    start = time.perf_counter()
    reduced = {name: ard.redux(name, "P") for name in job["names"]}
    names_seconds = time.perf_counter() - start
    start = time.perf_counter()
    for name in job["calls"]:
        ard.redux(name, "P")
    calls_seconds = time.perf_counter() - start
    answer = {
        "version": version("py-ard"),
        "start_seconds": started,
        "names_seconds": names_seconds,
        "calls_seconds": calls_seconds,
        "reduced": reduced,
    }
    Path(sys.argv[2]).write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
