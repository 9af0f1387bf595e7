"""Runs py-graph-imputation in the interpreter that has it; knows nothing of this package.

Called with a file to write the seconds to and configurations of the peer. The peer reads the command line when it is
imported, so the arguments are taken away first.
"""

import importlib
import json
import sys
import time
from importlib.metadata import version
from pathlib import Path


def main() -> None:
    """Build the graph, load it while the persons of the first configuration are imputed, then impute the others."""
    seconds, first, *configurations = sys.argv[1:]
    sys.argv = sys.argv[:1]
    # This folder comes first on the path, and has a module of the peer's name.
    sys.path.pop(0)
    grim = importlib.import_module("grim.grim")
    start = time.perf_counter()
    grim.graph_freqs(first)
    built = time.perf_counter()
    graph = grim.impute(first)
    loaded = time.perf_counter()
    impute = []
    for configuration in configurations:
        start_one = time.perf_counter()
        grim.impute(configuration, graph=graph)
        impute.append(time.perf_counter() - start_one)
    figures = {"build": built - start, "load": loaded - built, "impute": impute}
    Path(seconds).write_text(json.dumps({**figures, "version": version("py-graph-imputation")}), encoding="utf-8")


if __name__ == "__main__":
    main()
