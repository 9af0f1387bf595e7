"""The one patient of a command: a typing or a patient of a file, with the attributes that options give."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from hla_match.cli.search_options import attributes_of

if TYPE_CHECKING:
    from hla_match.matching.criteria import Patient
    from hla_match.services.searched_registry import SearchedRegistry


def asked_patient(
    searched: SearchedRegistry,
    *,
    hla: str | None,
    patients: Path | None,
    patient_id: str | None,
    of_patient: Mapping[str, str | float | None],
) -> Patient:
    """Return the patient whom the options name.

    Args:
        searched: the registry, whose nomenclature reads the typing, and what is asked of it.
        hla, patients, patient_id: as `hla_match.services.patient_choice.chosen_patient` takes them.
        of_patient: the options of `attribute_options`; what is not given stays as in the file.

    Raises:
        CriteriaError, TypingError, FileError: as `hla_match.services.patient_choice.chosen_patient`.
    """
    from hla_match.services.patient_choice import chosen_patient

    person = chosen_patient(
        searched.registry,
        hla=hla,
        patients=patients,
        patient_id=patient_id,
        criteria=searched.request.criteria,
        notices=searched.notices,
    )
    given = {name: value for name, value in attributes_of(of_patient).items() if value is not None}
    return person.model_copy(update=given)
