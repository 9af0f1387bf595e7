"""The steps of SQLite, which changes files from machine code of its own: told before each, as other steps are.

SQLite reaches files through a table of functions, its *VFS* (https://sqlite.org/vfs.html). Three functions of an open
file (write, truncate, bring to the disk) and the removal of a file are replaced by ones that tell of the step, and
then do what they replace.
"""

from __future__ import annotations

import _sqlite3
import ctypes
import os
from collections.abc import Callable
from ctypes import POINTER, Structure, c_char_p, c_int, c_int64, c_void_p
from typing import Any

Meet = Callable[[str, str], bool]
"""Takes a step and its path; says whether a write is to be torn, and raises OSError where there is no room."""

WRITE, TRUNCATE, SYNC, REMOVE = "database write", "database truncate", "database flush", "database remove"

_FULL = 13
_OK = 0

_Write = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
_Truncate = ctypes.CFUNCTYPE(c_int, c_void_p, c_int64)
_Sync = ctypes.CFUNCTYPE(c_int, c_void_p, c_int)
# Names are taken as addresses: an open file goes on pointing to the name that it was given.
_Open = ctypes.CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, c_void_p)
_Delete = ctypes.CFUNCTYPE(c_int, c_void_p, c_char_p, c_int)


class _Methods(Structure):
    """`sqlite3_io_methods` of version 3."""

    _fields_ = (
        ("version", c_int), ("close", c_void_p), ("read", c_void_p), ("write", _Write), ("truncate", _Truncate),
        ("sync", _Sync), ("others", c_void_p * 13),
    )  # fmt: skip


class _File(Structure):
    """The beginning of `sqlite3_file`."""

    _fields_ = (("methods", POINTER(_Methods)),)


class _Vfs(Structure):
    """The beginning of `sqlite3_vfs`."""

    _fields_ = (
        ("version", c_int), ("size", c_int), ("longest", c_int), ("next", c_void_p), ("name", c_char_p),
        ("data", c_void_p), ("open", _Open), ("delete", _Delete),
    )  # fmt: skip


_kept: list[Any] = []
"""What the tables of SQLite point to from now on."""


def watch_databases(meet: Meet) -> None:
    """Tell of every step of SQLite in this process from now on; there is no end but that of the process.

    A process that leaves databases open ends by `os._exit`: what SQLite would call is gone when Python has ended.
    """
    library = ctypes.CDLL(_sqlite3.__file__)
    library.sqlite3_initialize()
    library.sqlite3_vfs_find.restype = POINTER(_Vfs)
    vfs = library.sqlite3_vfs_find(None).contents
    names: dict[int, str] = {}
    tables: dict[int, _Methods] = {}
    # A field of a structure is read as what it holds later: the functions that are replaced are kept as they are now.
    open_file, delete_file = _Open(_address(vfs.open)), _Delete(_address(vfs.delete))

    def opened(of: int, name: int | None, file: int, flags: int, out: int | None) -> int:
        status = open_file(of, name, file, flags, out)
        if status == _OK and name:
            names[file] = os.fsdecode(ctypes.string_at(name))
            found = _File.from_address(file)
            own = ctypes.addressof(found.methods.contents)
            if own not in tables:
                tables[own] = _watched(found.methods.contents, names, meet)
            found.methods = ctypes.pointer(tables[own])
        return int(status)

    def deleted(of: int, name: bytes, flush: int) -> int:
        if os.path.exists(name):
            meet(REMOVE, os.fsdecode(name))
        return int(delete_file(of, name, flush))

    vfs.open, vfs.delete = _Open(opened), _Delete(deleted)
    _kept.extend((vfs.open, vfs.delete, opened, deleted, open_file, delete_file, tables))


def _watched(methods: _Methods, names: dict[int, str], meet: Meet) -> _Methods:
    """Return the functions of a file with those that tell of their steps in place of their own."""
    write, truncate, sync = (
        kind(_address(one))
        for kind, one in ((_Write, methods.write), (_Truncate, methods.truncate), (_Sync, methods.sync))
    )

    def written(file: int, data: int, size: int, at: int) -> int:
        try:
            if meet(WRITE, names[file]):
                write(file, data, size // 2, at)
                os.kill(os.getpid(), 9)
        except OSError:
            return _FULL
        return int(write(file, data, size, at))

    def truncated(file: int, size: int) -> int:
        meet(TRUNCATE, names[file])
        return int(truncate(file, size))

    def synced(file: int, flags: int) -> int:
        meet(SYNC, names[file])
        return int(sync(file, flags))

    watched = _Methods.from_buffer_copy(methods)
    watched.write, watched.truncate, watched.sync = _Write(written), _Truncate(truncated), _Sync(synced)
    _kept.extend((watched, watched.write, watched.truncate, watched.sync, write, truncate, sync))
    return watched


def _address(function: Any) -> int:
    return ctypes.cast(function, c_void_p).value or 0
