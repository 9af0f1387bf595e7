"""Runs py-graph-match in the interpreter that has it; knows nothing of this package.

Called with the names of two files: of the job, and of the answer. A job builds the graph or searches it; each is a
process of its own, so that its peak memory is its own.
"""

import contextlib
import importlib
import json
import os
import resource
import sys
import time
from importlib.metadata import version
from pathlib import Path


def peak_bytes() -> int:
    """Return the most memory that this process had resident so far; Linux tells that of this process alone."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    lines = status.read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def main() -> None:
    """Do the job."""
    job = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    answer_file = Path(sys.argv[2])
    # The program reads the command line when it is imported.
    sys.argv = sys.argv[:1]
    with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
        if job["task"] == "build":
            builder = importlib.import_module("grma.donorsgraph.build_donors_graph")
            libraries = peak_bytes()
            start = time.perf_counter()
            builder.BuildMatchingGraph(job["donors"]).to_pickle(job["graph"])
            answer: dict[str, object] = {"seconds": time.perf_counter() - start}
        else:
            match = importlib.import_module("grma.match")
            libraries = peak_bytes()
            start = time.perf_counter()
            graph = match.Graph.from_pickle(job["graph"])
            loaded = time.perf_counter() - start
            found = match.find_matches(
                job["patients"], graph, threshold=job["threshold"], cutoff=job["cutoff"], calculate_time=True
            )
            answer = {
                "load": loaded,
                "seconds": {str(patient): seconds for patient, (_, seconds) in found.items()},
                "found": {
                    str(patient): {
                        "donor": [int(one) for one in frame["Donor_ID"]],
                        "mismatches": [int(one) for one in frame["Number_Of_Mismatches"]],
                        "probability": [float(one) / 100 for one in frame["Matching_Probability"]],
                    }
                    for patient, (frame, _) in found.items()
                },
            }
    answer |= {"peak": peak_bytes(), "libraries": libraries, "version": version("py-graph-match")}
    answer_file.write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
