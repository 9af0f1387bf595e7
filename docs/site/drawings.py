"""The drawings of the explanation pages, in English and Chinese.

``python docs/site/drawings.py`` writes `docs/drawings/`. Letters and signs say what colours say, and every drawing has
its words as a description.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from xml.sax.saxutils import escape

FOLDER = Path(__file__).resolve().parents[1] / "drawings"

INK, GREY, BLUE, ORANGE, GREEN = "#1b1f24", "#6b7280", "#cfe5f7", "#fbe3c0", "#cdeadd"
_FONT = "system-ui, 'Segoe UI', Arial, 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', sans-serif"

Words = dict[str, str]


def svg(width: int, height: int, title: str, parts: Iterator[str]) -> str:
    """A drawing of some parts."""
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" font-family="{_FONT}" font-size="14" fill="{INK}">'
    )
    background = f'<rect width="{width}" height="{height}" fill="#ffffff"/>'
    return "\n".join([head, f"<title>{escape(title)}</title>", background, *parts, "</svg>", ""])


def text(x: float, y: float, words: str, *, anchor: str = "middle", size: int = 14, bold: bool = False) -> str:
    """A line of text."""
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}" font-size="{size}"{weight}>{escape(words)}</text>'


def box(x: float, y: float, width: float, words: str, fill: str = "#ffffff", *, height: float = 30) -> str:
    """A box with words in its middle."""
    frame = f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="4" fill="{fill}" stroke="{INK}"/>'
    lines = words.split("\n")
    first = y + height / 2 + 5 - 9 * (len(lines) - 1)
    return frame + "".join(text(x + width / 2, first + 18 * k, line) for k, line in enumerate(lines))


def line(x1: float, y1: float, x2: float, y2: float, *, dashed: bool = False) -> str:
    """A line, dashed where two things do not go together."""
    dash = ' stroke-dasharray="5 4"' if dashed else ""
    return f'<line x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}" stroke="{INK}" stroke-width="2"{dash}/>'


def arrow(x1: float, y1: float, x2: float, y2: float) -> str:
    """A line from left to right with a head."""
    head = f'<path d="M{x2:g} {y2:g} l-9 -5 v10 z" fill="{INK}"/>'
    return line(x1, y1, x2 - 8, y2) + head


def pairings(words: Words) -> str:
    """The two ways to pair two alleles with two."""
    patient, donor = ("A*02:07", "A*33:03"), ("A*33:03", "A*11:01")

    def one(left: float, heading: str, order: tuple[int, int], count: str, fill: str) -> Iterator[str]:
        yield text(left + 160, 30, heading, bold=True)
        yield text(left + 45, 58, words["patient"], size=13)
        yield text(left + 275, 58, words["donor"], size=13)
        for k in (0, 1):
            yield box(left, 70 + 70 * k, 90, patient[k])
            yield box(left + 230, 70 + 70 * k, 90, donor[k])
        for k in (0, 1):
            other = order[k]
            fits = patient[k] == donor[other]
            y1, y2 = 85 + 70 * k, 85 + 70 * other
            yield line(left + 90, y1, left + 230, y2, dashed=not fits)
            yield text(left + 108, y1 + (-6 if k == 0 else 18), "=" if fits else "≠", size=16, bold=True)
        yield box(left + 60, 190, 200, count, fill)

    def parts() -> Iterator[str]:
        yield from one(20, words["direct"], (0, 1), words["none"], "#ffffff")
        yield from one(400, words["cross"], (1, 0), words["one"], GREEN)
        yield text(370, 250, words["better"])

    return svg(740, 270, words["title"], parts())


def certainty(words: Words) -> str:
    """What is certain and what is possible, by three typings of a donor beside one allele of the patient."""
    rows = (("A*33:03", ("33:03",), "A", GREEN), ("A*33:XX", ("33:01", "33:03", "33:05 …"), "P", ORANGE),
            ("A*11:01", ("11:01",), "M", "#ffffff"))  # fmt: skip

    def parts() -> Iterator[str]:
        for x, heading in ((75, "reported"), (290, "stands for"), (515, "beside"), (680, "grade")):
            yield text(x, 28, words[heading], bold=True)
        for k, (reported, alleles, grade, fill) in enumerate(rows):
            y = 48 + 56 * k
            yield box(25, y, 100, reported)
            yield arrow(130, y + 15, 175, y + 15)
            for n, allele in enumerate(alleles):
                yield box(180 + 78 * n, y, 72, allele, BLUE if allele == "33:03" else "#ffffff")
            yield arrow(415, y + 15, 440, y + 15)
            yield text(515, y + 20, words[grade])
            yield box(660, y, 40, grade, fill)
        yield text(365, 232, words["below"])

    return svg(740, 250, words["title"], parts())


def probability(words: Words) -> str:
    """From a typing to a probability, in four steps."""

    def column(left: float, number: int, heading: str) -> Iterator[str]:
        yield f'<circle cx="{left + 12:g}" cy="24" r="11" fill="{INK}"/>'
        yield f'<text x="{left + 12:g}" y="29" text-anchor="middle" fill="#ffffff">{number}</text>'
        yield text(left + 30, 29, heading, anchor="start", bold=True)

    def bar(left: float, y: float, share: float, told: str, fill: str) -> str:
        frame = f'<rect x="{left:g}" y="{y:g}" width="100" height="22" fill="#ffffff" stroke="{INK}"/>'
        full = f'<rect x="{left:g}" y="{y:g}" width="{100 * share:g}" height="22" fill="{fill}" stroke="{INK}"/>'
        return frame + full + text(left + 108, y + 16, told, anchor="start", size=13)

    def parts() -> Iterator[str]:
        yield from column(10, 1, words["typing"])
        yield box(10, 60, 150, words["typed"], height=48)
        yield text(85, 128, words["open"], size=13)
        yield arrow(165, 84, 195, 84)
        yield from column(205, 2, words["pairs"])
        for k, (share, told) in enumerate(((0.6, "60%"), (0.3, "30%"), (0.1, "10%"))):
            yield bar(205, 56 + 32 * k, share, told, BLUE)
        yield text(265, 166, words["weight"], size=13)
        yield arrow(355, 84, 385, 84)
        yield from column(395, 3, words["compare"])
        for k, told in enumerate(words["mismatches"].split("|")):
            yield box(395, 56 + 32 * k, 140, told, (GREEN, ORANGE, "#ffffff")[k], height=24)
        yield arrow(540, 84, 570, 84)
        yield from column(580, 4, words["sum"])
        for k, (share, told) in enumerate(((0.6, "P0 60%"), (0.3, "P1 30%"), (0.1, "P2 10%"))):
            yield bar(580, 56 + 32 * k, share, told, (GREEN, ORANGE, "#e5e7eb")[k])
        yield text(370, 205, words["both"])
        yield text(370, 229, words["exact"])

    return svg(760, 245, words["title"], parts())


def runs(words: Words) -> str:
    """Donors in the order of their typings: whole runs are ruled out by one look."""

    def parts() -> Iterator[str]:
        yield text(120, 28, words["table"], bold=True)
        for k, (typing, count) in enumerate((("02:01, 11:01", "0"), ("02:07, 24:02", "1"), ("02:07, 33:03", "2"))):
            yield box(20, 44 + 36 * k, 140, typing)
            yield box(160, 44 + 36 * k, 50, count, GREEN if count == "2" else ORANGE if count == "1" else "#ffffff")
        yield text(115, 172, words["once"], size=13)
        yield arrow(225, 95, 262, 95)
        yield text(500, 28, words["order"], bold=True)
        widths = (140, 85, 100, 125)
        left = 275.0
        for k, width in enumerate(widths):
            read = k == 2
            yield box(left, 50, width, words["read"] if read else words["out"], GREEN if read else "#eef0f3", height=34)
            left += width
        for k in range(11):
            yield line(275 + 140 + 85 + 1 + 9 * k, 90, 275 + 140 + 85 + 1 + 9 * k, 108)
        yield text(550, 128, words["added"], size=13)
        yield text(500, 172, words["three"], size=13)

    return svg(740, 190, words["title"], parts())


DRAWINGS: dict[str, tuple[Callable[[Words], str], dict[str, Words]]] = {
    "pairings": (
        pairings,
        {
            "": {
                "title": "Two alleles can be paired with two others in two ways; the better one counts",
                "patient": "patient", "donor": "donor", "direct": "direct pairing", "cross": "cross pairing",
                "none": "0 alleles match", "one": "1 allele matches",
                "better": "The better pairing counts: one of two alleles matches at this locus.",
            },
            ".zh": {
                "title": "两个等位基因与两个等位基因有两种对法，取相合较多的一种",
                "patient": "患者", "donor": "供者", "direct": "依次相对", "cross": "交叉相对",
                "none": "相合 0 个", "one": "相合 1 个",
                "better": "取相合较多的一种对法：这个位点的两个等位基因有一个相合。",
            },
        },
    ),
    "certainty": (
        certainty,
        {
            "": {
                "title": "A typing stands for a set of alleles; a match is certain, possible or excluded",
                "reported": "reported", "stands for": "stands for", "beside": "beside the patient's A*33:03",
                "grade": "grade", "A": "certain match", "P": "possible match", "M": "mismatch",
                "below": "Best counts A and P, worst counts A alone.",
            },
            ".zh": {
                "title": "一个分型代表一组等位基因：相合是一定的、可能的，或者不可能",
                "reported": "报告的分型", "stands for": "代表的等位基因", "beside": "与患者的 A*33:03 比较",
                "grade": "等级", "A": "一定相合", "P": "可能相合", "M": "错配",
                "below": "最多相合数计入 A 和 P，确定相合数只计入 A。",
            },
        },
    ),
    "probability": (
        probability,
        {
            "": {
                "title": "From a typing to a probability in four steps",
                "typing": "typing", "typed": "A*33  B*58\nDR3", "open": "C, DQ not typed",
                "pairs": "haplotype pairs", "weight": "weight: frequency × frequency",
                "compare": "compared", "mismatches": "0 mismatches|1 mismatch|2 mismatches", "sum": "summed up",
                "both": "The same is done for the patient; all pairs of both persons are compared.",
                "exact": "The shares are made up. A typing that leaves nothing open gives 0% or 100%.",
            },
            ".zh": {
                "title": "由分型到概率的四步",
                "typing": "分型", "typed": "A*33  B*58\nDR3", "open": "C、DQ 没有做",
                "pairs": "可能的单倍型对", "weight": "权重：频率 × 频率",
                "compare": "与患者比较", "mismatches": "0 个错配|1 个错配|2 个错配", "sum": "相加",
                "both": "患者也同样处理；双方的每一种可能两两比较。",
                "exact": "图中的数字是虚构的。分型没有留下疑问时，概率就是 0% 或 100%。",
            },
        },
    ),
    "runs": (
        runs,
        {
            "": {
                "title": "Typings are compared once each, and whole runs of donors are ruled out",
                "table": "each typing once", "once": "matches with this patient",
                "order": "donors in the order of their typings",
                "read": "read", "out": "ruled out", "added": "one by one: numbers are added up",
                "three": "Three orders: a run that one cannot rule out, another may.",
            },
            ".zh": {
                "title": "每种分型只比较一次，成段的供者一次排除",
                "table": "每种分型只比较一次", "once": "与这位患者相合的个数", "order": "供者按分型排列",
                "read": "读取", "out": "整段排除", "added": "逐人相加",
                "three": "有三种排列：一种排列不能排除的，另一种可能可以。",
            },
        },
    ),
}  # fmt: skip


def drawings() -> dict[str, str]:
    """Every drawing by the name of its file."""
    return {
        f"{name}{ending}.svg": draw(words)
        for name, (draw, by_language) in DRAWINGS.items()
        for ending, words in by_language.items()
    }


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, drawing in drawings().items():
        (FOLDER / name).write_text(drawing, encoding="utf-8")
