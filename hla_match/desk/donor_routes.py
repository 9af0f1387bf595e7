"""The page of one donor: attributes and typings, the place in a list and its reasons, and the history of the record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from hla_match.desk.answers import page, refusal, see, told_of
from hla_match.desk.donor_story import story
from hla_match.desk.forms import Fields, form_of
from hla_match.desk.list_routes import gone, listed_of
from hla_match.desk.state import Desk
from hla_match.errors import ErrorCode, HlaMatchError
from hla_match.language import translatable, translated
from registry_io.store.donor_records import donor_history

router = APIRouter()

ACTIONS: Mapping[str, str] = {
    "import": translatable("imported"),
    "add": translatable("added"),
    "update": translatable("changed"),
    "replace": translatable("replaced by a new file"),
    "withdraw": translatable("withdrawn"),
    "reinstate": translatable("reinstated"),
    "merge": translatable("merged"),
    "erase": translatable("erased"),
    "rollback": translatable("as it was before"),
    "rebase": translatable("read anew under another nomenclature"),
    "adopt": translatable("taken over"),
}
"""What became of a donor's record, in words; a test compares them with what the record knows."""


@router.get("/list/{key}/donor/{row}")
def in_list(request: Request, key: str, row: int) -> Response:
    """Explain a donor of the registry that a list was found in, by the row there."""
    listed = listed_of(request, key)
    if listed is None:
        return gone(request)
    desk: Desk = request.app.state.desk
    registry = listed.found.registry
    if not 0 <= row < registry.n_donors:
        return refusal(request, translated("The registry that was searched has no such donor."), status=404)
    told = listed.found.explain(str(registry.attributes["donor_id"][row]))
    shown = {"is_old": desk.is_old(listed), **story(told), **_history(request, told.donor_id)}
    return page(request, "donor", key=key, case=listed.case, **shown)


@router.post("/donor")
def look_up(request: Request, fields: Annotated[Fields, Depends(form_of)]) -> Response:
    """Go to the page of a donor by the identifier, which stands in no address."""
    desk: Desk = request.app.state.desk
    donor_id = fields.get("donor", "")
    history = _history(request, donor_id)
    if not donor_id or (history["history"] is None and not _is_known(desk, donor_id)):
        told = translated("The registry has no donor of this identifier.")
        return refusal(request, told, status=404)
    return see(request, f"/donor/{desk.donors.add(donor_id)}")


@router.get("/donor/{key}")
def donor(request: Request, key: str) -> Response:
    """Show what the registry knows of a donor, and its history."""
    desk: Desk = request.app.state.desk
    donor_id = desk.donors.get(key)
    if donor_id is None:
        return refusal(request, translated("This page is kept no longer; ask for the donor again."), status=404)
    known = _history(request, donor_id)
    if known["history"] is None and not _is_known(desk, donor_id):  # erased since, or in a registry before
        desk.donors.remove(key)
        return refusal(request, translated("The registry has no donor of this identifier."), status=404)
    versions = known["history"] or []
    last = next((one.version.person for one in versions if one.version.person is not None), None)
    is_donor = bool(versions) and versions[0].version.person is not None
    return page(request, "record", donor_id=donor_id, person=last, is_donor=is_donor, **known)


def _history(request: Request, donor_id: str) -> dict[str, Any]:
    """Return the versions of a donor's record, the newest first; None and the reason where there are none."""
    desk: Desk = request.app.state.desk
    try:
        versions = donor_history(desk.folder, donor_id)
    except HlaMatchError as error:
        is_unknown = error.code == ErrorCode.REGISTRY_UNKNOWN_DONOR
        told = translated("The registry keeps no record of this donor.") if is_unknown else told_of(error)
        return {"history": None, "why_none": told, "actions": ACTIONS}
    return {"history": versions[::-1], "why_none": "", "actions": ACTIONS}


def _is_known(desk: Desk, donor_id: str) -> bool:
    return desk.registries.registry.attributes["donor_id"].index_of(donor_id) is not None
