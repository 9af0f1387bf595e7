"""A matcher from the folder of a registry, with the frequencies that a search of it would have."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from hla_match.errors.arguments import check_count
from hla_match.matching.criteria import SearchCriteria
from hla_match.services.executors import n_processors
from hla_match.services.notices import Notices, OnNotice
from hla_match.services.searched_registry import SearchedRegistry, SearchRequest
from registry_io.store.frequency_store import FrequencyInput

if TYPE_CHECKING:
    from hla_match.searches.matcher import Matcher


def open_matcher(
    registry: str | Path,
    *,
    frequencies: FrequencyInput | None = None,
    global_frequencies: FrequencyInput | None = None,
    scope: str = "10/10",
    workers: int | None = None,
    verify: bool = False,
    at: int | datetime.date | None = None,
    on_notice: OnNotice | None = None,
) -> Matcher:
    r"""Open the registry of a folder for many searches, with the frequencies that `hla_match.search` would use.

    Args:
        registry: folder of the registry.
        frequencies: haplotype frequencies, as `registry_io.open_frequencies` takes them; without them the registry's
            own, which are estimated once where enough donors are typed; ``"none"`` to go without any.
        global_frequencies: those that are tried for persons whom the first do not explain.
        scope: the loci that searches will count; the registry's own frequencies are used where they have all of them.
        workers: threads that predict matches; by default one for each processor. The result does not depend on them.
        verify: whether every file of the registry is compared with its checksum.
        at: the registry as it was: number of a transaction of its record, or a day, up to the end of which, in UTC.
        on_notice: is called with each notice as soon as there is one.

    Raises:
        CriteriaError: an argument has a value that it cannot have.
        FileError: frequencies cannot be read.
        RegistryError: there is no registry in the folder, it is damaged, or it has no such transaction.

    >>> import tempfile, registry_io
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "donors.csv").write_text("donor_id,A_1,A_2\nD1,11:01,24:02\nD2,02:01,24:02\n")
    >>> _ = registry_io.import_donors(folder / "registry", folder / "donors.csv", "builtin")
    >>> matcher = open_matcher(folder / "registry", frequencies={"A*02:01": 0.3, "A*24:02": 0.2}, scope="A")
    >>> matcher.registry.n_donors, matcher.imputed is not None
    (2, True)
    """
    request = SearchRequest(
        criteria=SearchCriteria(scope=scope),
        frequencies=frequencies,
        global_frequencies=global_frequencies,
        verify=verify,
        at=at,
    ).checked()
    if workers is not None:
        check_count("workers", workers)
    searched = SearchedRegistry.open(registry, request, Notices(on_notice)).ready()
    searched.note_without()
    return searched.matcher(workers=workers or n_processors())
