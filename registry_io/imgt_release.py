"""Reads a release of IPD-IMGT/HLA, from a folder or a zip, into nomenclature tables.

Source of the layouts: the read-me of the release's ``wmda`` folder. Since release 3.64 three files have a new layout
and the old one moved to ``wmda/pre2026``; the old layout is taken where both are there. The new layout differs by a
seventh field (specificities that were computed, not observed), which is left aside.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath

from hla_match.errors import NomenclatureError
from hla_match.loci import LOCI, SEROLOGY_PREFIX
from hla_match.nomenclature.tables import AntigenRelation, Deletion, LocusTables, NomenclatureTables
from registry_io.budgets import Budgets, FileBudget
from registry_io.source_file import SourceFile
from registry_io.zip_members import ZipMembers

# Each file with the folders it can lie in below the root of the release, the preferred one first.
_REQUIRED = {
    "hla_nom.txt": ("wmda/pre2026/", "wmda/", ""),
    "hla_nom_g.txt": ("wmda/", ""),
    "hla_nom_p.txt": ("wmda/", ""),
    "rel_dna_ser.txt": ("wmda/pre2026/", "wmda/", ""),
    "rel_ser_ser.txt": ("wmda/pre2026/", "wmda/", ""),
    "dpb_tce.csv": ("tce/", ""),
}
_OPTIONAL = {"Nomenclature_2009.txt": ("",), "Deleted_alleles.txt": ("",), "release_version.txt": ("",)}
_FINGERPRINTS = "md5checksum.txt"
_VERSION = re.compile(r"^# version:\s*(?:IPD-)?IMGT/HLA\s+([0-9]{1,9}(?:\.[0-9]{1,9}){1,9})(?![0-9.])", re.MULTILINE)
# As md5 prints them on BSD, "MD5 (name) = digest", which is the release's way, and as md5sum does, "digest  name".
_MD5_BSD = re.compile(r"MD5 \(([^)]+)\) = ([0-9a-f]{32})")
_MD5_GNU = re.compile(r"^([0-9a-f]{32})\s+\*?(\S+)", re.MULTILINE)
_ALLELE = re.compile(r"[0-9]{1,9}(:[0-9]{1,9})+[A-Z]?")
_TCE_GROUP = re.compile(r"([0-3]?)[a-z]?\$?")
_REPLACEMENT = re.compile(r"(?:renamed|identical to)\s+([A-Z0-9a-z]+)\*([0-9:]+[A-Z]?)")
# A release may lag by a few names in one of its files; more than this share of a locus means a part is missing.
_TOLERATED_GAP = 0.02
_LARGEST_FILE = 500_000_000
_MEMORY_A_BYTE = 15  # of the text of a release


class _ReleaseFiles:
    """The files of a release by name, wherever the release lies in the folder or zip; line ends are line feeds."""

    def __init__(self, path: Path, budgets: Budgets | None) -> None:
        self.path = path
        self._budgets = budgets
        names = {*_REQUIRED, *_OPTIONAL, _FINGERPRINTS}
        if path.is_dir():
            self._read_folder(names)
        elif path.is_file() and zipfile.is_zipfile(path):
            self._read_zip(names)
        else:
            raise NomenclatureError(
                str(path),
                found="neither folder nor zip" if path.exists() else "nothing of that name",
                expected="a release of IPD-IMGT/HLA, as a folder or a zip",
                hint="unpack the release, or give its zip",
            )
        root = self._root()
        self.member: dict[str, str] = {}
        for name, folders in {**_REQUIRED, **_OPTIONAL}.items():
            place = next((root + folder + name for folder in folders if root + folder + name in self._data), None)
            if place is not None:
                self.member[name] = place
        missing = [name for name in _REQUIRED if name not in self.member]
        if missing:
            raise self.error(
                None,
                found=f"no {', '.join(missing)}",
                expected="the wmda and tce folders of a release",
                hint="give the folder that holds wmda/ and tce/",
            )

    def _read_folder(self, names: set[str]) -> None:
        try:
            found = {
                place.relative_to(self.path).as_posix(): place
                for place in sorted(self.path.rglob("*"))
                if place.name in names and place.is_file()
            }
            if any(place.stat().st_size > _LARGEST_FILE for place in found.values()):
                raise self._too_large()
            self._data = {member: self._read_file(place) for member, place in found.items()}
        except OSError as error:
            raise self.error(None, found=str(error.strerror), expected="a folder that can be read") from error

    def _read_file(self, place: Path) -> bytes:
        with SourceFile.open(place, self._budgets) as source:
            return _line_feeds(source.read())

    def _read_zip(self, names: set[str]) -> None:
        try:
            with SourceFile.open(self.path, self._budgets) as source, source.at_any_place() as handle:
                members = ZipMembers(handle, source.budget)
                # Some packers of Windows write backslashes.
                places = {name.replace("\\", "/"): at for at, name in enumerate(members.names)}
                wanted = {name: at for name, at in places.items() if PurePosixPath(name).name in names}
                self._data = {}
                for name, at in wanted.items():
                    self._data[name] = _line_feeds(members.read(at, most=_LARGEST_FILE))
                    self._check_size(source.budget)
        except (OSError, zipfile.BadZipFile) as error:
            raise self.error(
                None, found=f"a damaged zip: {error}", expected="an intact zip", hint="fetch the release again"
            ) from error

    def _check_size(self, budget: FileBudget) -> None:
        sizes = [len(data) for data in self._data.values()]
        if max(sizes) > _LARGEST_FILE:
            raise self._too_large()
        budget.check_held(_MEMORY_A_BYTE * sum(sizes), f"{sum(sizes):,} bytes of tables in the zip")

    def _too_large(self) -> NomenclatureError:
        return self.error(None, found="a file above 500 MB", expected="a release of IPD-IMGT/HLA as it was published")

    def _root(self) -> str:
        """Return the folder that holds ``wmda``, or all the files; the one nearest to the top."""
        places = [m.removesuffix("rel_dna_ser.txt") for m in self._data if m.rpartition("/")[2] == "rel_dna_ser.txt"]
        roots = {re.sub(r"(^|/)wmda/(pre2026/)?$", r"\1", place) for place in places if "__MACOSX/" not in place}
        depth = min((root.count("/") for root in roots), default=0)
        nearest = sorted(root for root in roots if root.count("/") == depth)
        if len(nearest) > 1:
            raise self.error(
                None, found=f"several releases: {', '.join(nearest)}", expected="one release", hint="name one of them"
            )
        return nearest[0] if nearest else ""

    def __contains__(self, name: str) -> bool:
        return name in self.member

    def data(self, name: str) -> bytes:
        """Return the bytes of a file."""
        return self._data[self.member[name]]

    def fingerprints(self, name: str) -> bytes:
        """Return the file of MD5 sums that lies beside a file, or nothing."""
        return self._data.get(self.member[name].rpartition("/")[0] + "/" + _FINGERPRINTS, b"")

    def error(
        self, name: str | None, *, found: str, expected: str, row: int | None = None, hint: str = ""
    ) -> NomenclatureError:
        """Return an error about a file, or about the whole release where `name` is None."""
        place = str(self.path) if name is None else f"{self.path}/{self.member[name]}"
        return NomenclatureError(place, row=row, found=found, expected=expected, hint=hint)

    def lines(self, name: str) -> Iterator[tuple[int, str]]:
        """Yield row number and text of each line that is not a comment."""
        data = self.data(name)
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise self.error(
                name,
                row=data.count(b"\n", 0, error.start) + 1,
                found=f"byte {data[error.start]:#04x} that is not UTF-8",
                expected="UTF-8 text",
                hint="fetch the file again",
            ) from None
        for row, line in enumerate(text.split("\n"), start=1):
            if line.strip() and not line.startswith("#"):
                yield row, line

    def rows(self, name: str, width: int) -> Iterator[tuple[int, list[str]]]:
        """Yield row number and semicolon-separated cells of each line; at least `width` cells."""
        for row, line in self.lines(name):
            cells = line.split(";")
            if len(cells) < width:
                raise self.error(
                    name,
                    row=row,
                    found=f"{len(cells)} fields",
                    expected=f"{width} fields separated by semicolons",
                    hint="the file may be truncated; fetch it again",
                )
            yield row, cells


def read_release(path: Path, *, budgets: Budgets | None = None) -> NomenclatureTables:
    """Read a release from a folder or zip that holds ``wmda`` and ``tce``, at its top or deeper.

    `unverified` of the tables names the files that no list of checksums in the release vouches for.

    Raises:
        NomenclatureError: a file is missing, damaged, or of another release than the others.
        BudgetError: the zip takes more than its budget; without `budgets` those of the environment hold.
    """
    files = _ReleaseFiles(path, budgets)
    release = _version(files)
    unverified = _check_md5(files)
    alleles = _alleles(files)
    current = {locus: set(columns["allele"]) for locus, columns in alleles.items()}
    deletions, antigens = _names(files, current)
    g_group = _groups(files, "hla_nom_g.txt", "G", current)
    # The P groups leave null alleles out.
    expressed = {locus: {name for name in names if not name.endswith("N")} for locus, names in current.items()}
    p_group = _groups(files, "hla_nom_p.txt", "P", expressed)
    tce_group = _tce_groups(files, current["DPB1"])
    old_names = _old_names(files)
    loci = {
        locus: LocusTables(
            locus=locus,
            allele=tuple(columns["allele"]),
            g_group=tuple(g_group[locus].get(name, "") for name in columns["allele"]),
            p_group=tuple(p_group[locus].get(name, "") for name in columns["allele"]),
            antigen=tuple(columns["antigen"]),
            expert_antigen=tuple(columns["expert_antigen"]),
            tce_group=tuple(tce_group.get(name, "") if locus == "DPB1" else "" for name in columns["allele"]),
            deleted=deletions[locus],
            old_name=old_names[locus],
        )
        for locus, columns in alleles.items()
    }
    relations = tuple(_relations(files))
    for relation in relations:
        antigens[relation.prefix] |= {relation.antigen, *relation.splits, *relation.associated}
    digest = hashlib.sha256()
    for name in filter(files.__contains__, (*_REQUIRED, *_OPTIONAL)):
        digest.update(f"{name} {len(files.data(name))}\n".encode() + files.data(name))
    return NomenclatureTables(
        release=release,
        title=f"IPD-IMGT/HLA {release}",
        source=path.resolve().name,
        checksum=digest.hexdigest(),
        loci=loci,
        antigen_relations=relations,
        antigens={prefix: tuple(sorted(names, key=_antigen_order)) for prefix, names in antigens.items()},
        unverified=tuple(unverified),
    )


def _line_feeds(data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n")


def _antigen_order(antigen: str) -> tuple[int, str]:
    digits = re.match(r"[0-9]{1,9}", antigen)
    return (int(digits[0]) if digits else 0, antigen)


def _locus(written: str) -> str:
    """Return the locus as it is written today: "Cw*" was the name of C before 2010."""
    locus = written.rstrip("*")
    return "C" if locus == "Cw" else locus


def _version(files: _ReleaseFiles) -> str:
    found: dict[str, str] = {}
    for name in files.member:
        match = _VERSION.search(files.data(name)[:4000].decode("utf-8", "replace"))
        if match is not None:
            found[name] = match[1]
        elif name in _REQUIRED:
            raise files.error(
                name,
                found="no line that names the release",
                expected="'# version: IPD-IMGT/HLA ...' at the top",
                hint="the file may be empty, or of another encoding; fetch it again",
            )
    if len(set(found.values())) > 1:
        text = ", ".join(f"{name} {version}" for name, version in found.items())
        raise files.error(
            None, found=f"files of several releases: {text}", expected="one release", hint="fetch the release again"
        )
    return found["hla_nom.txt"]


def _check_md5(files: _ReleaseFiles) -> list[str]:
    """Compare the files with the release's own fingerprints; return those for which it brings none."""
    unverified = []
    for name in files.member:
        text = files.fingerprints(name).decode("utf-8", "replace")
        expected = dict(_MD5_BSD.findall(text)) | {member: digest for digest, member in _MD5_GNU.findall(text)}
        if name not in expected:
            unverified.append(name)
            continue
        found = hashlib.md5(files.data(name), usedforsecurity=False).hexdigest()
        if expected[name] != found:
            raise files.error(name, found=f"MD5 {found}", expected=f"MD5 {expected[name]}", hint="fetch the file again")
    return unverified


