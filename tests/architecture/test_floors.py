"""Imports point one way only, kernels see arrays only, and `hla_match` never touches the outside world."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# A room imports itself and rooms on lower floors. `__init__` is the door: the public names of the package.
FLOORS = {
    "errors": 0,
    "foreign_frames": 1,
    "frame_columns": 0,
    "visible_text": 0,
    "wide_text": 0,
    "kernels": 0,
    "language": 1,
    "loci": 1,
    "nomenclature": 2,
    "typings": 3,
    "synthetic": 3,
    "donors": 4,
    "cases": 5,
    "frequencies": 5,
    "imputation": 6,
    "auditing": 7,
    "publishing": 5,
    "estimation": 7,
    "prediction": 7,
    "matching": 8,
    "immunogenetics": 9,
    "choice": 10,
    "next_steps": 10,
    "reporting": 11,
    "searches": 12,
    "services": 13,
    "__init__": 14,
    "desk": 15,
    "cli": 16,
    "__main__": 17,
}
# The rooms of registry_io, and what of hla_match they see.
IO_FLOORS = {"disk": 0, "tables": 1, "persons": 2, "formats": 3, "store": 4, "__init__": 5}
REGISTRY_IO_SEES = set(FLOORS) - {
    "synthetic", "auditing", "publishing", "estimation", "prediction", "immunogenetics", "choice", "next_steps",
    "reporting", "__init__", "services", "desk", "cli",
}  # fmt: skip
# The composition roots join both packages, and read clock and environment.
ROOTS = {"services", "desk", "cli"}
KERNELS_SEE = re.compile(
    r"(numpy|numba|math|__future__|dataclasses|functools|inspect|types|typing|collections\.abc|hla_match\.kernels)(\.|$)"
)
# Numba's machine code lies in files, and kernels are imported where no composition root is.
KEEPS_MACHINE_CODE = {"hla_match/kernels/_machine_code.py", "hla_match/kernels/_private_files.py"}
# Policies and catalogues are shipped as files of the package.
READS_THE_PACKAGE = {
    "hla_match/choice/shipped_policies.py": "read_text",
    "hla_match/language/speaking.py": "open",
    "hla_match/language/retelling.py": "read_bytes",
}
# What a person calls on a matcher or a list, and what only `registry_io` knows: columns of rows, and files.
ASKS_REGISTRY_IO = {
    "hla_match/searches/given_patient.py": ("registry_io.persons.patient_row",),
    "hla_match/searches/match_list.py": ("registry_io.tables.list_workbook", "pathlib"),
}
OUTSIDE = re.compile(
    r"(os|sys|io|pathlib|time|subprocess|socket|shutil|tempfile|glob|urllib|http|platformdirs|importlib)(\.|$)"
)
OUTSIDE_CALL = re.compile(
    r"open|__import__|now|utcnow|today|(read|write)_(text|bytes)|fromfile|tofile|memmap"
    r"|(read|scan|sink)_(csv|parquet|ipc|excel|ndjson|json)"
)
MODULES = sorted(path for package in ("hla_match", "registry_io") for path in (ROOT / package).rglob("*.py"))
MODULE_SET = set(MODULES)


def imported(tree: ast.AST, *, whole: bool = False) -> Iterator[tuple[int, str]]:
    """Every import of a module, those inside functions and type-checking blocks too; whole names where asked."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            for alias in node.names:
                yield (
                    node.lineno,
                    f"{module}.{alias.name}"
                    if whole or module in ("hla_match", "registry_io", "collections")
                    else module,
                )


def room_of(module: str, floors: Mapping[str, int] = FLOORS) -> str:
    """The room of a module; a name that is no room is one of the public names at the door."""
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[1] in floors else "__init__"


def offences(path: Path, source: str) -> list[str]:
    """What a module, by its path below the root, does that its floor forbids."""
    package, room = path.parts[0], path.with_suffix("").parts[1]
    if room not in (FLOORS if package == "hla_match" else IO_FLOORS):
        return [f"{path}: {room} is on no floor"]
    tree, found = ast.parse(source), []
    keeps_files = room in ROOTS or path.as_posix() in KEEPS_MACHINE_CODE
    for line, module in imported(tree):
        target = room_of(module) if module.split(".")[0] == "hla_match" else None
        if package == "registry_io":
            own = room_of(module, IO_FLOORS) if module.split(".")[0] == package else room
            upward = own != room and IO_FLOORS[own] >= IO_FLOORS[room]
            wrong = upward or (target is not None and target not in REGISTRY_IO_SEES)
        elif room == "kernels":
            wrong = KERNELS_SEE.match(module) is None and not (keeps_files and target is None)
        else:
            upward = target not in (None, room) and FLOORS[target or room] >= FLOORS[room]
            outside = OUTSIDE.match(module) is not None or module.split(".")[0] == "registry_io"
            outside = outside and module not in ASKS_REGISTRY_IO.get(path.as_posix(), ())
            # The door loads public names when they are used, so that importing the package costs nothing.
            lazy_door = room == "__init__" and module == "importlib"
            own_files = module == "importlib.resources" and path.as_posix() in READS_THE_PACKAGE
            wrong = upward or (outside and room not in ROOTS and not lazy_door and not own_files)
        if wrong or module.startswith("."):
            found.append(f"{path}:{line}: imports {module}")
    if package == "hla_match" and not keeps_files:
        for call in (node for node in ast.walk(tree) if isinstance(node, ast.Call)):
            name = getattr(call.func, "attr", getattr(call.func, "id", ""))
            if OUTSIDE_CALL.fullmatch(name) and name != READS_THE_PACKAGE.get(path.as_posix()):
                found.append(f"{path}:{call.lineno}: calls {name}")
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_module_keeps_to_its_floor(path: Path) -> None:
    found = offences(path.relative_to(ROOT), path.read_text(encoding="utf-8"))
    assert not found, "\n".join(found)


