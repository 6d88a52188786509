"""Chart of the CPU of servers per request, in multiples of the limit's, as SVG."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

from .clients import CONTENDERS
from .works import DATABASES, WORKS, Place, name_place

Cell = Mapping[str, Any]

_COLUMNS = {
    "modelwire": "modelwire",
    "by_hand": "by hand",
    "fastcrud": "FastCRUD",
    "advanced_alchemy": "Litestar",
    "fastify": "Fastify",
    "elysia": "Elysia",
}
"""Contenders whose ratios are printed, with the headings of their columns."""

_HEADS: Mapping[str, Sequence[str]] = {
    database: [c.name for c in CONTENDERS if c.name in _COLUMNS and database in c.databases]
    for database in DATABASES
}
"""Contenders whose ratios are printed for each database, in order."""

_LABEL_PX, _SCALE_PX, _COLUMN_PX = 212, 180, 68
_EDGE_PX, _BETWEEN_PX, _ROW_PX = 12, 18, 23
_HEAD_PX, _PANEL_HEAD_PX, _PANEL_FOOT_PX = 84, 52, 26
_PANELS_PX = {
    database: _LABEL_PX + _SCALE_PX + _COLUMN_PX * len(heads) for database, heads in _HEADS.items()
}
_WIDTH_PX = sum(_PANELS_PX.values()) + 2 * _EDGE_PX + _BETWEEN_PX

# Each contender has a shape as well as a colour, for readers who can't tell the colours apart.
_SHAPES = {
    "limit": '<rect x="-1" y="-7" width="2" height="14"/>',
    "limit_json": '<rect x="-1" y="-4" width="2" height="8"/>',
    "limit_gathered": '<circle r="2"/>',
    "modelwire": '<circle r="6"/>',
    "by_hand": '<rect x="-5" y="-5" width="10" height="10"/>',
    "fastcrud": '<path d="M0-6 6 5-6 5z"/>',
    "advanced_alchemy": '<path d="M0-6 6 0 0 6-6 0z"/>',
    "fastify": '<path d="M0 6 6-5-6-5z"/>',
    "elysia": '<path d="M-6-2H-2V-6H2V-2H6V2H2V6H-2V2H-6z"/>',
}

_STYLE = """
svg{--paper:#fff;--ink:#1f2328;--faint:#59636e;--line:#d1d9e0;--limit:#59636e;--modelwire:#0b7285;
--by_hand:#d9480f;--fastcrud:#a66f00;--advanced_alchemy:#7048e8;--fastify:#2b8a3e;--elysia:#c2255c}
@media (prefers-color-scheme:dark){svg{--paper:#0d1117;--ink:#f0f6fc;--faint:#9198a1;--line:#3d444d;
--limit:#9198a1;--modelwire:#3bc9db;--by_hand:#ff922b;--fastcrud:#ffd43b;--advanced_alchemy:#b197fc;
--fastify:#69db7c;--elysia:#faa2c1}}
.paper{fill:var(--paper)}text{font:13px system-ui,sans-serif;fill:var(--ink)}
.title{font-size:17px;font-weight:600}.panel{font-size:15px;font-weight:600}
.note{fill:var(--faint);font-size:12px}.end{text-anchor:end}.middle{text-anchor:middle}
.own{font-weight:600}.grid{stroke:var(--line)}.one{stroke:var(--limit)}
.limit,.limit_json,.limit_gathered{fill:var(--limit)}.modelwire{fill:var(--modelwire)}.by_hand{fill:var(--by_hand)}
.fastcrud{fill:var(--fastcrud)}.advanced_alchemy{fill:var(--advanced_alchemy)}.fastify{fill:var(--fastify)}
.elysia{fill:var(--elysia)}
"""


@dataclass(frozen=True, slots=True)
class _Scale:
    """Logarithmic scale over all ratios of a run, the same in each panel."""

    low: float
    high: float

    def at(self, ratio: float) -> float:
        share = math.log(ratio / self.low) / math.log(self.high / self.low)
        return _LABEL_PX + 10 + share * (_SCALE_PX - 20)

    def marks(self) -> Iterator[float]:
        """Yield the powers of ten in it."""
        for power in range(math.ceil(math.log10(self.low)), math.floor(math.log10(self.high)) + 1):
            yield 10.0**power


def draw_chart(run: Mapping[str, Any]) -> str:
    """Draw a panel for each database and size, PostgreSQL's on the left and SQLite's on the right.

    Args:
        run: A run, as its JSON has it; cells without a limit to compare with are not drawn.

    Returns:
        The SVG document, which is light or dark as its reader prefers.
    """
    known = [cell for cell in run["cells"] if cell["to_limit"]]
    ratios = [cell["to_limit"] for cell in known]
    scale = _Scale(min([0.5, *ratios]), max([20.0, *ratios]))
    lines, y = list(_draw_head(run, known)), float(_HEAD_PX)
    for users in dict.fromkeys(cell["users"] for cell in known):
        tallest, x = 0.0, _EDGE_PX
        for database in DATABASES:
            here = [c for c in known if (c["database"], c["users"]) == (database, users)]
            drawn, height = _draw_panel((database, users), here, scale)
            lines += [f'<g transform="translate({x} {y:.0f})">', *drawn, "</g>"] if here else []
            tallest = max(tallest, height)
            x += _PANELS_PX[database] + _BETWEEN_PX
        y += tallest
    return _wrap(lines, y)


def _draw_head(run: Mapping[str, Any], cells: Sequence[Cell]) -> Iterator[str]:
    title = "Server CPU per request, in multiples of the limit's. Less is better."
    yield _text(_EDGE_PX, 28, title, "title")
    note = f"{run['date']}, Python {run['python']}, {run['system']}; logarithmic scale"
    yield _text(_WIDTH_PX - _EDGE_PX, 28, note, "note end")
    x = _EDGE_PX + 8.0
    present = {cell["contender"] for cell in cells}
    for contender in CONTENDERS:
        if contender.name in present:
            yield _mark(x, 54, contender.name)
            yield _text(x + 13, 58, contender.title)
            x += 45 + 7.2 * len(contender.title)


def _draw_panel(place: Place, cells: Sequence[Cell], scale: _Scale) -> tuple[list[str], float]:
    """Draw a panel at the origin; return its height too."""
    lines, heads = [_text(0, 20, name_place(place), "panel")], _HEADS[place[0]]
    for index, head in enumerate(heads):
        lines.append(_text(_column(index), 42, _COLUMNS[head], "note end"))
    rows = [(w.title, [c for c in cells if c["work"] == w.name]) for w in WORKS]
    rows = [(name, found) for name, found in rows if found]
    foot = _PANEL_HEAD_PX + len(rows) * _ROW_PX
    for mark in scale.marks():
        kind = "one" if mark == 1 else "grid"
        lines.append(_line(scale.at(mark), _PANEL_HEAD_PX - 4, foot, kind))
        lines.append(_text(scale.at(mark), 42, f"{mark:g} ×", "note middle"))
    for index, (name, found) in enumerate(rows):
        lines.append(_text(_LABEL_PX - 6, _middle(index) + 4, name, "end"))
        lines += _draw_row(found, heads, _middle(index), scale)
    return lines, foot + _PANEL_FOOT_PX


def _middle(row: int) -> float:
    return _PANEL_HEAD_PX + (row + 0.5) * _ROW_PX


def _draw_row(
    cells: Iterable[Cell], heads: Iterable[str], y: float, scale: _Scale
) -> Iterator[str]:
    ratios = {cell["contender"]: cell["to_limit"] for cell in cells}
    # The mark of modelwire lies on top.
    for name in sorted(ratios, key=lambda name: name == "modelwire"):
        yield _mark(scale.at(ratios[name]), y, name)
    for index, name in enumerate(heads):
        if name in ratios:
            kind = "end own" if name == "modelwire" else "end"
            yield _text(_column(index), y + 4, _write(ratios[name]), kind)


def _column(index: int) -> float:
    return _LABEL_PX + _SCALE_PX + (index + 1) * _COLUMN_PX


def _write(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio < 10 else f"{ratio:.1f}"


def _mark(x: float, y: float, contender: str) -> str:
    shape = _SHAPES[contender]
    return f'<g class="{contender}" transform="translate({x:.1f} {y:.1f})">{shape}</g>'


def _line(x: float, top: float, foot: float, kind: str) -> str:
    return f'<path class="{kind}" d="M{x:.1f} {top:.1f}V{foot:.1f}"/>'


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    classed = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{classed}>{escape(text)}</text>'


def _wrap(lines: Sequence[str], height: float) -> str:
    size = f'viewBox="0 0 {_WIDTH_PX} {height:.0f}" width="{_WIDTH_PX}"'
    head = f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">'
    paper = f'<rect class="paper" width="{_WIDTH_PX}" height="{height:.0f}"/>'
    return "\n".join([head, f"<style>{_STYLE}</style>", paper, *lines, "</svg>", ""])
