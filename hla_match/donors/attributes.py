"""The vocabulary of person attributes: every attribute of donors and patients, one entry each.

An entry is a field of a group. Its annotation says what the values are in Python, and its `Attribute` the rest: the
names of its columns and the words of its cells in English and Chinese, whether it is kept as numbers, and where it is
shown. From the entries come the reading of files, the fields of `Patient`, the arrays of a registry and their files,
the options of the command and the columns of match lists. A new attribute is one entry and its test::

    smoker: Annotated[
        Literal["Y", "N"] | None,
        Attribute(type=Category(words={"是": "Y", "否": "N"}), columns="smoker 吸烟", in_lists=True),
    ] = None

The order of groups and fields is that of the columns of frames. Where an attribute is coded, a registry has a file of
its codes, so that the version of the format rises with it.
"""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Annotated, Literal

from hla_match.donors.attribute_types import (
    Attribute,
    Category,
    Date,
    Default,
    Number,
    PersonKind,
    Text,
    attribute_group,
    declared,
)
from hla_match.donors.special_attributes import AntibodyAttributes, CordBloodAttributes

DONOR_AGES = (16, 70)
"""Completed years between which registries keep donors; an age beyond them may be a slip of a birth date."""

OLDEST = 120
"""Completed years beyond which a birth date is not believed."""

_SIGNS = {
    **dict.fromkeys(("P", "+", "POS", "POSITIVE"), "P"),
    **dict.fromkeys(("N", "-", "NEG", "NEGATIVE"), "N"),
}
_RESULTS = {"阳性": "P", "阳": "P", "(+)": "P", "阴性": "N", "阴": "N", "(-)": "N"}

RESULT_WORDS: Mapping[str, str] = {**_SIGNS, **_RESULTS}
"""What a test's result may be called, in upper case, and what it means: P positive, N negative."""


def _of_test(*prefixes: str) -> dict[str, str]:
    """Return words for a test's result, which may have the name of the test before them."""
    return {**_RESULTS, **{f"{prefix}{word}": value for prefix in prefixes for word, value in RESULT_WORDS.items()}}


@attribute_group
class PersonalAttributes:
    """What is known of the person of a donor or a patient."""

    sex: Annotated[
        Literal["F", "M"] | None,
        Attribute(
            type=Category(
                spellings={"M": "M", "F": "F", "MALE": "M", "FEMALE": "F"},
                words={"男": "M", "男性": "M", "女": "F", "女性": "F"},
                is_coded=True,
            ),
            columns="sex gender donorsex patientsex 性别",
            asked_columns="geschlecht",
            in_lists=True,
            heading="sex",
        ),
    ] = None
    birth_date: Annotated[
        datetime.date | None,
        Attribute(
            type=Date(is_birth=True, is_coded=True),
            columns="birthdate dateofbirth dob 出生日期 出生年月日",
            asked_columns="birthday birth born bdate 生日 出生年月 出生",
        ),
    ] = None
    abo: Annotated[
        Literal["A", "B", "AB", "O"] | None,
        Attribute(
            type=Category(words={f"{group}型": group for group in ("A", "B", "AB", "O")}, is_coded=True),
            columns="abo bloodgroup bloodtype abogroup abotype bloodgroupabo abobloodgroup 血型 abo血型 血型abo",
            asked_columns="aborh blood 血型结果",
            in_lists=True,
            heading="ABO",
            option="The patient's blood group.",
        ),
    ] = None
    rhesus: Annotated[
        Literal["P", "N"] | None,
        Attribute(
            type=Category(spellings=_SIGNS, words=_of_test("RH", "RHD", "RH(D)")),
            columns="rhesus rh rhd rhfactor rhesusfactor rhtype rh血型 rh因子 rhd血型 血型rh",
            in_lists=True,
        ),
    ] = None
    cmv: Annotated[
        Literal["P", "N"] | None,
        Attribute(
            type=Category(spellings=_SIGNS, words=_of_test("IGG"), is_coded=True),
            columns="cmv cmvstatus cmvigg cmvserology cmvserostatus cmvantibody"
            " 巨细胞病毒 cmv抗体 巨细胞病毒抗体 巨细胞病毒igg",
            asked_columns="cytomegalovirus cmv状态 cmv结果",
            in_lists=True,
            heading="CMV",
            option="The patient's CMV status.",
        ),
    ] = None
    weight_kg: Annotated[
        float | None,
        Attribute(
            type=Number(
                unit="kilograms",
                unit_words="kg kgs 公斤 千克",
                above=0,
                most=500,
                example="65 or 65.5",
                noted_as="weights written like 65kg, 65公斤 or 65千克",
            ),
            option="The patient's weight in kilograms, for doses of cord blood.",
            columns="weightkg weightinkg bodyweightkg 体重 体重kg 体重公斤 体重千克",
            asked_columns="weight bodyweight kg mass",
            in_lists=True,
        ),
    ] = None


