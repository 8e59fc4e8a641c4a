"""Reads the text of a plan: its header fields, its waves and their tasks.

A plan is untrusted input: any text is read, in linear time; what cannot be understood becomes a finding.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain.plan_blocks import Block, BlockKind, read_blocks
from git_kas.domain.plan_fields import (
    Dependency,
    Field,
    Part,
    TaskFile,
    find_dependencies,
    is_nothing,
    read_dependencies,
    read_fields,
    read_files,
)
from git_kas.domain.plan_headers import Header, read_header, unread_headers
from git_kas.domain.plan_rules import Finding, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_BYTE_ORDER_MARK: Final = "\ufeff"
_LINE_END: Final = re.compile(r"\r\n?|\n")
_BLANK_LINES: Final = re.compile(r"(?:[ \t]*+(?:\r\n?|\n))*+")
_CONTROL: Final = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_COUNT: Final = re.compile(r"[~ ]*+([0-9]{1,9})\b")
_DEPENDENCY_FIELDS: Final = frozenset({"depends on", "dependencies"})


@dataclass(frozen=True, slots=True)
class Task:
    """One task: what one agent is given.

    ``label`` is the number as it was written (``3``, ``3a``), ``number`` the digits it begins with. ``body`` is
    the part of the source between the task's header and the next one, without blank lines around it.
    """

    number: int
    label: str
    title: str
    line: int
    files: tuple[TaskFile, ...] = ()
    depends_on: tuple[Dependency, ...] = ()
    body: str = ""


@dataclass(frozen=True, slots=True)
class Wave:
    """Tasks that run side by side. ``introduction`` is the text between the header and the first task."""

    number: int
    title: str
    line: int
    tasks: tuple[Task, ...] = ()
    depends_on: tuple[Dependency, ...] = ()
    introduction: str = ""


class DeclaredWaves(NamedTuple):
    """How many waves there are, according to ``**Waves:**`` in ``line``."""

    number: int
    line: int


@dataclass(frozen=True, slots=True)
class PlanDocument:
    """A plan as it was written; waves and tasks in the order of the text, whatever their numbers.

    ``loose_tasks`` are in no wave. ``findings`` are what could not be understood; what is wrong with what was
    understood, :func:`git_kas.domain.plan_lint.lint_plan` adds.
    """

    title: str = ""
    goal: str = ""
    architecture: str = ""
    tech_stack: str = ""
    size: str = ""
    declared_waves: DeclaredWaves | None = None
    waves: tuple[Wave, ...] = ()
    loose_tasks: tuple[Task, ...] = ()
    findings: tuple[Finding, ...] = ()
    is_empty: bool = False


def decode_plan(data: bytes) -> tuple[str, Sequence[Finding]]:
    """The text in ``data``; bytes that are not UTF-8 are replaced and reported."""
    try:
        return data.decode(), ()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        finding = Finding(
            line, Rule.NOT_UTF8, f"byte 0x{data[error.start]:02x} is not UTF-8; save the file as UTF-8"
        )
        return data.decode(errors="replace"), (finding,)


def parse_plan(text: str) -> PlanDocument:
    """The plan that ``text`` is. Nothing in it is an error; see the findings."""
    source = _Source(text.removeprefix(_BYTE_ORDER_MARK))
    if not source.text.strip():
        return PlanDocument(is_empty=True)
    read = read_blocks(source.text)
    sections = _sections(read.blocks, source)
    fields = _header_fields(sections)
    waves, loose_tasks = _waves(sections)
    title = next((block.text for block in read.blocks if block.level == 1 and not block.depth), "")
    findings = chain(source.findings(), read.findings, *(section.findings for section in sections))
    return PlanDocument(
        title=" ".join(title.split()),
        goal=_line(fields, "goal"),
        architecture=_line(fields, "architecture"),
        tech_stack=_line(fields, "tech stack"),
        size=_line(fields, "size"),
        declared_waves=_declared_waves(fields.get("waves")),
        waves=waves,
        loose_tasks=loose_tasks,
        findings=tuple(sorted(findings)),
    )


class _Source:
    """The text by lines, as CommonMark counts them."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = [0, *(match.end() for match in _LINE_END.finditer(text)), len(text)]

    def between(self, line: int, end: int) -> str:
        """From ``line`` to before line ``end`` (None: to the end), without blank lines around."""
        first, last = (self._starts[min(number - 1, len(self._starts) - 1)] for number in (line, end))
        blank = _BLANK_LINES.match(self.text, first, last)
        return self.text[blank.end() if blank else first : last].rstrip()

    @property
    def end(self) -> int:
        """The number of the line behind the last one."""
        return len(self._starts)

    def findings(self) -> Iterator[Finding]:
        """The first character that should not be in a text."""
        if match := _CONTROL.search(self.text):
            line = len(_LINE_END.findall(self.text, 0, match.start())) + 1
            message = f"the character U+{ord(match.group()):04X} acts on a terminal or hides text; remove it"
            yield Finding(line, Rule.CONTROL_CHARACTER, message)


