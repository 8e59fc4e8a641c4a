"""Tables for a terminal; the one place that imports rich."""

from collections.abc import Sequence
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
_DIM: Final = frozenset({"next"})
_RIGHT: Final = frozenset({"ahead", "behind", "dirty"})
_LOUD: Final = frozenset({"flags"})


def render_rich_table(headings: Sequence[str], rows: Sequence[Sequence[str]], style: Style) -> str:
    """See :func:`git_kas.cli.style.render_table`."""
    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    for heading in headings:
        table.add_column(heading, justify="right" if heading in _RIGHT else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(heading, cell) for heading, cell in zip(headings, row, strict=True)))
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
    return "".join(f"{line.rstrip()}\n" for line in target.getvalue().splitlines())


def _cell(heading: str, cell: str) -> Text:
    color = _STYLES.get(cell, "")
    if heading in _DIM:
        color = "bright_black"
    elif heading in _LOUD:
        color = "yellow"
    return Text(printable(cell), style=color)