@attribute_group
class RegistrationAttributes:
    """What a registry knows of its donors; the values of `status` are WMDA's.

    AV is available, TU temporarily unavailable, RS reserved, OP reserved for another patient, DE deleted.
    """

    status: Annotated[
        Literal["AV", "TU", "RS", "OP", "DE"] | None,
        Attribute(
            type=Category(
                words={
                    "可用": "AV",
                    **dict.fromkeys(("暂缓", "暂不可用", "暂时不可用"), "TU"),
                    **dict.fromkeys(("已预定", "已预订"), "RS"),
                    **dict.fromkeys(("删除", "已删除", "退出", "已退出", "退库", "已退库"), "DE"),
                },
                default=Default("AV", "available"),
                is_coded=True,
            ),
            columns="status donorstatus statuscode 状态 供者状态 志愿者状态",
            asked_columns="availability available",
            in_lists=True,
        ),
    ] = None
    registered_on: Annotated[
        datetime.date | None,
        Attribute(
            type=Date(),
            columns="registeredon registrationdate dateregistered registereddate dateofregistration"
            " 登记日期 注册日期 入库日期",
            asked_columns="registered registerdate 登记时间 登记 注册时间 入库时间",
        ),
    ] = None
    last_contact_on: Annotated[
        datetime.date | None,
        Attribute(
            type=Date(),
            columns="lastcontacton lastcontactdate lastcontact dateoflastcontact"
            " 最后联系日期 最近联系日期 末次联系日期",
            asked_columns="contactdate 联系日期",
            in_lists=True,
        ),
    ] = None
    reserved_until: Annotated[
        datetime.date | None,
        Attribute(
            type=Date(is_ahead=True),
            columns="reserveduntil reservationend reservationenddate endofreservation"
            " 预定截止日期 预订截止日期 保留截止日期",
            asked_columns="reservation reserved reservationdate 预定日期 预订日期",
            in_lists=True,
        ),
    ] = None
    donated_on: Annotated[
        datetime.date | None,
        Attribute(
            type=Date(),
            columns="donatedon donationdate dateofdonation 捐献日期 捐赠日期 造血干细胞捐献日期",
            asked_columns="donated donation collection collectiondate dateofcollection 捐献 捐献时间 采集日期 采集时间",
        ),
    ] = None
    city: Annotated[
        str | None,
        Attribute(type=Text(), columns="city 城市 所在城市 居住城市", asked_columns="地区 所在地", in_lists=True),
    ] = None
    grid: Annotated[str | None, Attribute(type=Text(), columns="grid grid号 grid编号")] = None


@attribute_group
class DescentAttributes:
    """The population that a donor or a patient descends from, whose haplotype frequencies hold for the person."""

    population: Annotated[
        str | None,
        Attribute(
            type=Text(),
            columns="population 人群 群体",
            asked_columns="ethnicity ethnicgroup populationgroup pop 民族 种族",
        ),
    ] = None


ATTRIBUTES: Mapping[str, Attribute] = declared(
    (
        (PersonalAttributes, ("donor", "patient")),
        (RegistrationAttributes, ("donor",)),
        (DescentAttributes, ("donor", "patient")),
        (CordBloodAttributes, ("donor",)),
        (AntibodyAttributes, ("patient",)),
    )
)
"""Every attribute by name, in the order of the columns of frames."""


def coded_types() -> dict[str, Category | Date]:
    """Return the types of the attributes of which a registry keeps the codes.

    >>> list(coded_types())
    ['sex', 'birth_date', 'abo', 'cmv', 'status']
    """
    return {
        name: attribute.type
        for name, attribute in ATTRIBUTES.items()
        if isinstance(attribute.type, Category | Date) and attribute.type.is_coded
    }


def of_persons(kind: PersonKind) -> tuple[str, ...]:
    """Return the names of the attributes that donors have, or patients.

    >>> of_persons("patient")
    ('sex', 'birth_date', 'abo', 'rhesus', 'cmv', 'weight_kg', 'population', 'antibodies')
    """
    return tuple(name for name, attribute in ATTRIBUTES.items() if kind in attribute.persons)


def values_of(name: str) -> tuple[str, ...]:
    """Return the values of a category in the order of their codes.

    >>> values_of("abo")
    ('A', 'B', 'AB', 'O')
    """
    return ATTRIBUTES[name].category.values


@cache
def defaults() -> Mapping[str, Default]:
    """Return what an empty cell counts as, of the attributes of which it counts as something.

    >>> defaults()["status"].word
    'available'
    """
    return MappingProxyType(
        {
            name: attribute.type.default
            for name, attribute in ATTRIBUTES.items()
            if isinstance(attribute.type, Category) and attribute.type.default is not None
        }
    )
