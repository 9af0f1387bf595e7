"""Imports point one way only, kernels see arrays only, and `hla_match` never touches the outside world."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# A room imports itself and rooms on lower floors. `__init__` is the door: the public names of the package.
FLOORS = {
    "errors": 0,
    "visible_text": 0,
    "loci": 1,
    "nomenclature": 2,
    "encoding": 3,
    "donor_orders": 3,
    "synthetic": 3,
    "typing_book": 4,
    "registry": 5,
    "kernels": 6,
    "frequencies": 7,
    "matching": 8,
    "reporting": 9,
    "__init__": 10,
    "cli": 11,
}
REGISTRY_IO_SEES = {
    "errors", "visible_text", "loci", "nomenclature", "encoding", "donor_orders", "typing_book", "registry",
    "frequencies", "matching",
}  # fmt: skip
KERNELS_SEE = re.compile(r"(numpy|numba|math|__future__|typing|collections\.abc|hla_match\.kernels)(\.|$)")
# Numba's machine code lies in files, and kernels are imported where no composition root is.
KEEPS_MACHINE_CODE = {"hla_match/kernels/_machine_code.py", "hla_match/kernels/_private_files.py"}
OUTSIDE = re.compile(
    r"(os|sys|io|pathlib|time|subprocess|socket|shutil|tempfile|glob|urllib|http|platformdirs|importlib)(\.|$)"
)
OUTSIDE_CALL = re.compile(
    r"open|__import__|now|utcnow|today|(read|write)_(text|bytes)|fromfile|tofile|memmap"
    r"|(read|scan|sink)_(csv|parquet|ipc|excel|ndjson|json)"
)
MODULES = sorted(path for package in ("hla_match", "registry_io") for path in (ROOT / package).rglob("*.py"))


def imported(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every import of a module, those inside functions and type-checking blocks too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            for alias in node.names:
                yield node.lineno, f"{module}.{alias.name}" if module in ("hla_match", "collections") else module


def room_of(module: str) -> str:
    """The room of a module of hla_match; a name that is no room is one of the public names at the door."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in FLOORS else "__init__"


def offences(path: Path, source: str) -> list[str]:
    """What a module, by its path below the root, does that its floor forbids."""
    package, room = path.parts[0], path.with_suffix("").parts[1]
    if package == "hla_match" and room not in FLOORS:
        return [f"{path}: {room} is on no floor"]
    tree, found = ast.parse(source), []
    keeps_files = room == "cli" or path.as_posix() in KEEPS_MACHINE_CODE
    for line, module in imported(tree):
        target = room_of(module) if module.split(".")[0] == "hla_match" else None
        if package == "registry_io":
            wrong = target is not None and target not in REGISTRY_IO_SEES
        elif room == "kernels":
            wrong = KERNELS_SEE.match(module) is None and not (keeps_files and target is None)
        else:
            upward = target not in (None, room) and FLOORS[target or room] >= FLOORS[room]
            outside = OUTSIDE.match(module) is not None or module.split(".")[0] == "registry_io"
            # The door loads public names when they are used, so that importing the package costs nothing.
            lazy_door = room == "__init__" and module == "importlib"
            wrong = upward or (outside and room != "cli" and not lazy_door)
        if wrong or module.startswith("."):
            found.append(f"{path}:{line}: imports {module}")
    if package == "hla_match" and not keeps_files:
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            name = getattr(call.func, "attr", getattr(call.func, "id", ""))
            if OUTSIDE_CALL.fullmatch(name):
                found.append(f"{path}:{call.lineno}: calls {name}")
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_module_keeps_to_its_floor(path: Path) -> None:
    found = offences(path.relative_to(ROOT), path.read_text(encoding="utf-8"))
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("hla_match/registry.py", "from hla_match.matching.criteria import Patient"),
        ("hla_match/registry.py", "def f():\n    import hla_match.reporting.html"),
        ("hla_match/encoding.py", "from hla_match import Matcher"),
        ("hla_match/encoding.py", "from hla_match import registry"),
        ("hla_match/encoding.py", "from hla_match.synthetic import haplotypes"),
        ("hla_match/matching/search.py", "import registry_io.store"),
        ("hla_match/matching/search.py", "from .criteria import Patient"),
        ("hla_match/matching/search.py", "import os.path"),
        ("hla_match/matching/search.py", "today = datetime.date.today()"),
        ("hla_match/reporting/html.py", "open('page.html')"),
        ("hla_match/kernels/search/donor_pass.py", "import polars"),
        ("hla_match/kernels/search/donor_pass.py", "from collections import OrderedDict"),
        ("hla_match/kernels/search/donor_pass.py", "from hla_match.errors import HlaMatchError"),
        ("registry_io/store.py", "from hla_match.reporting.terminal import match_table"),
        ("hla_match/utils.py", ""),
    ],
)
def test_a_planted_offence_is_found(module: str, source: str) -> None:
    assert len(offences(Path(module), source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("hla_match/matching/matcher.py", "from hla_match.kernels.search.donor_pass import EXCLUDED"),
        ("hla_match/matching/matcher.py", "from hla_match import errors"),
        ("hla_match/kernels/search/donor_pass.py", "from collections.abc import Callable"),
        ("hla_match/cli/main.py", "import os, registry_io\nfrom hla_match import Matcher"),
        ("registry_io/store.py", "import os\nfrom hla_match.registry import Registry\nopen('x')"),
    ],
)
def test_what_the_floor_allows_is_no_offence(module: str, source: str) -> None:
    assert offences(Path(module), source) == []
