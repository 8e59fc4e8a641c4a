"""Where in a JSON text a value stands, so that a complaint about it can name line and column.

The standard parser tells positions only for syntax errors. This one walks an already valid text along a path
of keys; it runs only when there is something to complain about.
"""

import json
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

_SPACE: Final = re.compile(r"[ \t\n\r]*")
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]]|-?Infinity|NaN|-?[0-9][-+.0-9eE]*')
_NUMBER_LENGTH: Final = 4000
_DECODER: Final = json.JSONDecoder()


class Position(NamedTuple):
    """A place in a text; line and column count from 1, columns in characters."""

    line: int
    column: int


def position_at(text: str, offset: int) -> Position:
    """The line and column of the character at ``offset``."""
    before = text[:offset]
    return Position(before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1)


def position_of(text: str, path: Sequence[str]) -> Position:
    """The place of the value at ``path`` (keys of nested objects) in the valid JSON ``text``.

    Where a key stands twice the last one is meant, as for the parser. A path that does not exist gives the
    place of the innermost object that does.
    """
    offset = _skip_space(text, 0)
    for key in path:
        found = _offset_of_member(text, offset, key)
        if found is None:
            break
        offset = found
    return position_at(text, offset)


def first_flaw(text: str) -> tuple[int, str]:
    """Offset of, and a clause about, the first thing in ``text`` that a strict reader cannot accept.

    ``text`` must pass the standard parser's grammar, which lets doubled keys, ``NaN`` and ``Infinity`` pass.
    """
    keys: list[set[str] | None] = []  # of each open object; None for an open list
    for match in _TOKEN.finditer(text):
        word = match.group()
        if word in {"{", "["}:
            keys.append(set() if word == "{" else None)
        elif word in {"}", "]"}:
            keys.pop()
        elif word[0] != '"':
            if word.endswith(("NaN", "Infinity")):
                return match.start(), f"{word} is not JSON"
            if len(word) > _NUMBER_LENGTH:
                return match.start(), f"a number of {len(word)} characters is too long"
            if float(word) in {float("inf"), float("-inf")} and not word.lstrip("-").isdecimal():
                return match.start(), f"{word} is too large a number"
        elif keys and (known := keys[-1]) is not None and text.startswith(":", _skip_space(text, match.end())):
            key = json.loads(word)
            if key in known:
                return match.start(), f"{key!r} stands twice in one object"
            known.add(key)
    return 0, "it cannot be read"


def _offset_of_member(text: str, start: int, key: str) -> int | None:
    if not text.startswith("{", start):
        return None
    found = None
    offset = _skip_space(text, start + 1)
    while not text.startswith("}", offset):
        name, offset = _DECODER.raw_decode(text, offset)
        offset = _skip_space(text, _skip_space(text, offset) + 1)  # the colon
        if name == key:
            found = offset
        _, offset = _DECODER.raw_decode(text, offset)
        offset = _skip_space(text, offset)
        if text.startswith(",", offset):
            offset = _skip_space(text, offset + 1)
    return found


def _skip_space(text: str, offset: int) -> int:
    match = _SPACE.match(text, offset)
    return match.end() if match else offset
