"""How text may look where it goes: a terminal with a width and colours, or a pipe."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final, NamedTuple, TextIO

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069]")


class Style(NamedTuple):
    """``width`` is None in a pipe, where nothing is cut or wrapped."""

    width: int | None = None
    color: bool = False

    @property
    def is_terminal(self) -> bool:
        """Whether a person is looking."""
        return self.width is not None


def style_of(stream: TextIO, environment: Mapping[str, str], color: str) -> Style:
    """The style for ``stream``; ``color`` is ``auto``, ``always`` or ``never``."""
    terminal = stream.isatty()
    wanted = terminal and not environment.get("NO_COLOR") and environment.get("TERM") != "dumb"
    colored = color == "always" or (color == "auto" and wanted)
    return Style(_width(stream, environment) if terminal else None, colored)


def printable(text: str) -> str:
    """``text`` on one line, with characters that would act on a terminal shown as escapes.

    Descriptions, lock reasons and paths come from files that anyone may have written.
    """
    if text.isprintable():  # the usual case, and much quicker
        return text
    return _CONTROL.sub(lambda match: match.group().encode("unicode_escape").decode("ascii"), text)


def render_table(
    headings: Sequence[str], rows: Sequence[Sequence[str]], style: Style, *, optional: Sequence[str] = ()
) -> str:
    """Rows under headings: columns that fit the width on a terminal, plain aligned text in a pipe.

    On a terminal empty columns are left out, and on a narrow one those in ``optional``, first ones first.
    Empty cells of a pipe's table are ``-``, so that each line has the same number of fields.
    """
    if style.is_terminal:
        from git_kas.cli.rich_table import render_rich_table

        return render_rich_table(headings, rows, style, optional)
    cells = [list(headings), *([printable(cell) or "-" for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) for row in cells)
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _width(stream: TextIO, environment: Mapping[str, str]) -> int:
    if environment.get("COLUMNS", "").isdecimal():
        return max(int(environment["COLUMNS"]), 20)
    try:
        return os.get_terminal_size(stream.fileno()).columns or 80
    except (OSError, ValueError):
        return 80