def _check_complete(files: _ReleaseFiles, name: str, locus: str, expected: set[str], found: Iterable[str]) -> None:
    """Refuse a file that lacks more names of a locus than a release ever lags by."""
    missing = expected.difference(found)
    if len(missing) > _TOLERATED_GAP * len(expected):
        raise files.error(
            name,
            found=f"no {locus}*{min(missing)} and {len(missing) - 1} more of the locus",
            expected=f"the {len(expected)} alleles of {locus} that the release lists",
            hint="the file may be truncated; fetch it again",
        )


def _alleles(files: _ReleaseFiles) -> dict[str, dict[str, list[str]]]:
    """Return the columns allele, antigen and expert_antigen of each locus."""
    name_of_file = "rel_dna_ser.txt"
    alleles: dict[str, dict[str, list[str]]] = {
        locus: {"allele": [], "antigen": [], "expert_antigen": []} for locus in LOCI
    }
    for row, (written, name, unambiguous, possible, assumed, expert, *_) in files.rows(name_of_file, 6):
        columns = alleles.get(written.rstrip("*"))
        if columns is None:
            continue
        if _ALLELE.fullmatch(name) is None:
            raise files.error(name_of_file, row=row, found=repr(name), expected="an allele name such as 01:01:01:01")
        columns["allele"].append(name)
        # A null allele has no antigen, whatever is written beside it.
        observed = [] if name.endswith("N") else [unambiguous, possible, assumed]
        columns["antigen"].append(_antigens(observed))
        columns["expert_antigen"].append(_antigens([] if name.endswith("N") else [expert]))
    for locus, columns in alleles.items():
        if not columns["allele"]:
            raise files.error(
                name_of_file,
                found=f"no allele of {locus}",
                expected=f"every locus of {', '.join(LOCI)}",
                hint="the file may be truncated; fetch it again",
            )
        if len(set(columns["allele"])) < len(columns["allele"]):
            raise files.error(name_of_file, found=f"an allele of {locus} twice", expected="every allele once")
    return alleles


