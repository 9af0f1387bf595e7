"""The manifest of a snapshot, read as what it must be before anything is opened by it.

What it says becomes names of files, sizes of arrays and dates of searches. Its hash is right where another program
wrote it, too.
"""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, NonNegativeInt, StringConstraints, ValidationError, model_validator

from hla_match.donors.provenance import Provenance
from hla_match.errors import ErrorCode, RegistryError
from hla_match.loci import LOCI
from registry_io.disk.aside_folder import FileSum
from registry_io.disk.checked_files import changed
from registry_io.store.attribute_columns import FORMATS, TEXT, file_names

FORMAT: Literal["hla-match registry"] = "hla-match registry"
FORMAT_VERSION: Literal[3] = 3
"""Of a snapshot that is whole."""
CHANGES_VERSION: Literal[4] = 4
"""Of one that holds what changed since another."""
NOMENCLATURE = "nomenclature.hlanom"
"""The file of a snapshot that holds the nomenclature of its typings."""

Digest = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
ShortDigest = Annotated[str, StringConstraints(pattern="^[0-9a-f]{32}$")]
SnapshotTitle = Annotated[str, StringConstraints(pattern="^snapshot-[0-9a-f]{16}$")]
FileName = Annotated[str, StringConstraints(pattern=r"^[^/\\\x00-\x1f.][^/\\\x00-\x1f]*$", max_length=255)]


class SnapshotManifest(BaseModel):
    """What a manifest says; `FORMAT.md` explains it."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")

    format: Literal["hla-match registry"]
    format_version: Literal[3, 4]
    onto: SnapshotTitle | None = None
    name: str
    loci: tuple[str, ...]
    n_donors: NonNegativeInt
    attributes: tuple[tuple[FileName, str], ...]
    nomenclature: str
    provenance: dict[str, str | int]
    notes: dict[str, NonNegativeInt]
    files: dict[FileName, Digest]
    xxh3: dict[FileName, ShortDigest] = {}
    bytes: dict[FileName, NonNegativeInt] = {}

    @model_validator(mode="after")
    def _fits(self) -> Self:
        """Refuse what each key by itself cannot tell."""
        if (self.format_version == CHANGES_VERSION) != (self.onto is not None):
            raise ValueError(f"onto: expected a snapshot in format version {CHANGES_VERSION}, and in no other")
        if list(self.loci) != [locus for locus in LOCI if locus in self.loci]:
            raise ValueError("loci: expected known ones, each once, in their order")
        if dict(self.attributes).get("donor_id") != TEXT or not {dtype for _, dtype in self.attributes} <= set(FORMATS):
            raise ValueError(f"attributes: expected donor_id of type {TEXT}, and types of {', '.join(FORMATS)}")
        places = [place for name, _ in self.attributes for place in file_names(name)]
        if len(set(places)) < len(places):
            raise ValueError("attributes: expected names that make different files")
        if any(sums and sums.keys() != self.files.keys() for sums in (self.xxh3, self.bytes)):
            raise ValueError("xxh3, bytes: expected the same files as in files")
        try:
            datetime.date.fromisoformat(str(self.provenance.get("imported_on")))
        except ValueError:
            raise ValueError("provenance: expected imported_on, a date such as 2026-01-31") from None
        if self.provenance.get("ambiguous_nulls", "drop") not in ("drop", "keep"):
            raise ValueError("provenance: expected ambiguous_nulls drop or keep")
        Provenance.of(self.provenance)
        return self

    @property
    def sums(self) -> dict[str, FileSum]:
        """The checksums of the files; the earliest registries have SHA-256 alone."""
        return {name: FileSum(sha256, self.xxh3.get(name), self.bytes.get(name)) for name, sha256 in self.files.items()}


def parse_manifest(text: bytes, path: Path) -> SnapshotManifest:
    """Read a manifest; `path` is named in errors.

    Raises:
        RegistryError: it is damaged, or of another format version.
    """
    try:
        return SnapshotManifest.model_validate_json(text)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False)
    version = [one["input"] for one in found if one["loc"] == ("format_version",)]
    if version:
        shown = version[0] if isinstance(version[0], int) else "unknown"
        raise RegistryError(
            str(path.parent.parent),
            found=f"format version {shown}",
            expected=f"{FORMAT_VERSION} or {CHANGES_VERSION}",
            hint="import the donors again with this version of hla-match, in its place",
            code=ErrorCode.REGISTRY_FORMAT,
        )
    place = ".".join(map(str, found[0]["loc"][:1]))
    reason = found[0]["msg"].removeprefix("Value error, ")
    raise changed(path, "a damaged manifest", f"{place}: {reason}" if place else reason)
