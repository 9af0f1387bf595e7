r"""The settings of a registry, in a file of its folder: read with every opening, and changed by those who keep it.

The file is JSON: `format`, `settings` by name, and `sha256` of the settings as JSON with sorted names::

    {"format": 1, "settings": {"max_age": 55, "min_age": 18}, "sha256": "..."}
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

from hla_match.donors.registry_settings import RegistrySettings
from hla_match.errors import CriteriaError, RegistryError
from registry_io.disk.durable_files import atomic_write
from registry_io.disk.given_path import given_path
from registry_io.store.registry_folder import SETTINGS, current_snapshot, writing_registry

FORMAT = 1
_LONGEST = 10_000
"""Bytes of the file at most."""


def registry_settings(folder: str | Path) -> RegistrySettings:
    """Return the settings of a registry.

    Args:
        folder: the registry's folder.

    Raises:
        RegistryError: the file of the settings is damaged, or cannot be read.
    """
    path = given_path("folder", folder) / SETTINGS
    try:
        with path.open("rb") as file:
            data = file.read(_LONGEST)
    except (FileNotFoundError, NotADirectoryError):
        return RegistrySettings()
    except OSError as error:
        found = error.strerror or str(error)
        raise RegistryError(str(path), found=found, expected="a file that can be read") from error
    try:
        content = json.loads(data)
        if content["format"] != FORMAT or content["sha256"] != _checksum(content["settings"]):
            raise ValueError("changed")
        return RegistrySettings.from_dict(content["settings"])
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError, CriteriaError):
        raise RegistryError(
            str(path),
            found="a damaged file",
            expected="the settings of the registry",
            hint="remove it, and set them again by registry settings",
        ) from None


def set_registry_settings(folder: str | Path, settings: RegistrySettings) -> None:
    r"""Set what holds for a registry from now on, in place of what was set.

    Args:
        folder: the registry's folder.
        settings: all settings.

    Raises:
        RegistryError: there is no registry.
        LockedError: another process writes.
        FileError: the folder cannot be written to.

    >>> import tempfile, registry_io
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "donors.csv").write_text("donor_id,A_1,A_2\nD1,11:01,24:02\n")
    >>> _ = registry_io.import_donors(folder / "registry", folder / "donors.csv", "builtin")
    >>> set_registry_settings(folder / "registry", RegistrySettings(min_age=18, max_age=55))
    >>> str(registry_io.open_registry(folder / "registry").settings)
    'donors donate from 18 to 55 years of age'
    """
    place = given_path("folder", folder)
    current_snapshot(place)
    with writing_registry(place):
        _write(place, settings)


def change_registry_settings(folder: str | Path, changes: Mapping[str, int | None]) -> RegistrySettings:
    """Change some settings of a registry and leave the others, which another process may be changing.

    Args:
        folder: the registry's folder.
        changes: by name the new value, or None where nothing is to be set.

    Returns:
        All settings.

    Raises:
        CriteriaError: there is no such setting, or it cannot have such a value.
        RegistryError: there is no registry, or the file of its settings is damaged.
        LockedError: another process writes.
        FileError: the folder cannot be written to.
    """
    place = given_path("folder", folder)
    current_snapshot(place)
    RegistrySettings.from_dict({name: None for name in changes})
    with writing_registry(place):
        values = {**registry_settings(place).to_dict(), **changes}
        settings = RegistrySettings.from_dict(values)
        _write(place, settings)
    return settings


def _write(place: Path, settings: RegistrySettings) -> None:
    values = settings.to_dict()
    content = {"format": FORMAT, "settings": values, "sha256": _checksum(values)}
    with atomic_write(place / SETTINGS) as file:
        file.write((json.dumps(content, sort_keys=True) + "\n").encode())


def _checksum(settings: Mapping[str, int]) -> str:
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
