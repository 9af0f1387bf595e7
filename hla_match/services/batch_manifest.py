"""The manifest of a batch: everything that decides its result, so that equal manifests mean equal results.

It holds no time and no identifier of a person; lists of donors stand in it as their number and their checksum.
"""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import version
from typing import Any

from hla_match.choice.policies import RankingPolicy
from hla_match.donors.registry import Registry
from hla_match.language import DEFAULT, speaking
from hla_match.matching.criteria import SearchCriteria
from hla_match.reporting.match_summary import NOTICE
from hla_match.services.frequency_sets import FrequencySets
from registry_io.persons.patient_file import PatientFile


def batch_manifest(
    registry: Registry,
    patients: tuple[str, PatientFile],
    criteria: SearchCriteria,
    policy: RankingPolicy,
    frequencies: FrequencySets | None,
    *,
    raw_text: bool,
) -> str:
    """Return the manifest as JSON: the same inputs give the same text.

    `raw_text` says whether text stays that a spreadsheet would take for a formula.
    """
    name, file = patients
    manifest = {
        **search_manifest(registry, criteria, policy, frequencies),
        "format": "hla-match batch",
        "patients": {"file": name, "sha256": file.checksum},
        "raw_text": raw_text,
    }
    return as_text(manifest)


def search_manifest(
    registry: Registry, criteria: SearchCriteria, policy: RankingPolicy, frequencies: FrequencySets | None
) -> dict[str, Any]:
    """Return what decides the result of a search but the patient; it is the same in every language."""
    nomenclature = registry.nomenclature.tables
    with speaking(DEFAULT):
        order = str(policy)
    return {
        "program": {"name": "hla-match", "version": version("hla-match")},
        "registry": {"name": registry.name, "snapshot": registry.snapshot, "provenance": registry.provenance.entries()},
        "settings": registry.settings.to_dict(),
        "nomenclature": {
            "title": nomenclature.title,
            "checksum": nomenclature.checksum,
            "limits": list(nomenclature.limits),
        },
        "policy": order,
        "policy_data": policy.to_dict(),
        "frequencies": None if frequencies is None else frequencies.manifest,
        "criteria": criteria_entries(criteria),
        "ambiguous_nulls": {
            "patients": criteria.ambiguous_nulls or registry.ambiguous_nulls,
            "donors": registry.ambiguous_nulls,
        },
        "notice": NOTICE,
    }


def with_files(manifest: str, **files: tuple[int, str]) -> str:
    """Return the manifest with the rows and the SHA-256 of the files beside it, which tell if they belong to it."""
    found = {name: {"rows": rows, "sha256": sha256} for name, (rows, sha256) in files.items()}
    return as_text({**json.loads(manifest), "files": found})


def as_text(manifest: dict[str, Any]) -> str:
    """Return a manifest as JSON: the same entries give the same text."""
    return json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def criteria_entries(criteria: SearchCriteria) -> dict[str, Any]:
    """Return criteria as JSON holds them; lists of donors as their number and checksum."""
    found = criteria.model_dump(mode="json", exclude={"only_donors", "without_donors"})
    for name, donors in (("only_donors", criteria.only_donors), ("without_donors", criteria.without_donors or None)):
        text = "\n".join(sorted(donors or ()))
        checksum = hashlib.sha256(text.encode()).hexdigest()
        found[name] = None if donors is None else {"number": len(donors), "sha256": checksum}
    return found
