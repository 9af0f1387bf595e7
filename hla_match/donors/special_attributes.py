"""Attributes that few persons have: those of units of cord blood, and the antibodies of a patient."""

from __future__ import annotations

from typing import Annotated, Literal

from hla_match.donors.attribute_types import Attribute, Category, Number, Text, attribute_group


@attribute_group
class CordBloodAttributes:
    """Whether a donor is a unit of cord blood, and what the unit holds.

    Cells are counted in the units that banks report: total nucleated cells in 10^7, CD34 positive cells in 10^6.
    """

    donor_type: Annotated[
        Literal["DONOR", "CORD"] | None,
        Attribute(
            type=Category(
                spellings={"DONOR": "DONOR", "CORD": "CORD", "D": "DONOR", "C": "CORD", "CBU": "CORD"},
                words={
                    **dict.fromkeys(("ADULT", "ADULTDONOR", "成人", "成人供者", "志愿者"), "DONOR"),
                    **dict.fromkeys(("CB", "CORDBLOOD", "CORDBLOODUNIT", "脐血", "脐带血"), "CORD"),
                },
            ),
            columns="donortype 供者类型",
            asked_columns="stemcellsource cbu 干细胞来源",
            in_lists=True,
        ),
    ] = None
    tnc_e7: Annotated[
        float | None,
        Attribute(
            type=Number(
                unit="10^7 nucleated cells",
                unit_words="e7 x10^7",
                above=0,
                most=5_000,
                example="120.5",
                noted_as="numbers written like 120e7",
            ),
            columns="tnce7 tnc107 tncx107 有核细胞数107 有核细胞数e7",
            asked_columns="tnc nucleatedcells 有核细胞数 有核细胞总数 总有核细胞数",
            in_lists=True,
        ),
    ] = None
    cd34_e6: Annotated[
        float | None,
        Attribute(
            type=Number(
                unit="10^6 CD34 positive cells",
                unit_words="e6 x10^6",
                above=0,
                most=10_000,
                example="4.2",
                noted_as="numbers written like 4.2e6",
            ),
            columns="cd34e6 cd34106 cd34x106 cd34细胞数106 cd34细胞数e6",
            asked_columns="cd34 cd34cells cd34细胞数",
            in_lists=True,
        ),
    ] = None
    volume_ml: Annotated[
        float | None,
        Attribute(
            type=Number(
                unit="millilitres",
                unit_words="ml 毫升",
                above=0,
                most=1_000,
                example="24 or 24.5",
                noted_as="volumes written like 24ml or 24毫升",
            ),
            columns="volumeml 体积ml 体积毫升",
            asked_columns="volume 体积",
            in_lists=True,
        ),
    ] = None
    bank: Annotated[
        str | None,
        Attribute(
            type=Text(), columns="bank cordbank cordbloodbank 脐血库 脐带血库", asked_columns="库", in_lists=True
        ),
    ] = None


@attribute_group
class AntibodyAttributes:
    """What a patient's serum binds: a list such as ``B*27:05=4500; DR7=2000`` of alleles or antigens with their MFI."""

    antibodies: Annotated[
        str | None,
        Attribute(
            type=Text(),
            columns="antibodies hlaantibodies antihla hla抗体",
            asked_columns="antibody dsa pra 抗体",
            option="The patient's antibodies, as B*27:05=4500;DR7=2000.",
        ),
    ] = None
