"""The chart: CPU of the server per request in multiples of the limit's, as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape
from typing import Any

from .clients import CONTENDERS
from .report import Cell
from .works import WORKS

_COLOURS = {
    "limit": "#9aa5b1",
    "limit_json": "#c9d1d9",
    "modelwire": "#0b7285",
    "by_hand": "#e8590c",
    "fastcrud": "#f08c00",
    "advanced_alchemy": "#7048e8",
}
_LABEL_PX, _SCALE_PX, _VALUE_PX = 250, 520, 70
_BAR_PX, _GAP_PX, _TITLE_PX, _HEAD_PX = 12, 12, 34, 70
_WIDTH_PX = _LABEL_PX + _SCALE_PX + _VALUE_PX


def draw_chart(run: dict[str, Any], cells: Sequence[Cell]) -> str:
    """Draw one panel for each database and size; bars are on a logarithmic scale.

    Args:
        run: What `describe_run` returns; its date and Python stand below the title.
        cells: The cells; those without a limit to compare with are not drawn.

    Returns:
        The SVG document.
    """
    known = [cell for cell in cells if cell.to_limit]
    top = max([10.0, *(cell.to_limit or 0 for cell in known)])
    lines, y = _draw_head(run, known), float(_HEAD_PX)
    for place in dict.fromkeys((c.sample.database, c.sample.users) for c in known):
        here = [c for c in known if (c.sample.database, c.sample.users) == place]
        lines.append(_text(10, y + 22, f"{place[0]}, {place[1]:,} users", "title"))
        y += _TITLE_PX
        for work in WORKS:
            bars = [cell for cell in here if cell.sample.work == work.name]
            lines += _draw_work(work.title, bars, y, top)
            y += len(bars) * _BAR_PX + _GAP_PX if bars else 0
    return _wrap(lines, y + 10)


def _draw_head(run: dict[str, Any], cells: Sequence[Cell]) -> list[str]:
    title = "Server CPU per request, in multiples of the limit's (log scale; less is better)"
    lines = [
        _text(10, 20, title, "title"),
        _text(10, 36, f"{run['date']}, Python {run['python']}, {run['system']}", "note"),
    ]
    x = 10
    for contender in CONTENDERS:
        if any(cell.sample.contender == contender.name for cell in cells):
            lines.append(_rect(x, 46, 10, _COLOURS[contender.name]))
            lines.append(_text(x + 14, 55, contender.title, "note"))
            x += 26 + 7 * len(contender.title)
    return lines


def _draw_work(title: str, bars: Sequence[Cell], y: float, top: float) -> list[str]:
    if not bars:
        return []
    middle = y + len(bars) * _BAR_PX / 2 + 4
    lines = [_text(_LABEL_PX - 10, middle, title, "label")]
    for index, cell in enumerate(bars):
        ratio = cell.to_limit or 1
        # A bar of one tenth of the limit would have no length.
        width = max(2.0, _SCALE_PX * (math.log10(ratio) + 1) / (math.log10(top) + 1))
        at = y + index * _BAR_PX
        lines.append(_rect(_LABEL_PX, at, width, _COLOURS[cell.sample.contender]))
        lines.append(_text(_LABEL_PX + width + 4, at + 9, f"{ratio:.1f}", "note"))
    return lines


def _rect(x: float, y: float, width: float, colour: str) -> str:
    height = _BAR_PX - 2
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height}" fill="{colour}"/>'


def _text(x: float, y: float, text: str, kind: str) -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}">{escape(text)}</text>'


def _wrap(lines: Sequence[str], height: float) -> str:
    style = (
        "text{font:12px sans-serif;fill:#212529}.title{font-weight:bold;font-size:14px}"
        ".note{font-size:10px;fill:#495057}.label{text-anchor:end}"
    )
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH_PX} {height:.0f}"'
        f' width="{_WIDTH_PX}" role="img">'
    )
    background = f'<rect width="{_WIDTH_PX}" height="{height:.0f}" fill="#fff"/>'
    return "\n".join([head, f"<style>{style}</style>", background, *lines, "</svg>", ""])
