"""A manifest is read as what it must be; every other one is refused, whatever its hash."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hla_match.errors import RegistryError
from registry_io.store.snapshot_manifest import parse_manifest

PLACE = Path("registry/snapshot-0123456789abcdef/manifest.json")
SOUND: dict[str, Any] = {
    "format": "hla-match registry",
    "format_version": 3,
    "name": "r",
    "loci": ["A", "B", "DRB1"],
    "n_donors": 3,
    "attributes": [["donor_id", "String"], ["sex", "String"], ["birth_date", "Date"]],
    "nomenclature": "IPD-IMGT/HLA 3.58.0",
    "provenance": {"source": "donors.csv", "source_rows": 3, "imported_on": "2026-01-31"},
    "notes": {"a note": 1},
    "files": {"status.npy": "0" * 64},
    "xxh3": {"status.npy": "0" * 32},
    "bytes": {"status.npy": 131},
}

DAMAGES: dict[str, dict[str, Any]] = {
    "another format": {"format": "hla-match imputation"},
    "a number for a name": {"name": 7},
    "an unknown locus": {"loci": ["A", "X"]},
    "a locus twice": {"loci": ["A", "A"]},
    "loci in another order": {"loci": ["B", "A"]},
    "loci that are no list": {"loci": "A"},
    "a negative number of donors": {"n_donors": -1},
    "half a donor": {"n_donors": 0.5},
    "donors as text": {"n_donors": "3"},
    "donors as truth": {"n_donors": True},
    "no identifiers": {"attributes": [["sex", "String"]]},
    "identifiers that are numbers": {"attributes": [["donor_id", "Int64"]]},
    "an attribute of an unknown type": {"attributes": [["donor_id", "String"], ["x", "Categorical"]]},
    "an attribute twice": {"attributes": [["donor_id", "String"], ["donor_id", "String"]]},
    "attributes in one file": {"attributes": [["donor_id", "String"], ["x", "String"], ["x-valid", "UInt8"]]},
    "an attribute elsewhere": {"attributes": [["donor_id", "String"], ["a/../../b", "String"]]},
    "an attribute without a name": {"attributes": [["donor_id", "String"], ["", "String"]]},
    "attributes without types": {"attributes": ["donor_id"]},
    "a list for provenance": {"provenance": []},
    "provenance in provenance": {"provenance": {"imported_on": "2026-01-31", "a": {}}},
    "no date of the import": {"provenance": {}},
    "another date of the import": {"provenance": {"imported_on": "31.1.2026"}},
    "a note of nobody": {"notes": {"a note": -1}},
    "a note of a text": {"notes": {"a note": "1"}},
    "a file elsewhere": {"files": {"../status.npy": "0" * 64}},
    "a file by its whole path": {"files": {"/status.npy": "0" * 64}},
    "a checksum that is none": {"files": {"status.npy": "0" * 63 + "g"}},
    "a checksum with a line feed": {"files": {"status.npy": "0" * 64 + "\n"}},
    "a fast checksum that is none": {"xxh3": {"status.npy": "0" * 64}},
    "fast checksums of other files": {"xxh3": {"sex.npy": "0" * 32}},
    "negative bytes": {"bytes": {"status.npy": -1}},
    "bytes of other files": {"bytes": {}, "xxh3": {"a": "0" * 32}},
    "a whole one that stands on another": {"onto": "snapshot-0123456789abcdef"},
    "changes of nothing": {"format_version": 4},
    "changes of what is no snapshot": {"format_version": 4, "onto": "snapshot-0123456789abcdef.2"},
    "another key": {"more": 1},
}


def test_a_sound_one_is_read() -> None:
    found = parse_manifest(json.dumps(SOUND).encode(), PLACE)
    assert (found.loci, found.n_donors, found.provenance) == (("A", "B", "DRB1"), 3, SOUND["provenance"])
    assert found.attributes[2] == ("birth_date", "Date")


@pytest.mark.parametrize("change", DAMAGES.values(), ids=DAMAGES)
def test_another_one_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(RegistryError, match=r"manifest\.json: found a damaged manifest, expected .*import the donors"):
        parse_manifest(json.dumps(SOUND | change).encode(), PLACE)


@pytest.mark.parametrize("key", SOUND)
def test_every_key_is_needed(key: str) -> None:
    text = json.dumps({name: value for name, value in SOUND.items() if name != key}).encode()
    if key in ("xxh3", "bytes"):
        assert parse_manifest(text, PLACE).n_donors == 3
    else:
        with pytest.raises(RegistryError, match=rf"{key}|import the donors again with this version"):
            parse_manifest(text, PLACE)


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b"null", b"\xff", b'{"format_version": 3}', b"[" * 100_000])
def test_what_is_no_manifest_is_refused(text: bytes) -> None:
    with pytest.raises(RegistryError, match=r"manifest\.json"):
        parse_manifest(text, PLACE)


@pytest.mark.parametrize("version", [1, 2, 5, "3", None, [3], True])
def test_another_version_is_told(version: object) -> None:
    text = json.dumps({"format_version": version}).encode()
    with pytest.raises(
        RegistryError, match=r"format version .*expected 3 or 4; import the donors again with this version"
    ):
        parse_manifest(text, PLACE)
