"""The arrays of the donors of a registry: their typings, and the orders by typing that a search reads."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from hla_match.kernels.schema.array import Array, Uint16, Uint32


class DonorArrays(NamedTuple):
    """The donors of a registry, row by row; their attributes are declared by `hla_match.donors.attributes`."""

    donor_typing: Annotated[
        Uint16 | Uint32, Array("loci, donors", "the reported typing, a row of `typing-L.arrow`", missing=0)
    ]
    id_rank: Annotated[
        Uint32,
        Array("donors", "rank of the donor's identifier among all identifiers, from 0", file="donor_order"),
    ]


class TypingOrder(NamedTuple):
    """The donors by their typings at two loci; those equal at both are a run."""

    first_run: Annotated[Uint32, Array("typings + 1", "the first run of each typing at the first locus", into="runs")]
    run_second: Annotated[Uint16 | Uint32, Array("runs", "typing of the run at the second locus")]
    run_donor: Annotated[Uint32, Array("runs + 1", "offsets of the runs into `donor`", into="donors")]
    donor: Annotated[Uint32, Array("donors", "rows of the donors in this order")]
    typing: Annotated[
        Uint16 | Uint32,
        Array(
            "3, donors",
            "their typings at the third locus, at C and at DQB1, in this order; 0 at a locus that the registry lacks",
        ),
    ]
