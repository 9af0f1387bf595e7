"""The file of a record encrypted, where the user has a key: SQLCipher in place of SQLite.

SQLCipher (https://www.zetetic.net/sqlcipher/design/) encrypts each page by AES-256 and signs it by HMAC-SHA-512, its
log of changes too. The key is the SHA-256 of what the key file holds, which is random, so that no slow derivation is
needed. Whether a file is encrypted is seen from its first bytes; it stays as it is until somebody encrypts it.
"""

from __future__ import annotations

import hashlib
import os
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from hla_match.errors import ErrorCode, RegistryError
from registry_io.disk.key_file import read_key

KEY_FILE = "HLA_MATCH_RECORD_KEY_FILE"
"""The variable that names the file of the key."""

_PLAIN = b"SQLite format 3\0"
_MODULE = "sqlcipher3.dbapi2"
_DOMAIN = b"hla-match record 1\n"


def key_at_hand() -> bool:
    """Say whether the user names a key, so that a new record is encrypted."""
    return bool(os.environ.get(KEY_FILE))


def is_encrypted(path: Path) -> bool:
    """Say whether a file is there that is no plain file of SQLite.

    Raises:
        OSError: it cannot be read.
    """
    if not path.exists():
        return False
    with path.open("rb") as file:
        return file.read(len(_PLAIN)) not in (_PLAIN, b"")


def connect_encrypted(path: Path, uri: str, **options: Any) -> sqlite3.Connection:
    """Connect to an encrypted file, or to an empty one that becomes one.

    Args:
        path: of the file, for messages.
        uri: of the file, as SQLite takes it.
        options: as `sqlite3.connect` takes them.

    Raises:
        RegistryError: there is no key, or the package that decrypts is not installed.
        FileError: the file of the key cannot be read, or holds none.
    """
    literal = key_literal(path)
    connection = _connected(path, uri, **options)
    connection.execute(f'PRAGMA key="{literal}"')
    return connection


def write_encrypted(path: Path, aside: Path) -> None:
    """Write all of a plain file into an empty one, encrypted; nobody writes to it meanwhile.

    Args:
        path: of the plain file; all is in it afterwards that was in its log of changes.
        aside: the empty one.

    Raises:
        RegistryError: there is no key, or the package that encrypts is not installed.
        FileError: the file of the key cannot be read, or holds none.
        sqlite3.Error, sqlcipher3.dbapi2.Error: it cannot be written.
    """
    if not key_at_hand():
        raise RegistryError(
            str(path),
            found="a plain record and no key",
            expected=f"a key to encrypt it with, in the file that {KEY_FILE} names",
            hint="make one by: openssl rand -hex 32; keep a copy of it, since a lost key cannot be replaced",
            code=ErrorCode.REGISTRY_KEY,
        )
    literal = key_literal(path)
    with closing(_connected(path, f"{path.resolve().as_uri()}?mode=rw", isolation_level=None)) as plain:
        plain.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        plain.execute("ATTACH ? AS encrypted KEY ?", (str(aside), literal))
        plain.execute("PRAGMA encrypted.journal_mode=OFF")
        plain.execute("SELECT sqlcipher_export('encrypted')")
        (compacted,) = plain.execute("PRAGMA main.user_version").fetchone()
        plain.execute(f"PRAGMA encrypted.user_version={compacted}")
        plain.execute("DETACH encrypted")


def _connected(path: Path, uri: str, **options: Any) -> sqlite3.Connection:
    connect = cast("Callable[..., sqlite3.Connection]", _cipher(path).connect)
    connection = connect(uri, uri=True, **options)
    connection.execute("PRAGMA cipher_log_level=NONE")
    return connection


def key_literal(path: Path) -> str:
    """Return the key as SQLCipher takes it, which derives nothing from it.

    Raises:
        RegistryError: the user names none.
        FileError: the file of the key cannot be read, or holds none.
    """
    if not key_at_hand():
        raise _without(path, "an encrypted record and no key, or a damaged file")
    key = read_key(Path(os.environ[KEY_FILE]))
    return f"x'{hashlib.sha256(_DOMAIN + key).hexdigest()}'"


def database_errors(name: str = "Error") -> tuple[type[Exception], ...]:
    """Return the exceptions of a name that a database raises; those of SQLCipher are of another family."""
    modules = filter(None, (sqlite3, sys.modules.get(_MODULE)))
    return tuple(getattr(module, name) for module in modules)


def wrong_key(path: Path) -> RegistryError:
    """Return the error of a file that the key does not open."""
    return _without(path, "a record that the key does not open, or a damaged file")


def _cipher(path: Path) -> Any:
    try:
        return import_module(_MODULE)
    except ImportError:
        raise RegistryError(
            str(path),
            found="an encrypted record, or a key for one",
            expected="the package sqlcipher3, which decrypts it",
            hint="install hla-match[encryption]",
            code=ErrorCode.REGISTRY_KEY,
        ) from None


def _without(path: Path, found: str) -> RegistryError:
    return RegistryError(
        str(path),
        found=found,
        expected=f"the key that it was encrypted with, in the file that {KEY_FILE} names",
        hint="a lost key cannot be replaced; the snapshot can still be searched",
        code=ErrorCode.REGISTRY_KEY,
    )
