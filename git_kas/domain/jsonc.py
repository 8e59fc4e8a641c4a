"""JSON with comments and trailing commas: where members stand, and adding some without touching the rest.

What is added goes right behind the opening brace of an object, as one piece of text with a comment before and
behind it. So nothing else has to change, no comma and no comment, and taking the piece away gives back what was
there, byte for byte.

No library that was looked at adds a member to a text and leaves all else as it is: json-five keeps comments,
but writes the whole text anew from a model, and takes JSON5, which readers of JSONC refuse.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_TOKEN: Final = re.compile(
    r"""(?P<space>[ \t\r\n]+)
    |(?P<comment>//[^\r\n]*|/\*.*?\*/)
    |(?P<mark>[{}\[\]:,])
    |(?P<text>"(?:[^"\\\x00-\x1f]|\\["\\/bfnrtu])*")
    |(?P<word>true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)(?![0-9A-Za-z_.])""",
    re.VERBOSE | re.DOTALL,
)
_DEEPEST: Final = 100
_BYTE_ORDER_MARK: Final = "\ufeff"


class JsoncError(ValueError):
    """The text is no JSONC: ``reason`` says why, as a clause, and ``offset`` where."""

    def __init__(self, reason: str, offset: int) -> None:
        super().__init__(reason)
        self.reason = reason
        self.offset = offset


class Token(NamedTuple):
    """A piece of the text: ``space``, ``comment``, ``mark``, ``text``, ``word``, or ``end`` behind all."""

    kind: str
    start: int
    end: int


class Member(NamedTuple):
    """A member of an object; ``start`` is where its key begins."""

    key: str
    start: int
    value: Node


class Node(NamedTuple):
    """A value: its place in the text, what it is, and for an object its members as they stand there."""

    start: int
    end: int
    value: Any
    members: Sequence[Member] | None = None

    def member(self, key: str) -> Node | None:
        """The value that counts for ``key``: of several, the last one."""
        found = [member.value for member in self.members or () if member.key == key]
        return found[-1] if found else None


def tokens(text: str) -> Iterator[Token]:
    """All pieces of ``text``, which together are the text, and an ``end``.

    Raises:
        JsoncError: there is something that is no token.
    """
    offset = len(_BYTE_ORDER_MARK) if text.startswith(_BYTE_ORDER_MARK) else 0
    if offset:
        yield Token("space", 0, offset)
    while offset < len(text):
        match = _TOKEN.match(text, offset)
        if match is None or match.lastgroup is None:
            raise JsoncError("this is not JSON", offset)
        yield Token(match.lastgroup, offset, match.end())
        offset = match.end()
    yield Token("end", offset, offset)


def parse(text: str) -> Node:
    """The value that ``text`` is.

    Raises:
        JsoncError: it is no JSON, even with comments and trailing commas.
    """
    return _Parser(text).document()


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = (token for token in tokens(text) if token.kind not in {"space", "comment"})
        self._next = next(self._tokens)
        self._depth = 0

    def document(self) -> Node:
        node = self._value()
        if self._next.kind != "end":
            raise JsoncError("there is more than one value", self._next.start)
        return node

    def _value(self) -> Node:
        token = self._take()
        shown = self._text[token.start : token.end]
        if shown == "{":
            return self._nested(self._object, token)
        if shown == "[":
            return self._nested(self._array, token)
        if token.kind not in {"text", "word"}:
            raise JsoncError("a value is missing here", token.start)
        return Node(token.start, token.end, self._scalar(token))

    def _nested(self, read: Any, opening: Token) -> Node:  # noqa: ANN401 - one of the two methods below
        self._depth += 1
        if self._depth > _DEEPEST:
            raise JsoncError("it is nested too deeply", opening.start)
        node: Node = read(opening)
        self._depth -= 1
        return node

    def _object(self, opening: Token) -> Node:
        members = []
        while not self._is("}"):
            key = self._take()
            if key.kind != "text":
                raise JsoncError("a name in quotes is missing here", key.start)
            self._expect(":")
            members.append(Member(self._scalar(key), key.start, self._value()))
            if not self._is("}"):
                self._expect(",")
        closing = self._take()
        value = {member.key: member.value.value for member in members}
        return Node(opening.start, closing.end, value, members)

    def _array(self, opening: Token) -> Node:
        values = []
        while not self._is("]"):
            values.append(self._value().value)
            if not self._is("]"):
                self._expect(",")
        return Node(opening.start, self._take().end, values)

    def _scalar(self, token: Token) -> Any:  # noqa: ANN401 - a text, a number, a truth value or nothing
        try:
            return json.loads(self._text[token.start : token.end])
        except ValueError as error:  # half an escape, or more digits than Python takes
            raise JsoncError("this is not JSON", token.start) from error

    def _is(self, mark: str) -> bool:
        return self._text[self._next.start : self._next.end] == mark

    def _expect(self, mark: str) -> None:
        if not self._is(mark):
            raise JsoncError(f"'{mark}' is missing here", self._next.start)
        self._take()

    def _take(self) -> Token:
        token = self._next
        if token.kind != "end":
            self._next = next(self._tokens)
        return token


class Place(NamedTuple):
    """Where members can be added: at ``offset`` right behind an object's brace, and how lines look there."""

    offset: int
    indent: str
    unit: str
    line_end: str


def place_in(text: str, node: Node, depth: int) -> Place:
    """The place behind the opening brace of the object ``node``, which is ``depth`` objects deep."""
    line_end = "\r\n" if "\r\n" in text[: text.find("\n") + 1] else "\n"
    own = _indent_of_line(text, node.members[0].start) if node.members else None
    indent = own if own is not None else "  " * (depth + 1)
    unit = indent[: len(indent) // (depth + 1)] or "  "
    return Place(node.start + 1, indent, unit, line_end)


def shown_members(members: Mapping[str, object], place: Place) -> str:
    """``members`` as text with a comma behind each, the first line not indented."""
    lines = []
    for key, value in members.items():
        shown = json.dumps(value, indent=place.unit, ensure_ascii=False)
        lines += f"{json.dumps(key, ensure_ascii=False)}: {shown},".split("\n")
    return f"{place.line_end}{place.indent}".join(lines)


def _indent_of_line(text: str, offset: int) -> str | None:
    """The white space that a line begins with, None if something else stands before ``offset`` in it."""
    begin = text.rfind("\n", 0, offset) + 1
    before = text[begin:offset]
    return before if begin and not before.strip(" \t") else None
