"""Tables for a terminal; the one place that imports rich."""

from collections.abc import Mapping, Sequence
from io import StringIO
from typing import Final

from rich.console import Console
from rich.table import Table
from rich.text import Text

from git_kas.cli.style import Style, printable

_STYLES: Final = {
    "ready": "cyan",
    "planning": "magenta",
    "implementing": "yellow",
    "reviewing": "blue",
    "done": "green",
    "cancelled": "bright_black",
    "ancestor": "green",
    "fresh": "cyan",
    "unknown": "yellow",
    "unrelated": "red",
}
_GAP: Final = 2
_FOLDED_WIDTH: Final = 40
_DIM: Final = frozenset({"next"})
_RIGHT: Final = frozenset({"ahead", "behind", "dirty"})
_LOUD: Final = frozenset({"flags"})


def render_rich_table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], style: Style, optional: Sequence[str]
) -> str:
    """See :func:`git_kas.cli.style.render_table`."""
    columns = {heading: [row[place] for row in rows] for place, heading in enumerate(headings)}
    shown = {heading: cells for heading, cells in columns.items() if any(cells)}
    left_out = _columns_to_leave_out(shown, style.width or 0, optional)
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, _GAP, 0, 0))
    shown = {heading: cells for heading, cells in shown.items() if heading not in left_out}
    for heading in shown:
        table.add_column(heading, justify="right" if heading in _RIGHT else "left", overflow="fold")
    for place in range(len(rows)):
        table.add_row(*(_cell(heading, cells[place]) for heading, cells in shown.items()))
    target = StringIO()
    console = Console(
        file=target,
        width=style.width,
        force_terminal=style.color,
        color_system="standard" if style.color else None,
        highlight=False,
        legacy_windows=False,
    )
    console.print(table)
    lines = [line.rstrip() for line in target.getvalue().splitlines()]
    if left_out:
        lines.append(f"Not shown on this width: {', '.join(left_out)}.")
    return "".join(f"{line}\n" for line in lines)


def _columns_to_leave_out(
    columns: Mapping[str, Sequence[str]], width: int, optional: Sequence[str]
) -> list[str]:
    """The first few of ``optional`` without which the rest fits; long cells may fold."""
    wanted = {
        heading: min(max(map(len, (heading, *cells))), _FOLDED_WIDTH) + _GAP
        for heading, cells in columns.items()
    }
    left_out: list[str] = []
    for heading in optional:
        if sum(wanted.values()) <= width + _GAP:
            break
        if wanted.pop(heading, None):
            left_out.append(heading)
    return left_out


def _cell(heading: str, cell: str) -> Text:
    color = _STYLES.get(cell, "")
    if heading in _DIM:
        color = "bright_black"
    elif heading in _LOUD:
        color = "yellow"
    return Text(printable(cell), style=color)