def _antigens(cells: Iterable[str]) -> str:
    """Join the antigens of several cells; "0" is none and "?" unknown."""
    antigens = (antigen.strip() for cell in cells for antigen in cell.split("/"))
    return "/".join(dict.fromkeys(antigen for antigen in antigens if antigen not in ("", "0", "?")))


def _groups(
    files: _ReleaseFiles, name: str, suffix: str, expected: Mapping[str, set[str]]
) -> dict[str, dict[str, str]]:
    """Return the group of each allele by locus, "" for an allele alone."""
    groups: dict[str, dict[str, str]] = {locus: {} for locus in LOCI}
    for row, (written, members, label, *_) in files.rows(name, 3):
        if label and not (label.endswith(suffix) and _ALLELE.fullmatch(label)):
            raise files.error(
                name,
                row=row,
                found=repr(label),
                expected=f"a {suffix} group or nothing",
                hint="the file may be truncated; fetch it again",
            )
        if written.rstrip("*") in groups:
            groups[written.rstrip("*")].update(dict.fromkeys(members.split("/"), label))
    for locus, group in groups.items():
        _check_complete(files, name, locus, expected[locus], group)
    return groups


def _tce_groups(files: _ReleaseFiles, expected: set[str]) -> dict[str, str]:
    """Return the T-cell epitope group, version 2, of each DPB1 allele; "" where it has none."""
    name = "dpb_tce.csv"
    groups: dict[str, str] = {}
    column = 0
    for row, line in files.lines(name):
        cells = line.split(",")
        if cells[0] == "Allele" and "V2_Assignment" in cells:
            column = cells.index("V2_Assignment")
            continue
        match = _TCE_GROUP.fullmatch(cells[column].strip()) if 0 < column < len(cells) else None
        if match is None or not cells[0].startswith("DPB1*"):
            raise files.error(
                name,
                row=row,
                found=repr(line[:60]),
                expected="a DPB1 allele and its groups, below a header with V2_Assignment",
                hint="the file may be truncated; fetch it again",
            )
        # A letter marks a subgroup and a dollar sign a prediction; "0" is a null allele.
        groups[cells[0].removeprefix("DPB1*")] = match[1].replace("0", "")
    _check_complete(files, name, "DPB1", expected, groups)
    return groups


