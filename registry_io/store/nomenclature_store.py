"""The installed releases, one compiled file each, in the user's data folder."""

from __future__ import annotations

import os
import re
from pathlib import Path

import platformdirs

from hla_match.errors import ErrorCode, NomenclatureError
from hla_match.nomenclature.release import Nomenclature
from hla_match.nomenclature.tables import NomenclatureTables
from registry_io.disk.durable_files import make_folder
from registry_io.disk.given_path import given_path
from registry_io.formats.imgt_release import read_release
from registry_io.store.nomenclature_file import read_nomenclature, write_nomenclature

BUILTIN = "builtin"
"""The name of the nomenclature that needs no installation."""

_RELEASE = re.compile(r"[0-9]{1,9}(\.[0-9]{1,9})*")


def data_folder() -> Path:
    """Return ``HLA_MATCH_HOME``, else the platform's folder for user data."""
    home = os.environ.get("HLA_MATCH_HOME")
    return Path(home) if home else platformdirs.user_data_path("hla-match")


def install_nomenclature(
    source: str | Path, *, accept_checksum_mismatch: bool = False, home: Path | None = None
) -> Nomenclature:
    """Check a release of IPD-IMGT/HLA, compile it into the data folder, and return it.

    Args:
        source: folder or zip of the release.
        accept_checksum_mismatch: go on where a file differs from its checksum in the release; the tables name it.
        home: the data folder; without it ``HLA_MATCH_HOME`` or the platform's.

    Raises:
        NomenclatureError: the release cannot be read, or the data folder cannot be made.
        FileError: the data folder cannot be written to.
    """
    store = NomenclatureStore(home if home is not None else data_folder())
    return Nomenclature(store.install(given_path("source", source), accept_checksum_mismatch=accept_checksum_mismatch))


def newest_release(*, home: Path | None = None) -> str:
    """Return the newest installed release; where none is installed, "builtin"."""
    return NomenclatureStore(home if home is not None else data_folder()).newest() or BUILTIN


def open_nomenclature(release: str | None = None, *, home: Path | None = None) -> Nomenclature:
    """Return an installed release, or the built-in nomenclature.

    Args:
        release: such as "3.58.0", or "builtin"; by default the newest installed, and "builtin" where none is.
        home: the data folder; without it ``HLA_MATCH_HOME`` or the platform's.

    Raises:
        NomenclatureError: the release is not installed, or its file is damaged.

    >>> open_nomenclature("builtin").tables.closed
    False
    """
    name = release if release is not None else newest_release(home=home)
    if name == BUILTIN:
        return Nomenclature.builtin()
    return Nomenclature(NomenclatureStore(home if home is not None else data_folder()).load(name))


class NomenclatureStore:
    """The releases under a data folder."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "nomenclature"

    def install(self, source: Path, *, accept_checksum_mismatch: bool = False) -> NomenclatureTables:
        """Read a release, compile it, and return its tables.

        Args:
            source: folder or zip of the release.
            accept_checksum_mismatch: go on where a file differs from its checksum in the release; the tables name it.

        Raises:
            NomenclatureError: the release cannot be read, or the data folder cannot be made.
            FileError: the data folder cannot be written to.
        """
        tables = read_release(source, accept_checksum_mismatch=accept_checksum_mismatch)
        try:
            make_folder(self._folder)
        except OSError as error:
            raise NomenclatureError(
                str(self._folder),
                found=error.strerror or str(error),
                expected="a folder that can be made",
                hint="name another by HLA_MATCH_HOME",
                code=ErrorCode.FILE_NOT_WRITTEN,
            ) from error
        write_nomenclature(tables, self._path(tables.release))
        return tables

    def releases(self) -> list[str]:
        """Return the installed releases, newest first."""
        stems = (path.stem for path in self._folder.glob("*.hlanom"))
        names = [stem for stem in stems if _RELEASE.fullmatch(stem)]
        return sorted(names, key=lambda name: [int(part) for part in name.split(".")], reverse=True)

    def newest(self) -> str | None:
        """Return the newest installed release, or None."""
        return next(iter(self.releases()), None)

    def load(self, release: str) -> NomenclatureTables:
        """Load an installed release.

        Raises:
            NomenclatureError: it is not installed, or its file is damaged.
        """
        releases = self.releases()
        if release not in releases:
            installed = ", ".join([*releases, "builtin"])
            raise NomenclatureError(
                str(self._folder),
                found=f"no release {release}",
                expected=f"one of: {installed}",
                hint="install it first",
                code=ErrorCode.NOMENCLATURE_NOT_INSTALLED,
            )
        return read_nomenclature(self._path(release))

    def _path(self, release: str) -> Path:
        # The names are versions, so a stem with dots must not be taken for an ending.
        return self._folder / f"{release}.hlanom"
