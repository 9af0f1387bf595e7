"""Damaged files: what is read is exactly right, or an error; and ``verify`` finds every changed byte."""

from __future__ import annotations

import random
from pathlib import Path

from benchmarks.reliability.attack import Attack, Tally
from benchmarks.reliability.command_lines import RESULT
from benchmarks.reliability.scene import Scene, differences, in_short, tree_of

_PAGE = 4096
_KINDS = (
    "flipped bit", "flipped bit", "flipped bit", "zeroed page", "cut", "extended", "doubled piece", "emptied",
    "swapped with another", "deleted", "a folder in its place",
)  # fmt: skip


def _damage(scene: Scene, number: int, tally: Tally) -> None:
    places = (
        _registry, _registry, _registry, _registry, _head, _imputation, _imputation, _release, _set, _parts, _registry,
        _previous,
    )  # fmt: skip
    places[number % len(places)](scene, tally)


def _registry(scene: Scene, tally: Tally) -> None:
    lines = scene.lines
    history = (lines.install_release, lines.first)
    with scene.copy(history) as place:
        what = damaged(place, _files(place, "registry/snapshot-*/*"), tally.rng)
        _check(scene, tally, place, history, (lines.search,), what)
        _check_verify(scene, tally, place, what)
    tally.did("of the registry")


def _head(scene: Scene, tally: Tally) -> None:
    lines = scene.lines
    history = (lines.install_release, lines.first)
    with scene.copy(history) as place:
        heads = [*_files(place, "registry/CURRENT"), *_files(place, "registry/snapshot-*/manifest.json")]
        what = damaged(place, heads, tally.rng)
        _check(scene, tally, place, history, (lines.search,), what)
        _check_verify(scene, tally, place, what)
    tally.did("of CURRENT and manifest.json")


def _previous(scene: Scene, tally: Tally) -> None:
    """Damage the registry before the last import, and go back to it."""
    lines = scene.lines
    history = (lines.install_release, lines.first, lines.second)
    with scene.copy(history) as place:
        current = (place / "registry" / "CURRENT").read_text(encoding="utf-8").strip()
        kept = [path for path in _files(place, "registry/snapshot-*/*") if path.parent.name != current]
        what = f"the registry before the last import, {damaged(place, kept, tally.rng)}"
        back = scene.children.run(lines.go_back, place)
        tally.expect(back.status == 0 or back.is_refusal, f"{what}: {back}")
        _check(scene, tally, place, history if back.status else (*history, lines.go_back), (lines.search,), what)
    tally.did("of a registry kept for rollback")


def _imputation(scene: Scene, tally: Tally) -> None:
    lines = scene.lines
    history = (lines.install_release, lines.first, lines.predict)
    with scene.copy(history) as place:
        what = damaged(place, _files(place, "registry/snapshot-*/imputed-*/*"), tally.rng)
        _check_verify(scene, tally, place, what)
        _check(scene, tally, place, history, (lines.predict,), what)
    tally.did("of the imputed donors")


def _release(scene: Scene, tally: Tally) -> None:
    lines = scene.lines
    history = (lines.install_release,)
    with scene.copy(history) as place:
        what = damaged(place, _files(place, "home/nomenclature/*"), tally.rng)
        if not what.endswith("deleted"):  # which uninstalls it
            _check(scene, tally, place, history, (lines.reduce, lines.show_release), what)
    tally.did("of an installed release")


def _set(scene: Scene, tally: Tally) -> None:
    lines = scene.lines
    history = (lines.install_release, lines.first, lines.install_set)
    with scene.copy(history) as place:
        what = damaged(place, _files(place, "home/frequencies/*"), tally.rng)
        _check(scene, tally, place, history, (lines.show_set, lines.predict_by_set), what)
    tally.did("of an installed set of frequencies")