def _old_names(files: _ReleaseFiles) -> dict[str, dict[str, str]]:
    """Return today's name of each name before April 2010, by locus; abandoned ones are left out."""
    names: dict[str, dict[str, str]] = {locus: {} for locus in LOCI}
    if "Nomenclature_2009.txt" in files:
        for _, line in files.lines("Nomenclature_2009.txt"):
            old, _, new = line.partition(" ")
            locus, star, digits = old.partition("*")
            if star and "*" in new and _locus(locus) in names:
                names[_locus(locus)][digits] = new.strip().partition("*")[2]
    return names


def _names(
    files: _ReleaseFiles, current: Mapping[str, set[str]]
) -> tuple[dict[str, dict[str, Deletion]], dict[str, set[str]]]:
    """Return deleted names by locus and antigens by prefix."""
    deletions: dict[str, dict[str, Deletion]] = {locus: {} for locus in LOCI}
    listed: dict[str, set[str]] = {locus: set() for locus in LOCI}
    antigens: dict[str, set[str]] = {prefix: set() for prefix in SEROLOGY_PREFIX.values()}
    for _, (written, name, _, deleted, replacement, reason, *_) in files.rows("hla_nom.txt", 6):
        if written in antigens:
            if not deleted:
                antigens[written].add(name)
        elif _locus(written) in deletions and written.endswith("*"):
            if deleted:
                deletions[_locus(written)][name] = Deletion(replacement, reason)
            else:
                listed[_locus(written)].add(name)
    for locus, names in listed.items():
        _check_complete(files, "rel_dna_ser.txt", locus, names, current[locus])
        _check_complete(files, "hla_nom.txt", locus, current[locus], names)
    _add_deleted_alleles(files, deletions, current)
    return deletions, antigens


