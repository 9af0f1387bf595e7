"""Whether the arrays of a snapshot, each of them as declared, fit each other, before anything follows their numbers.

Checksums find that bytes were changed. These checks find numbers that no import writes, even under right checksums:
so nothing that is opened makes a kernel read beyond its arrays, and no donor is lost between two of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hla_match.donors.typing_index import COVERED_LOCI, CYCLE, cycle_of
from hla_match.kernels.schema.array import declarations
from hla_match.kernels.schema.donors import TypingOrder
from hla_match.nomenclature.multiple_allele_codes import MacTable
from hla_match.nomenclature.tables import NomenclatureTables
from hla_match.typings.typing_book import LocusColumn
from registry_io.disk.array_bounds import (
    check_below,
    check_offsets,
    check_permutation,
    refuse_unless,
    refuse_where,
)
from registry_io.store.snapshot_arrays import check_bounds
from registry_io.store.snapshot_manifest import NOMENCLATURE
from registry_io.store.typing_soundness import check_typings

_SLICE = 1 << 16
"""Donors that are looked up at once: what they need stays in the cache."""


def check_snapshot(
    snapshot: Path,
    *,
    donors: Mapping[str, NDArray[Any]],
    columns: Mapping[str, LocusColumn],
    typing_index: Sequence[TypingOrder],
    nomenclature: NomenclatureTables,
    codes: MacTable | None,
) -> None:
    """Refuse a snapshot whose arrays do not fit each other; `check_attributes` does the same for attributes.

    Args:
        snapshot: its folder.
        donors: the arrays of the donors by name, as `DonorArrays` declares them.
        columns: the typings of each locus, in the order of the rows of ``donor_typing``.
        typing_index: the donors by typing.
        nomenclature: of the snapshot.
        codes: its multiple allele codes.

    Raises:
        RegistryError: a number leads out of what it points into, or two files disagree.
    """
    known = nomenclature.loci.keys()
    refuse_unless(columns.keys() <= known, snapshot / NOMENCLATURE, "not all loci", f"alleles of {', '.join(columns)}")
    for locus, column in columns.items():
        check_typings(column, locus, nomenclature, snapshot)
    if codes is not None:
        _check_codes(codes, snapshot)
    check_permutation(donors["id_rank"], snapshot / "donor_order.npy")
    for code, column in zip(donors["donor_typing"], columns.values(), strict=True):
        check_below(code, column.expanded_typing.size, snapshot / "donor_typing.npy")
    if typing_index:
        expanded_typing = dict(_expanded_typings(donors["donor_typing"], columns))
        n_expanded_typings = {locus: column.table.n_typings for locus, column in columns.items()}
        for position, order in enumerate(typing_index):
            _check_order(order, position, expanded_typing, n_expanded_typings, snapshot)


def _check_codes(codes: MacTable, snapshot: Path) -> None:
    path = snapshot / "code_name.npy"
    refuse_where(codes.name[1:] <= codes.name[:-1], path, "codes that ascend")
    check_offsets(codes.offset, codes.text.size, snapshot / "code_offset.npy")
    path = snapshot / "code_text.npy"
    try:
        codes.text.tobytes().decode()
    except UnicodeDecodeError:
        refuse_unless(False, path, "bytes that are no text", "UTF-8")
    # A byte that goes on with a character is none that an expansion begins with.
    begins = codes.text[codes.offset[:-1][codes.offset[:-1] < codes.text.size]]
    refuse_where((begins & 0xC0) == 0x80, snapshot / "code_offset.npy", "offsets between characters")


def _expanded_typings(
    donor_typing: NDArray[np.unsignedinteger[Any]], columns: Mapping[str, LocusColumn]
) -> Iterator[tuple[str, NDArray[np.unsignedinteger[Any]]]]:
    """Yield the (donors,) expanded typings of donors at the loci of the orders."""
    for code, (locus, column) in zip(donor_typing, columns.items(), strict=True):
        if locus in (*CYCLE, *COVERED_LOCI):
            narrow = np.uint16 if column.table.n_typings <= np.iinfo(np.uint16).max else np.uint32
            yield locus, column.expanded_typing.astype(narrow).take(code)


def _check_order(
    order: TypingOrder,
    position: int,
    expanded_typing: Mapping[str, NDArray[np.unsignedinteger[Any]]],
    n_expanded_typings: Mapping[str, int],
    snapshot: Path,
) -> None:
    """Refuse an order that leads out of its arrays, or says otherwise of a donor than `donor_typing` does."""
    paths = {name: snapshot / f"order_{position}_{name}.npy" for name in TypingOrder._fields}
    first, second, third = cycle_of(position)
    refuse_unless(
        order.first_run.size == n_expanded_typings[first] + 1,
        paths["first_run"],
        "another size",
        f"the meanings at {first}",
    )
    check_bounds(declarations(TypingOrder), order._asdict(), paths)
    check_below(order.run_second, n_expanded_typings[second], paths["run_second"])
    check_permutation(order.donor, paths["donor"])
    of_typing = np.diff(order.run_donor[order.first_run])
    of_run = np.diff(order.run_donor)
    said = {
        first: np.repeat(np.arange(n_expanded_typings[first], dtype=expanded_typing[first].dtype), of_typing),
        second: np.repeat(order.run_second, of_run),
        **dict(zip((third, *COVERED_LOCI), order.typing, strict=True)),
    }
    for locus, typing in said.items():
        path = paths["typing" if locus in (third, *COVERED_LOCI) else "run_donor"]
        _check_said(typing, order.donor, expanded_typing.get(locus), path, locus)


def _check_said(
    typing: NDArray[np.unsignedinteger[Any]],
    donor: NDArray[np.uint32],
    expanded_typing: NDArray[np.unsignedinteger[Any]] | None,
    path: Path,
    locus: str,
) -> None:
    """Refuse typings of donors in an order that are not theirs; 0 where the registry does not have the locus."""
    for start in range(0, donor.size, _SLICE):
        part = slice(start, start + _SLICE)
        theirs = np.zeros(1, typing.dtype) if expanded_typing is None else expanded_typing.take(donor[part])
        refuse_where(typing[part] != theirs, path, f"the typings of the same donors at {locus} in donor_typing.npy")
