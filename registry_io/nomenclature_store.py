"""The installed releases, one compiled file each, in the user's data folder."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from hla_match.errors import NomenclatureError
from hla_match.nomenclature.tables import NomenclatureTables
from registry_io.imgt_release import read_release
from registry_io.nomenclature_file import read_nomenclature, write_nomenclature


def data_folder() -> Path:
    """Return ``HLA_MATCH_HOME``, else the platform's folder for user data."""
    home = os.environ.get("HLA_MATCH_HOME")
    return Path(home) if home else platformdirs.user_data_path("hla-match")


class NomenclatureStore:
    """The releases under a data folder."""

    def __init__(self, home: Path) -> None:
        self._folder = home / "nomenclature"

    def install(self, source: Path) -> NomenclatureTables:
        """Read a release, compile it, and return its tables.

        Raises:
            NomenclatureError: the release cannot be read.
        """
        tables = read_release(source)
        self._folder.mkdir(parents=True, exist_ok=True)
        write_nomenclature(tables, self._path(tables.release))
        return tables

    def releases(self) -> list[str]:
        """Return the installed releases, newest first."""
        names = [path.stem for path in self._folder.glob("*.hlanom")]
        return sorted(names, key=lambda name: [int(part) for part in name.split(".")], reverse=True)

    def newest(self) -> str | None:
        """Return the newest installed release, or None."""
        return next(iter(self.releases()), None)

    def load(self, release: str) -> NomenclatureTables:
        """Load an installed release.

        Raises:
            NomenclatureError: it is not installed, or its file is damaged.
        """
        path = self._path(release)
        if not path.exists():
            installed = ", ".join([*self.releases(), "builtin"])
            raise NomenclatureError(
                str(self._folder),
                found=f"no release {release}",
                expected=f"one of: {installed}",
                hint="install it with: hla-match nomenclature install --from DIR",
            )
        return read_nomenclature(path)

    def _path(self, release: str) -> Path:
        # The names are versions, so a stem with dots must not be taken for an ending.
        return self._folder / f"{release}.hlanom"
