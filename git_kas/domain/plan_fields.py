"""The words inside a plan's paragraphs: ``**Name:**`` fields, entries of files, and what depends on what."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_FIELD: Final = re.compile(r"[ \t]*\*\*([A-Za-z][A-Za-z ]{0,30})(?::\*\*|\*\*:)[ \t]*(.*)")
_ACTION: Final = re.compile(r"\s*[*_]{0,2}([A-Za-z][A-Za-z /-]{0,30})[*_]{0,2}:[*_]{0,2}(?=\s|`|$)\s*")
_QUOTED_PATH: Final = re.compile(r"\s*`([^`\n]+)`")
_QUOTED_PATH_MORE: Final = re.compile(r"\s*(?:,|&|\+|and\b|,\s*and\b)\s*`([^`\n]+)`")
_BARE_PATH: Final = re.compile(r"\s*([^\s`,;()]*[./][^\s`,;()]*)")
_BARE_PATH_MORE: Final = re.compile(r"\s*,\s*([^\s`,;()]*[./][^\s`,;()]*)")
_LINES_OF_PATH: Final = re.compile(r":[0-9]+(?:[-\u2013][0-9]+)?$")
_NOTHING: Final = re.compile(r"\W*(?:(?:none|nothing|no|n/a)\b.*)?", re.IGNORECASE | re.DOTALL)

LABEL: Final = r"[0-9]{1,9}+(?:\.[0-9]{1,9})*+[a-z]?+(?!\w)"
"""How waves and tasks are numbered; more than digits is accepted in a task and reported."""

# Where a sentence or a part of one begins: "wave 3 depends on this one" says nothing about this one.
_DEPENDS_ON: Final = re.compile(
    r"(?:^|[.,;:(\n\u2013\u2014])[^\w.,;:(\n\u2013\u2014]*+(?:(?:this|it)\s++(?:wave\s++)?)?depends\s++on\b[\s:*]*+"
    r"((?:[^.:;]|\.[0-9])*+)",
    re.IGNORECASE,
)
_ASIDE: Final = re.compile(r"\([^()]*+\)|`[^`]*+`")
_SEPARATOR: Final = re.compile(r"[,;&+\n]|\band\b", re.IGNORECASE)
_REFERENCE: Final = re.compile(rf"\W*(?:(wave|task)s?\s*|([tw])(?=[0-9]))?#?({LABEL})", re.IGNORECASE)
_RANGE_END: Final = re.compile(r"\s*(?:-|\u2013|to\b|through\b)\s*#?([0-9]{1,9}+)(?!\w)", re.IGNORECASE)
_LONGEST_RANGE: Final = 30  # of a longer one, which nobody writes, only the ends count


class TaskFile(NamedTuple):
    """A file that a task names in ``line``: the action in lower case (empty if there is none) and the path."""

    action: str
    path: str
    line: int


class Part(StrEnum):
    """What can be depended on."""

    WAVE = "wave"
    TASK = "task"


class Dependency(NamedTuple):
    """That something depends, says ``line``, on the wave or task labelled ``label``."""

    part: Part
    label: str
    line: int


class Field(NamedTuple):
    """A ``**Name:**`` that begins in ``line``: the name in lower case, and the text up to the next one."""

    name: str
    text: str
    line: int


def label_key(label: str) -> str:
    """The label as it is compared: case and leading zeros do not count."""
    return label.lstrip("0").lower() or "0"


def is_nothing(text: str) -> bool:
    """Whether ``text`` says that there is nothing: it is empty, a dash, or begins with a word such as none."""
    return _NOTHING.fullmatch(text) is not None


def read_fields(text: str, line: int) -> Sequence[Field]:
    """The fields of a paragraph that begins in ``line``. A field ends with the paragraph or at the next one."""
    begun: list[tuple[str, int, list[str]]] = []
    for offset, source in enumerate(text.split("\n")):
        if match := _FIELD.match(source):
            begun.append((match.group(1).strip().lower(), line + offset, [match.group(2)]))
        elif begun:
            begun[-1][2].append(source)
    return [Field(name, "\n".join(lines).strip(), start) for name, start, lines in begun]


def read_files(entry: str, line: int, inherited: str = "") -> tuple[str, Sequence[TaskFile]]:
    """The action and the files of an entry such as ``Create: `path` (why)``, which may name several.

    An entry without an action takes the ``inherited`` one.
    """
    match = _ACTION.match(entry)
    action, start = (match.group(1).strip().lower(), match.end()) if match else (inherited, 0)
    paths = _paths(entry, start, _QUOTED_PATH, _QUOTED_PATH_MORE)
    paths = paths or _paths(entry, start, _BARE_PATH, _BARE_PATH_MORE)
    return action, [TaskFile(action, path, line) for path in paths]


def read_dependencies(text: str, line: int) -> Sequence[Dependency]:
    """What the text of a field ``**Depends on:**`` names; without a word before it a number is a task."""
    return list(dict.fromkeys(_dependencies(text, line, Part.TASK)))


def find_dependencies(text: str, line: int) -> Sequence[Dependency]:
    """What the words "depends on …" in running text name; only what is called a wave or a task counts."""
    matches = _DEPENDS_ON.finditer(text)
    found = (dependency for match in matches for dependency in _dependencies(match.group(1), line, None))
    return list(dict.fromkeys(found))


def _paths(entry: str, start: int, first: re.Pattern[str], more: re.Pattern[str]) -> Sequence[str]:
    paths: list[str] = []
    match = first.match(entry, start)
    while match and (not paths or not {"/", "."}.isdisjoint(match.group(1))):
        path = _LINES_OF_PATH.sub("", match.group(1).strip().rstrip(",")).removeprefix("./")
        paths += [path] if path else []
        match = more.match(entry, match.end())
    return paths


def _dependencies(text: str, line: int, part: Part | None) -> Iterator[Dependency]:
    """The listed parts, one after the other; each takes the word "wave" or "task" of the one before it."""
    for listed in _SEPARATOR.split(_ASIDE.sub("", text)):
        match = _REFERENCE.match(listed)
        if match is None:
            continue
        word = (match.group(1) or match.group(2) or "").lower()
        part = (Part.WAVE if word.startswith("w") else Part.TASK) if word else part
        if part is None:
            continue
        label, end = match.group(3), _RANGE_END.match(listed, match.end())
        for name in _range(label, end.group(1)) if end else (label,):
            yield Dependency(part, name, line)


def _range(first: str, last: str) -> Sequence[str]:
    if first.isdecimal() and 0 <= int(last) - int(first) < _LONGEST_RANGE:
        return [str(number) for number in range(int(first), int(last) + 1)]
    return [first, last]