def _add_deleted_alleles(
    files: _ReleaseFiles, deletions: Mapping[str, dict[str, Deletion]], current: Mapping[str, set[str]]
) -> None:
    """Add the names that only ``Deleted_alleles.txt`` has: those that changed nothing but their suffix."""
    if "Deleted_alleles.txt" not in files:
        return
    for _, line in files.lines("Deleted_alleles.txt"):
        _, allele, reason = (*line.split(",", 2), "", "")[:3]
        written, star, name = allele.partition("*")
        locus = _locus(written)
        if not star or locus not in deletions or name in deletions[locus] or name in current[locus]:
            continue
        # A name that begins longer ones of today still stands for them.
        if any(longer.startswith(name + ":") for longer in current[locus]):
            continue
        match = _REPLACEMENT.search(reason)
        same_locus = match is not None and _locus(match[1]) == locus
        deletions[locus][name] = Deletion(match[2] if match is not None and same_locus else "", reason.strip())


def _relations(files: _ReleaseFiles) -> Iterator[AntigenRelation]:
    for _, (prefix, antigen, splits, associated, *_) in files.rows("rel_ser_ser.txt", 4):
        if prefix in SEROLOGY_PREFIX.values():
            split_names, associated_names = (
                tuple(name.strip() for name in cell.split("/") if name.strip()) for cell in (splits, associated)
            )
            yield AntigenRelation(prefix, antigen, split_names, associated_names)
