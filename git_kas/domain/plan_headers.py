"""The headings that make a plan: which ones begin a wave or a task, and which only look as if they did."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain.plan_blocks import Block, BlockKind
from git_kas.domain.plan_fields import LABEL, Part
from git_kas.domain.plan_rules import Finding, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

WAVE_LEVELS: Final = range(2, 4)
TASK_LEVELS: Final = range(2, 5)

_DASHES: Final = "-\u2013\u2014"
_WAVE: Final = re.compile(r"wave[\s#]*+([0-9]{1,9}+)(?!\w|\.[0-9])(.*)", re.IGNORECASE | re.DOTALL)
_TASK: Final = re.compile(
    rf"task[\s#]*+({LABEL})\s*+(?:(?:[:.)]++|[{_DASHES}]++)(.*))?", re.IGNORECASE | re.DOTALL
)
_NUMBER_WORDS: Final = "one|two|three|four|five|six|seven|eight|nine|ten"
_ALIKE: Final = re.compile(
    rf"[\W\d_]*+(?:wave|task)s?(?![a-z])[\W_]*(?:[0-9]|(?:{_NUMBER_WORDS})\b|[a-z]\s*(?:[{_DASHES}:.)]|$))",
    re.IGNORECASE,
)
_MISFORMED_LINE: Final = re.compile(r"[ \t]*#++[ \t]*(?:wave|task)s?[\W_]*[0-9]", re.IGNORECASE)
_BOLD_LINE: Final = re.compile(r"\*\*(?:wave|task)\s*[0-9][^*\n]*\*\*:?", re.IGNORECASE)
_DIGITS: Final = re.compile(r"[0-9]+")
_LONGEST_QUOTE: Final = 60  # characters

FORMS: Final = "'## Wave 1: title' or '### Task 1: title'"


class Header(NamedTuple):
    """A heading in ``line`` that begins a wave or a task."""

    part: Part
    label: str
    title: str
    line: int
    level: int

    @property
    def number(self) -> int:
        """The digits that the label begins with."""
        return int(_DIGITS.findall(self.label)[0])


def read_header(block: Block) -> Header | None:
    """The header that ``block`` is, or None. Only a heading with ``#`` outside lists and quotations is one."""
    return _header(block) if block.kind is BlockKind.HEADING and not block.depth else None


def unread_headers(block: Block) -> Iterator[Finding]:
    """What in a block that is no header looks like one."""
    if block.kind is BlockKind.PARAGRAPH:
        yield from _in_paragraph(block) if not block.depth else ()
    elif _ALIKE.match(block.text):
        if block.kind is BlockKind.HEADING and not block.depth:
            yield Finding(block.line, Rule.UNREAD_HEADER, f"{_quoted(block.text)} is not read as {FORMS}")
        elif block.kind is BlockKind.HEADING or _header(block):
            yield _doubtful(block.line, block.text)


def _header(block: Block) -> Header | None:
    if block.level in WAVE_LEVELS and (wave := _WAVE.fullmatch(block.text)):
        title = wave.group(2).strip().lstrip(f":.){_DASHES}").strip()
        return Header(Part.WAVE, wave.group(1), title, block.line, block.level)
    if block.level in TASK_LEVELS and (task := _TASK.fullmatch(block.text)):
        return Header(Part.TASK, task.group(1), (task.group(2) or "").strip(), block.line, block.level)
    return None


def _in_paragraph(block: Block) -> Iterator[Finding]:
    if _BOLD_LINE.fullmatch(block.text):
        yield _doubtful(block.line, block.text)
    for offset, line in enumerate(block.text.split("\n")):
        if _MISFORMED_LINE.match(line):
            message = f"{_quoted(line)} is no heading: write {FORMS} at the line's start"
            yield Finding(block.line + offset, Rule.UNREAD_HEADER, message)


def _doubtful(line: int, text: str) -> Finding:
    message = f"{_quoted(text)} is text here, because it is in a list or quotation, underlined or only bold"
    return Finding(line, Rule.DOUBTFUL_HEADER, message)


def _quoted(text: str) -> str:
    first = text.strip().split("\n")[0]
    return f"'{first[:_LONGEST_QUOTE]}\u2026'" if len(first) > _LONGEST_QUOTE else f"'{first}'"