def modules_imported(path: Path) -> set[Path]:
    """The modules of both packages that a module imports, wherever in it."""
    found = set()
    for _, name in imported(ast.parse(path.read_text(encoding="utf-8")), whole=True):
        # What a package's `__init__` holds is imported from the package, a module from its file.
        for target in (name, name.rpartition(".")[0]):
            file = ROOT.joinpath(*target.split("."))
            at = next((one for one in (file.with_suffix(".py"), file / "__init__.py") if one in MODULE_SET), None)
            if at is not None:
                found.add(at)
                break
    return found - {path}


def in_circles(imports: Mapping[Path, set[Path]]) -> list[Path]:
    """The modules that import each other in a circle, and those between two circles."""
    left = dict(imports)
    # A module that imports nothing that is left, or that nothing left imports, stands in no circle.
    while True:
        ends = {module for module, seen in left.items() if not seen & left.keys()}
        ends |= left.keys() - {target for seen in left.values() for target in seen}
        if not ends:
            return sorted(left)
        left = {module: seen for module, seen in left.items() if module not in ends}


def test_no_modules_import_each_other_in_a_circle() -> None:
    found = in_circles({path: modules_imported(path) for path in MODULES})
    assert not found, "\n".join(str(path.relative_to(ROOT)) for path in found)


def test_a_planted_circle_is_found() -> None:
    first, second, third = Path("a.py"), Path("b.py"), Path("c.py")
    assert in_circles({first: {second}, second: {first}, third: {first}}) == [first, second]
    assert in_circles({first: {second}, second: set(), third: {first}}) == []


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("hla_match/donors/registry.py", "from hla_match.matching.criteria import Patient"),
        ("hla_match/donors/registry.py", "def f():\n    import hla_match.reporting.html"),
        ("hla_match/typings/encoding.py", "from hla_match import Matcher"),
        ("hla_match/typings/encoding.py", "from hla_match import donors"),
        ("hla_match/typings/encoding.py", "from hla_match.synthetic import haplotypes"),
        ("hla_match/matching/search.py", "import registry_io.store.registry_store"),
        ("hla_match/searches/match_list.py", "from registry_io.store.registry_store import open_registry"),
        ("hla_match/searches/matcher.py", "from registry_io.persons.patient_row import read_patient_row"),
        ("hla_match/matching/search.py", "from .criteria import Patient"),
        ("hla_match/matching/search.py", "import os.path"),
        ("hla_match/matching/search.py", "today = datetime.date.today()"),
        ("hla_match/reporting/html.py", "open('page.html')"),
        ("hla_match/choice/policies.py", "from importlib.resources import files"),
        ("hla_match/choice/shipped_policies.py", "open('policy.toml')"),
        ("hla_match/kernels/search/donor_pass.py", "import polars"),
        ("hla_match/kernels/search/donor_pass.py", "from collections import OrderedDict"),
        ("hla_match/kernels/search/donor_pass.py", "from hla_match.errors import HlaMatchError"),
        ("registry_io/store/registry_store.py", "from hla_match.reporting.terminal import match_table"),
        ("hla_match/utils.py", ""),
        ("registry_io/utils.py", ""),
        (
            "registry_io/tables/source_file.py",
            "from registry_io.store.registry_store import open_registry",
        ),
        ("registry_io/tables/source_file.py", "from registry_io import open_registry"),
    ],
)
def test_a_planted_offence_is_found(module: str, source: str) -> None:
    assert len(offences(Path(module), source)) == 1


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("hla_match/searches/matcher.py", "from hla_match.kernels.search.donor_pass import EXCLUDED"),
        ("hla_match/searches/matcher.py", "from hla_match import errors"),
        ("hla_match/choice/shipped_policies.py", "from importlib.resources import files\nfiles('x').read_text()"),
        ("hla_match/searches/given_patient.py", "from registry_io.persons.patient_row import read_patient_row"),
        ("hla_match/kernels/search/donor_pass.py", "from collections.abc import Callable"),
        ("hla_match/cli/main.py", "import os, registry_io\nfrom hla_match import Matcher"),
        ("registry_io/store/registry_store.py", "import os\nfrom hla_match.donors.registry import Registry\nopen('x')"),
    ],
)
def test_what_the_floor_allows_is_no_offence(module: str, source: str) -> None:
    assert offences(Path(module), source) == []
