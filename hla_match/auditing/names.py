"""Names that a nomenclature does not use: renamed, deleted and unknown ones, in the typings as they were reported.

Sources: Marsh et al., Nomenclature for factors of the HLA system 2010 (Tissue Antigens 2010;75:291), "Renaming"; the
lists of deleted and renamed alleles of a release.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import polars as pl

from hla_match.auditing.findings import FindingKind, all_findings, findings, reported_texts
from hla_match.donors.registry import Registry
from hla_match.errors import Reason, TypingError
from hla_match.nomenclature.gl_string import genotypes, is_absent_gene
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.release import Nomenclature
from hla_match.nomenclature.typing_reader import NOT_IN_RELEASE, NOW_NAMED

KIND_OF_REASON = {
    Reason.DELETED_ALLELE: FindingKind.DELETED_NAME,
    **dict.fromkeys(
        (
            Reason.UNKNOWN_ALLELE,
            Reason.UNKNOWN_GROUP,
            Reason.UNKNOWN_CODE,
            Reason.IMPOSSIBLE_CODE,
            Reason.UNKNOWN_ANTIGEN,
        ),
        FindingKind.UNKNOWN_NAME,
    ),
    Reason.CONFLICTING_TYPINGS: FindingKind.CONFLICTING_REPORTS,
}
"""What a refusal of a typing is found to be; any other is a record that was left out."""


def name_findings(registry: Registry, nomenclature: Nomenclature | None = None) -> pl.DataFrame:
    """Return a finding for each donor and name that was renamed, deleted or is unknown.

    Args:
        registry: the donors.
        nomenclature: reads the names; by default the registry's own.
    """
    reader = nomenclature if nomenclature is not None else registry.nomenclature
    found = []
    for locus in registry.loci:
        hit = _doubted_typings(registry, locus, reader)
        for kind in hit["kind"].unique(maintain_order=True):
            of_kind = hit.filter(pl.col("kind") == kind)
            rows = of_kind["donor"].to_numpy()
            columns = {"reported": reported_texts(registry, locus, rows), "detail": of_kind["detail"]}
            found.append(findings(registry, FindingKind(kind), rows, locus=locus, **columns))
    return all_findings(found)


def _doubted_typings(registry: Registry, locus: str, nomenclature: Nomenclature) -> pl.DataFrame:
    """Return `donor`, `kind` and `detail` of each doubtful name of a donor, each once."""
    text = registry.columns[locus].text
    doubts = []
    # The cells of both columns are few: donors are typed alike.
    for cell in pl.concat([text["first"], text["second"]]).unique(maintain_order=True):
        sides = {side for pair in genotypes(cell, "") for side in pair}
        named = (doubt for side in sorted(sides) for doubt in doubtful_names(nomenclature, locus, side, registry.codes))
        doubts += [(cell, kind.value, detail) for kind, detail in dict.fromkeys(named)]
    table = pl.DataFrame(doubts, schema=dict.fromkeys(("cell", "kind", "detail"), pl.String), orient="row")
    typings = text.with_row_index("typing").unpivot(["first", "second"], index="typing", value_name="cell")
    doubted = typings.join(table, on="cell").select("typing", "kind", "detail").unique(maintain_order=True)
    donors = pl.DataFrame({"typing": registry.donor_typing[registry.loci.index(locus)].astype(np.uint32)})
    return donors.with_row_index("donor").join(doubted, on="typing", maintain_order="left_right")


def doubtful_names(
    nomenclature: Nomenclature, locus: str, text: str, codes: MacTable | None
) -> Iterator[tuple[FindingKind, str]]:
    """Yield what is wrong with the names of one side of a typing.

    >>> list(doubtful_names(Nomenclature.builtin(), "A", "02:9999", None))[0][0]
    <FindingKind.UNKNOWN_NAME: 'unknown_name'>
    """
    if is_absent_gene(locus, text):
        return
    try:
        notes = nomenclature.expand(locus, text, codes).notes
    except TypingError as error:
        yield KIND_OF_REASON.get(error.reason, FindingKind.LEFT_OUT), error.hint or f"expected {error.expected}"
        return
    for note in notes:
        if NOW_NAMED in note:
            yield FindingKind.RENAMED_NAME, note
        elif NOT_IN_RELEASE in note:
            yield FindingKind.UNKNOWN_NAME, note