def _parts(scene: Scene, tally: Tally) -> None:
    lines = scene.lines
    history = (lines.install_release, lines.first)
    with scene.copy(scene.killed(history, lines.batch, f"rename {Path(RESULT).name}.status.csv")) as place:
        what = damaged(place, _files(place, ".out.csv.parts-*/*"), tally.rng)
        ended = scene.children.run(lines.batch, place)
        tally.expect(not ended.fault, f"{what}: {ended}")
        if ended.status == 0:
            unlike = differences(tree_of(place), scene.state((*history, lines.batch)).tree, {})
            tally.expect(not unlike, f"{what}: a batch that took it up: {in_short(unlike)}")
        else:
            tally.expect(not (place / RESULT).exists(), f"{what}: a result of a batch that failed")
            tally.expect(ended.status == 1 or ended.is_refusal, f"{what}: {ended}")
            tally.did("refused")
    tally.did("of parts of a batch")


def _check(
    scene: Scene,
    tally: Tally,
    place: Path,
    history: tuple[tuple[str, ...], ...],
    probes: tuple[tuple[str, ...], ...],
    what: str,
) -> None:
    """See that commands give exactly the right answer, or an error."""
    for ended, right in zip(scene.asked(place, probes), scene.answers(history, probes), strict=True):
        if ended.fault or not (ended.status == 0 or ended.is_refusal):
            tally.problems.append(f"{what}: {ended}")
        elif ended.status == 0 and ended.output != right[1]:
            tally.problems.append(f"{what}: hla-match {ended.arguments[0]} gives another answer")
        else:
            tally.did("refused" if ended.status else "right all the same")


def _check_verify(scene: Scene, tally: Tally, place: Path, what: str) -> None:
    if " the same" in what:
        return
    ended = scene.children.run(scene.lines.verify, place)
    tally.expect(ended.is_refusal, f"{what}: verify: {ended}")


def _files(place: Path, pattern: str) -> list[Path]:
    return sorted(path for path in place.glob(pattern) if path.is_file())


def damaged(place: Path, files: list[Path], rng: random.Random) -> str:
    """Damage one of some files, and return what was done to which, in words."""
    path = rng.choice(files)
    kind = rng.choice(_KINDS)
    data = path.read_bytes()
    name = path.relative_to(place).as_posix()
    if kind == "swapped with another" and len(files) > 1:
        other = rng.choice([one for one in files if one != path])
        path.write_bytes(other.read_bytes())
        other.write_bytes(data)
        same = " the same" if path.read_bytes() == data else ""
        return f"{name}: swapped with {other.name}{same}"
    if kind in ("deleted", "a folder in its place", "swapped with another"):
        path.unlink()
        if kind == "a folder in its place":
            path.mkdir()
        return f"{name}: {'deleted' if kind == 'swapped with another' else kind}"
    changed, where = _changed(data, kind, rng)
    path.write_bytes(changed)
    return f"{name}: {kind} {where}{' the same' if changed == data else ''}"


def _changed(data: bytes, kind: str, rng: random.Random) -> tuple[bytes, str]:
    at = rng.randrange(len(data)) if data else 0
    if kind == "flipped bit" and data:
        # Headers are short and decide much: half of the bits are of the first hundred bytes.
        at = rng.randrange(min(len(data), 100)) if rng.random() < 0.3 else at
        return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :], f"in byte {at}"
    if kind == "zeroed page":
        start = at // _PAGE * _PAGE
        stop = min(start + _PAGE, len(data))
        return data[:start] + bytes(stop - start) + data[stop:], f"from byte {start}"
    if kind == "cut":
        return data[:at], f"to {at} of {len(data)} bytes"
    if kind == "doubled piece":
        stop = at + 1 + rng.randrange(min(len(data), _PAGE) or 1)
        return data[:stop] + data[at:stop] + data[stop:], f"from byte {at}"
    if kind == "emptied":
        return b"", ""
    extra = rng.choice([b"\0", b"\n", rng.randbytes(rng.randrange(1, 100)), bytes(_PAGE)])
    return data + extra, f"by {len(extra)} bytes"


DAMAGE = Attack(
    "damage",
    "No damaged file gives a traceback, a crash or another list, and verify finds every changed byte of a registry.",
    _damage,
    long=2000,
    quick=12,
)
