"""Machine code is run as this user has compiled it, or compiled again: never damaged, foreign or another kernel's."""

from __future__ import annotations

import os
import pickle
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import pytest

from hla_match.kernels import _machine_code
from hla_match.kernels._jit import compiled

pytestmark = pytest.mark.skipif(os.environ.get("NUMBA_DISABLE_JIT", "0") != "0", reason="nothing is compiled")


def rule(x):
    return 3 * x + 1


def other_rule(x):
    return 5 * x + 2


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def was_found(function: Callable[..., Any] = rule, value: float = 7) -> bool:
    """Call the kernel as a new process does; say whether its machine code was found."""
    kernel = compiled(function)
    assert kernel(value) == function(value)
    return sum(kernel.stats.cache_hits.values()) == 1


def files(cache: Path, ending: str = "*") -> list[Path]:
    return sorted(path for path in cache.rglob(f"*.{ending}") if path.is_file())


def test_machine_code_is_found_again_for_every_type_and_is_for_the_user_alone(cache: Path) -> None:
    assert [was_found(value=value) for value in (7, 7.5, 7, 7.5)] == [False, False, True, True]
    assert [len(files(cache, ending)) for ending in ("nbi", "nbc", "tmp")] == [1, 2, 0]
    assert {path.stat().st_mode & 0o777 for path in files(cache)} == {0o600}
    assert {path.stat().st_mode & 0o777 for path in (cache, *cache.iterdir())} == {0o700}


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "cut inside the checksum": lambda content: content[:7],
    "cut after the checksum": lambda content: content[:16],
    "cut in the middle": lambda content: content[: len(content) // 2],
    "last byte lost": lambda content: content[:-1],
    "longer": lambda content: content + b"\0",
    "zeros": lambda content: bytes(len(content)),
    "of Numba's own cache": lambda content: content[16:],
    "another pickle": lambda content: pickle.dumps(("0.61.0", {})),
    "no pickle": lambda content: b"\xff\xfeno pickle" * 10,
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("ending", ["nbi", "nbc"])
def test_a_damaged_file_is_compiled_again(cache: Path, ending: str, damage: str) -> None:
    was_found()
    (path,) = files(cache, ending)
    path.write_bytes(DAMAGES[damage](path.read_bytes()))
    assert not was_found()
    assert was_found()
    assert len(files(cache)) == 2


def test_no_flipped_bit_is_run(cache: Path) -> None:
    was_found()
    draw = random.Random(1)
    for _ in range(30):
        path = draw.choice(files(cache))
        content = bytearray(path.read_bytes())
        content[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
        path.write_bytes(content)
        assert not was_found()


def test_the_machine_code_of_another_kernel_or_type_is_not_run(cache: Path) -> None:
    was_found()
    was_found(other_rule)
    was_found(value=7.5)
    paths = files(cache, "nbc")
    contents = [path.read_bytes() for path in paths]
    for path, content in zip(paths, contents[1:] + contents[:1], strict=True):
        path.write_bytes(content)
    assert not was_found()
    assert not was_found(other_rule)


class _Planted:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("unpickled",)


@pytest.mark.parametrize("ending", ["nbi", "nbc"])
def test_a_file_that_others_can_write_is_never_unpickled(
    cache: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ending: str
) -> None:
    monkeypatch.chdir(tmp_path)
    was_found()
    (path,) = files(cache, ending)
    # Whoever plants it can make the checksum as well.
    code = compiled(rule)._cache._cache_file
    code._write(path.name, pickle.dumps(_Planted()))
    path.chmod(0o666)
    assert not was_found()
    assert not (tmp_path / "unpickled").exists()
    assert path.stat().st_mode & 0o777 == 0o600 if path.exists() else ending == "nbc"


@pytest.mark.skipif(not hasattr(os, "getuid"), reason="Windows keeps users apart in another way")
@pytest.mark.parametrize("where", [".", "kernels"])
def test_from_a_folder_that_others_can_write_nothing_is_read_and_nothing_is_kept_there(cache: Path, where: str) -> None:
    was_found()
    (below,) = cache.iterdir()
    (below if where == "kernels" else cache).chmod(0o777)
    _machine_code._made_ready.cache_clear()
    before = files(cache)
    kernel = compiled(rule)
    assert kernel(7) == rule(7)
    assert kernel.stats.cache_path is None
    assert files(cache) == before
    with pytest.raises(_machine_code.UnsafeFolderError, match="chmod go-w"):
        _machine_code.cache_folder()


def test_a_link_to_a_folder_of_the_users_own_is_followed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to("real")
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "link"))
    kernel = compiled(rule)
    assert Path(kernel.stats.cache_path).is_relative_to((tmp_path / "real").resolve())


def test_a_disk_without_room_ends_nothing_and_is_told(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[OSError] = []
    monkeypatch.setattr(_machine_code, "unsaved", told.append)

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(_machine_code._private_files, "write", full)
        assert not was_found()
    assert [error.errno for error in told] == [28]
    assert files(cache) == []
    assert not was_found()
    assert was_found()


def test_a_cache_that_is_removed_while_it_is_used_is_made_anew(cache: Path) -> None:
    kernel = compiled(rule)
    for path in (*cache.iterdir(), cache):
        path.rmdir()
    kernel(7)
    assert was_found()
    assert cache.stat().st_mode & 0o777 == 0o700


def test_old_machine_code_and_old_leftovers_are_removed(cache: Path) -> None:
    was_found()
    (index,) = files(cache, "nbi")
    old, new, strange = (
        index.with_name(f"{index.stem}.{name}") for name in ("1.nbc.9.ab.tmp", "2.nbc.9.cd.tmp", "3.nbc")
    )
    for path in (old, new, strange):
        path.touch()
    os.utime(old, (1, 1))
    was_found(value=7.5)
    assert [path.exists() for path in (old, new, strange)] == [False, True, False]
    assert was_found()