@dataclass(slots=True)
class _Section:
    """The blocks behind a header (None: before all waves, or in a part that is no wave), and their source."""

    header: Header | None
    line: int
    blocks: list[Block] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    text: str = ""


def _sections(blocks: Sequence[Block], source: _Source) -> Sequence[_Section]:
    sections = [_Section(None, 0)]
    limit = 0  # a heading of this level or above ends the wave
    title: Block | None = None
    for block in blocks:
        header = read_header(block)
        if header:
            limit = block.level if header.part is Part.WAVE else limit or block.level - 1
            sections.append(_Section(header, block.line))
            continue
        if block.kind is BlockKind.HEADING and not block.depth and block.level <= limit:
            limit = 0
            sections.append(_Section(None, block.line))
        if block.level == 1 and not block.depth and title is None:
            title = block  # which may look like anything
        else:
            sections[-1].findings += unread_headers(block)
        sections[-1].blocks.append(block)
    for section, end in zip(sections, [*(section.line for section in sections[1:]), source.end], strict=True):
        section.text = source.between(section.line + 1, end)
    return sections


def _header_fields(sections: Sequence[_Section]) -> Mapping[str, Field]:
    """The fields outside waves and tasks; of several with one name the first."""
    fields: dict[str, Field] = {}
    for section in sections:
        for block in section.blocks if section.header is None else ():
            for found in read_fields(block.text, block.line):
                fields.setdefault(found.name, found)
    return fields


def _line(fields: Mapping[str, Field], name: str) -> str:
    return " ".join(fields[name].text.split()) if name in fields else ""


def _declared_waves(found: Field | None) -> DeclaredWaves | None:
    match = _COUNT.match(found.text) if found else None
    return DeclaredWaves(int(match.group(1)), found.line) if found and match else None


def _waves(sections: Sequence[_Section]) -> tuple[tuple[Wave, ...], tuple[Task, ...]]:
    """The waves with their tasks, and the tasks that are in none."""
    loose_tasks: list[Task] = []
    tasks = loose_tasks
    opened: list[tuple[_Section, Header, list[Task]]] = []
    for section in sections:
        if section.header is None:
            tasks = loose_tasks
        elif section.header.part is Part.WAVE:
            tasks = []
            opened.append((section, section.header, tasks))
        else:
            tasks.append(_task(section, section.header))
    return tuple(_wave(section, header, members) for section, header, members in opened), tuple(loose_tasks)


def _wave(section: _Section, header: Header, tasks: Sequence[Task]) -> Wave:
    texts = [(header.title, header.line), *((block.text, block.line) for block in section.blocks)]
    depends_on = dict.fromkeys(chain.from_iterable(find_dependencies(text, line) for text, line in texts))
    return Wave(header.number, header.title, header.line, tuple(tasks), tuple(depends_on), section.text)


def _task(section: _Section, header: Header) -> Task:
    return Task(
        number=header.number,
        label=header.label,
        title=header.title,
        line=header.line,
        files=tuple(_task_files(section)),
        depends_on=tuple(_task_dependencies(section)),
        body=section.text,
    )


def _task_files(section: _Section) -> Iterator[TaskFile]:
    inherited, depth = "", -1
    for entry in _entries(section, frozenset({"files"})):
        action, files = read_files(entry.text, entry.line, inherited if entry.depth > depth else "")
        if not files and entry.text.rstrip("*_ ").endswith(":"):
            inherited, depth = action, entry.depth
        elif not files and not is_nothing(entry.text):
            message = "no path can be read here; write it in backticks, as in 'Create: `path`'"
            section.findings.append(Finding(entry.line, Rule.UNREAD_FILE, message))
        yield from files


def _task_dependencies(section: _Section) -> Iterator[Dependency]:
    for entry in _entries(section, _DEPENDENCY_FIELDS):
        found = read_dependencies(entry.text, entry.line)
        if not found and not is_nothing(entry.text):
            message = "no task or wave can be read here; write 'Task 1, Task 2' or 'none'"
            section.findings.append(Finding(entry.line, Rule.UNREAD_DEPENDENCY, message))
        yield from found


def _entries(section: _Section, names: frozenset[str]) -> Iterator[Block]:
    """The lines of the first field that has one of ``names``, and the items of the list behind it."""
    started: Block | None = None
    for block in section.blocks:
        if started is None:
            found = next((f for f in read_fields(block.text, block.line) if f.name in names), None)
            if found:
                started = block
                for offset, line in enumerate(found.text.split("\n") if found.text else ()):
                    yield Block(BlockKind.PARAGRAPH, found.line + offset, line, depth=block.depth)
        elif block.depth <= started.depth:
            return
        elif block.starts_item:
            yield block
