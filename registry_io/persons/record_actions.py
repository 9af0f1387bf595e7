"""What a row of a differential file asks for: a donor is added, updated or withdrawn.

A column `action` makes a donor file a differential one. A row without a word in it asks for nothing that is known, so
that it is left out and reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import polars as pl

from hla_match.errors import Reason
from hla_match.nomenclature.half_width import half_width
from registry_io.tables.quarantine import QuarantinedRecord

ACTION = "action"
"""The project's name of the column."""

ACTION_NAMES = frozenset({ACTION, "操作", "操作类型", "动作", "变更", "变更类型"})
"""Names of the column, as `registry_io.persons.column_names.bare` makes them."""

ACTION_WORDS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("add", "新增", "增加", "添加", "入库"), "add"),
        **dict.fromkeys(("update", "更新", "修改", "变更"), "update"),
        **dict.fromkeys(("withdraw", "退出", "退库", "撤销", "注销"), "withdraw"),
    }
)
"""What may stand in the column, in lower case, and what it means."""

ACTIONS = {"row": pl.UInt32, "person_id": pl.String, "action": pl.String}
"""The columns of a frame of actions."""


def read_actions(frame: pl.DataFrame, column: str) -> tuple[pl.DataFrame, list[QuarantinedRecord]]:
    """Return the actions of rows, as `ACTIONS`, and a record for each row without one that is known.

    Args:
        frame: `row`, `person_id` and, as text, `action`.
        column: what the file calls the column of actions.

    >>> rows = {"row": [2, 3], "person_id": ["D1", "D2"], "action": ["Withdraw", "?"]}
    >>> actions, findings = read_actions(pl.DataFrame(rows, {**ACTIONS, "row": pl.UInt32}), "action")
    >>> actions["action"].to_list(), [finding.row for finding in findings]
    (['withdraw', None], [3])
    """
    given = frame.select("row", "person_id", "action")
    meant = {word: ACTION_WORDS.get(half_width(word).lower()) for word in given["action"].drop_nulls().unique()}
    read = given["action"].replace_strict(list(meant), list(meant.values()), default=None, return_dtype=pl.String)
    unread = given.filter(read.is_null()).select("row", pl.col("person_id", "action").fill_null(""))
    findings = [
        QuarantinedRecord(
            row=row,
            person_id=person,
            column=column,
            text=text,
            reason=Reason.BAD_ATTRIBUTE,
            message="no action that is known",
            hint="write add, update or withdraw",
        )
        for row, person, text in unread.iter_rows()
    ]
    return given.with_columns(read.alias("action")), findings
