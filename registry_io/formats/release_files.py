"""The files of a release of IPD-IMGT/HLA by name, wherever it lies in a folder or zip.

Source of the layout: the read-me of the release's ``wmda`` folder. Since release 3.64 three tables are written with the
antigens of the HLA Nomenclature Report 2026; their older form is in ``wmda/pre2026`` for a time, and is taken where it
is there.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from hla_match.errors import ErrorCode, NomenclatureError
from registry_io.tables.budgets import Budgets, FileBudget
from registry_io.tables.source_file import SourceFile
from registry_io.tables.zip_members import ZipMembers

# Each file with the folders it can lie in below the root of the release, the preferred one first.
REQUIRED = {
    "hla_nom.txt": ("wmda/pre2026/", "wmda/", ""),
    "hla_nom_g.txt": ("wmda/", ""),
    "hla_nom_p.txt": ("wmda/", ""),
    "rel_dna_ser.txt": ("wmda/pre2026/", "wmda/", ""),
    "rel_ser_ser.txt": ("wmda/pre2026/", "wmda/", ""),
    "dpb_tce.csv": ("tce/", ""),
}
SEQUENCES = {
    "A_prot.fasta": ("fasta/", ""),
    "B_prot.fasta": ("fasta/", ""),
    "C_prot.fasta": ("fasta/", ""),
    "DPB1_nuc.fasta": ("fasta/", ""),
}
"""The sequences that facts of alleles are read from (`registry_io.formats.release_sequences`)."""
OPTIONAL = {
    "Nomenclature_2009.txt": ("",),
    "Deleted_alleles.txt": ("",),
    "release_version.txt": ("",),
    **SEQUENCES,
}
WITNESSES = {"Allelelist.txt": ("",), "Allele_status.txt": ("",), "version_report.txt": ("",)}
"""Files of which no table is made: they tell which release the others are, and what they should hold."""
FINGERPRINTS = "md5checksum.txt"
_LARGEST_FILE = 500_000_000
_MEMORY_A_BYTE = 15  # of the text of a release
TRUNCATED = "the file may be truncated; fetch it again"


class ReleaseFiles:
    """The files of a release.

    Attributes:
        path: the folder or zip.
        root: the place in it that holds ``wmda``, or all the files.
        member: the place of each file that is there, by its name.
    """

    def __init__(self, path: Path, budgets: Budgets | None) -> None:
        self.path = path
        self._budgets = budgets
        names = {*REQUIRED, *OPTIONAL, *WITNESSES, FINGERPRINTS}
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
                code=ErrorCode.NOMENCLATURE_MISSING_FILE,
            )
        self.root = self._root()
        self.member: dict[str, str] = {}
        for name, folders in {**REQUIRED, **OPTIONAL, **WITNESSES}.items():
            places = (self.root + folder + name for folder in folders)
            place = next((place for place in places if place in self._data), None)
            if place is not None:
                self.member[name] = place
        missing = [name for name in REQUIRED if name not in self.member]
        if missing:
            raise self.error(
                None,
                found=f"no {', '.join(missing)}",
                expected="the wmda and tce folders of a release",
                hint="give the folder that holds wmda/ and tce/",
                code=ErrorCode.NOMENCLATURE_MISSING_FILE,
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
            return source.read()

    def _read_zip(self, names: set[str]) -> None:
        try:
            with SourceFile.open(self.path, self._budgets) as source, source.at_any_place() as handle:
                members = ZipMembers(handle, source.budget)
                # Some packers of Windows write backslashes.
                places = {name.replace("\\", "/"): at for at, name in enumerate(members.names)}
                wanted = {name: at for name, at in places.items() if PurePosixPath(name).name in names}
                self._data = {}
                for name, at in wanted.items():
                    self._data[name] = members.read(at, most=_LARGEST_FILE)
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
                None,
                found=f"several releases: {', '.join(nearest)}",
                expected="one release",
                hint="name one of them",
                code=ErrorCode.NOMENCLATURE_RELEASE,
            )
        return nearest[0] if nearest else ""

    def __contains__(self, name: str) -> bool:
        return name in self.member

    def published(self, name: str) -> bytes:
        """Return the bytes of a file as they are, line ends included."""
        return self._data[self.member[name]]

    def data(self, name: str) -> bytes:
        """Return the bytes of a file; its line ends are line feeds."""
        return line_feeds(self.published(name))

    def fingerprints(self) -> Iterator[tuple[str, str]]:
        """Yield the place and text of each list of checksums below the root of the release."""
        for place, data in self._data.items():
            if place.startswith(self.root) and place.rpartition("/")[2] == FINGERPRINTS:
                yield place, data.decode("utf-8", "replace")

    def error(
        self,
        name: str | None,
        *,
        found: str,
        expected: str,
        row: int | None = None,
        hint: str = "",
        code: ErrorCode | None = None,
    ) -> NomenclatureError:
        """Return an error about a file, or about the whole release where `name` is None."""
        place = str(self.path) if name is None else f"{self.path}/{self.member[name]}"
        return NomenclatureError(place, row=row, found=found, expected=expected, hint=hint, code=code)

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
                    hint=TRUNCATED,
                )
            yield row, cells


def line_feeds(data: bytes) -> bytes:
    """Return text whose lines end by a line feed, from text with any line ends."""
    return data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
