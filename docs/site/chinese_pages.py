"""The frame around Chinese pages in Chinese: what the theme says, and the headings of the sidebar."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

GUIDE = "中文指南"
"""The heading of the Chinese pages, which stand first where the reader reads Chinese."""

HEADINGS = {
    "For coordinators": "协调员（英文）",
    GUIDE: GUIDE,
    "For informaticians": "信息人员（英文）",
    "Notebooks": "示例笔记本（英文）",
    "For whoever runs the machine": "系统管理员（英文）",
    "Explanations": "原理（英文）",
    "Files, columns, errors": "文件、列与错误（英文）",
    "For developers": "开发者（英文）",
    "All commands and names": "全部命令和名称",
    "The program itself": "程序本身（英文）",
}
"""The headings of the sidebar; pages under one that says so are English."""

WORDS = {
    "Back to top": "回到页首",
    "Copyright": "版权",
    "Home": "首页",
    "Index": "索引",
    "Next": "下一页",
    "On this page": "本页内容",
    "Previous": "上一页",
    "Search": "检索",
    "Skip to content": "跳到正文",
}
"""What the theme says around a page."""

_SECTION = re.compile(r'(?=<p class="caption")')
_CAPTION = re.compile(r'(<span class="caption-text">)(.*?)(</span>)')


def make_chinese(context: dict[str, Any]) -> None:
    """Put what stands around a page into Chinese, in the context from which the theme renders it."""
    context["language"] = "zh-Hans"
    context["_"] = _words(context.get("_"))
    context["gettext"] = _words(context.get("gettext"))
    context["furo_navigation_tree"] = sidebar(context.get("furo_navigation_tree", ""))


def sidebar(tree: str) -> str:
    r"""Return a sidebar with Chinese headings, the Chinese pages first.

    >>> captions = [f'<p class="caption"><span class="caption-text">{one}</span></p>' for one in ("Notebooks", GUIDE)]
    >>> re.findall("[^<>]+(?=</span>)", sidebar(f"<div>{''.join(captions)}</div>"))
    ['中文指南', '示例笔记本（英文）']
    """
    first, *sections = _SECTION.split(tree)
    # What closes the last section closes the sidebar.
    ends = re.search(r"(?:</div>|\s)*\Z", sections[-1]) if sections else None
    end = ends[0] if ends is not None else ""
    if end:
        sections[-1] = sections[-1].removesuffix(end)
    sections.sort(key=lambda section: f">{GUIDE}<" not in section)
    told = _CAPTION.sub(lambda found: f"{found[1]}{HEADINGS.get(found[2], found[2])}{found[3]}", "".join(sections))
    return f"{first}{told}{end}"


def _words(otherwise: Callable[[str], str] | None) -> Callable[[str], str]:
    def told(text: str) -> str:
        return WORDS.get(text) or (otherwise(text) if otherwise is not None else text)

    return told
