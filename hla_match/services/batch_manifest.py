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
    nomenclature = registry.nomenclature.tables
    manifest = {
        "format": "hla-match batch",
        "program": {"name": "hla-match", "version": version("hla-match")},
        "registry": {"name": registry.name, "snapshot": registry.snapshot, "provenance": registry.provenance.entries()},
        "patients": {"file": name, "sha256": file.checksum},
        "settings": registry.settings.to_dict(),
        "nomenclature": {
            "title": nomenclature.title,
            "checksum": nomenclature.checksum,
            "limits": list(nomenclature.limits),
        },
        "policy": str(policy),
        "policy_data": policy.to_dict(),
        "frequencies": None if frequencies is None else frequencies.manifest,
        "criteria": criteria_entries(criteria),
        "ambiguous_nulls": {
            "patients": criteria.ambiguous_nulls or registry.ambiguous_nulls,
            "donors": registry.ambiguous_nulls,
        },
        "raw_text": raw_text,
        "notice": NOTICE,
    }
    return _as_text(manifest)


def with_files(manifest: str, **files: tuple[int, str]) -> str:
    """Return the manifest with the rows and the SHA-256 of the files beside it, which tell if they belong to it."""
    found = {name: {"rows": rows, "sha256": sha256} for name, (rows, sha256) in files.items()}
    return _as_text({**json.loads(manifest), "files": found})


def _as_text(manifest: dict[str, Any]) -> str:
    return json.dumps(manifest, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def criteria_entries(criteria: SearchCriteria) -> dict[str, Any]:
    """Return criteria as JSON holds them; lists of donors as their number and checksum."""
    found = criteria.model_dump(mode="json", exclude={"only_donors", "without_donors"})
    for name, donors in (("only_donors", criteria.only_donors), ("without_donors", criteria.without_donors or None)):
        text = "\n".join(sorted(donors or ()))
        checksum = hashlib.sha256(text.encode()).hexdigest()
        found[name] = None if donors is None else {"number": len(donors), "sha256": checksum}
    return found
