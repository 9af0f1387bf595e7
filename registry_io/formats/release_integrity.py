"""Whether the files of a release are those that were published: its versions, and its own lists of checksums.

Publishers err in known ways, all of them seen in releases 3.33 to 3.58 of IPD-IMGT/HLA: a list of MD5 sums was taken
before line ends were changed, or before a file was corrected; a patch release raises the version of the files that it
touched, or of none but ``release_version.txt``; a table lacks the comments that name its version.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import NamedTuple

from hla_match.errors import ErrorCode, NomenclatureError
from registry_io.formats.release_files import WITNESSES, ReleaseFiles, line_feeds

# As md5 prints them on BSD, "MD5 (name) = digest", which is the release's way, and as md5sum does, "digest  name".
_MD5_BSD = re.compile(r"MD5 \(([^)]+)\) = ([0-9a-f]{32})")
_MD5_GNU = re.compile(r"^([0-9a-f]{32})\s+\*?(\S+)", re.MULTILINE)
_VERSION = re.compile(r"^# version:\s*(?:IPD-)?IMGT/HLA\s+([0-9]{1,9}(?:\.[0-9]{1,9}){1,9})(?![0-9.])", re.MULTILINE)
_PATCH_FROM = 2  # numbers of a version: 3.42 is one release, with its patches


class Integrity(NamedTuple):
    """What the release says of its own files.

    Attributes:
        release: the version of its tables, such as "3.58.0"; of tables that were patched the one before.
        unverified: the files that no list of checksums names.
        mismatched: the files that differ from their checksums.
        verified: the files that fit theirs.
        cautions: what to know of the others, in words.
    """

    release: str
    unverified: tuple[str, ...]
    mismatched: tuple[str, ...]
    verified: frozenset[str]
    cautions: tuple[str, ...]


def check_integrity(files: ReleaseFiles, *, accept_checksum_mismatch: bool) -> Integrity:
    """Compare versions and checksums of the files.

    A file of a patched release may differ from its checksum, as the list may be older than the patch.

    Raises:
        NomenclatureError: the files are of several releases or name none, or one differs from its checksum and neither
            a patch explains it nor does `accept_checksum_mismatch` allow it.
    """
    versions = _versions(files)
    release, patch = min(versions.values(), key=_numbers), max(versions.values(), key=_numbers)
    cautions = []
    if patch != release:
        patched = ", ".join(name for name, version in versions.items() if version != release)
        cautions.append(f"tables of {release} with patch {patch}, which {patched} names")
    verified, differing, other_line_ends = set(), {}, []
    listed = _listed(files)
    for name, digests in listed.items():
        if _md5(files.published(name)) in digests:
            verified.add(name)
        elif not digests.isdisjoint(map(_md5, _with_other_line_ends(files.data(name)))):
            verified.add(name)
            other_line_ends.append(name)
        else:
            differing[name] = digests
    if other_line_ends:
        cautions.append(f"{', '.join(other_line_ends)}: as in the list of checksums but for the line ends")
    if differing and patch == release and not accept_checksum_mismatch:
        raise _mismatch(files, differing, is_list_of_another=len(differing) == len(listed) > 1)
    unverified = tuple(name for name in files.member if name not in {**listed, **WITNESSES})
    return Integrity(release, unverified, tuple(differing), frozenset(verified), tuple(cautions))


def _versions(files: ReleaseFiles) -> dict[str, str]:
    """Return the version that each file of tables names; patches of one release are one release."""
    found: dict[str, str] = {}
    for name in files.member:
        match = _VERSION.search(line_feeds(files.published(name)[:4000]).decode("utf-8", "replace"))
        if match is not None:
            found[name] = match[1]
    if not found:
        raise files.error(
            "hla_nom.txt",
            found="no line that names the release, nor in any other file",
            expected="'# version: IPD-IMGT/HLA ...' at the top",
            hint="fetch the release again; where it was published without comments, put release_version.txt beside it",
            code=ErrorCode.NOMENCLATURE_RELEASE,
        )
    if len({_numbers(version)[:_PATCH_FROM] for version in found.values()}) > 1:
        text = ", ".join(f"{name} {version}" for name, version in found.items())
        raise files.error(
            None,
            found=f"files of several releases: {text}",
            expected="one release",
            hint="fetch the release again",
            code=ErrorCode.NOMENCLATURE_RELEASE,
        )
    return {name: version for name, version in found.items() if name not in WITNESSES} or found


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _listed(files: ReleaseFiles) -> dict[str, set[str]]:
    """Return the MD5 sums that the lists of the release give for each file."""
    name_at = {place: name for name, place in files.member.items() if name not in WITNESSES}
    found: dict[str, set[str]] = {}
    for place, text in files.fingerprints():
        folder = place.rpartition("/")[0]
        beside = f"{folder}/" if folder else ""
        pairs = [*_MD5_BSD.findall(text), *((name, digest) for digest, name in _MD5_GNU.findall(text))]
        for written, digest in pairs:
            # Some lists name the files from the root of the release, though they lie in a folder of it.
            name = name_at.get(beside + written) or ("/" in written and name_at.get(files.root + written))
            if name:
                found.setdefault(name, set()).add(digest)
    return found


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def _with_other_line_ends(unix: bytes) -> Iterator[bytes]:
    """Yield a text with each kind of line ends, with and without one at its end."""
    body = unix.rstrip(b"\n")
    for text in (body, body + b"\n"):
        yield text
        yield text.replace(b"\n", b"\r\n")


def _mismatch(files: ReleaseFiles, differing: dict[str, set[str]], *, is_list_of_another: bool) -> NomenclatureError:
    name, *others = differing
    more = f"{', '.join(others)} differ{'s' * (len(others) == 1)} too; " if others else ""
    if is_list_of_another:
        more = "no file fits the list, which may be of another release; "
    return files.error(
        name,
        found=f"MD5 {_md5(files.published(name))}",
        expected=f"MD5 {' or '.join(sorted(differing[name]))}, by the release's own list",
        hint=f"{more}fetch the release again; if it was published so, accept the mismatch",
        code=ErrorCode.NOMENCLATURE_CHECKSUM,
    )
