"""The members of ``opencode.jsonc`` that are ours, between two comments, in whatever else stands there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain.json_position import position_at
from git_kas.domain.jsonc import JsoncError, Node, parse, place_in, shown_members, tokens
from git_kas.domain.scaffold import OURS, FileState, short_hash
from git_kas.errors import InvalidConfiguration
from git_kas.version import VERSION

if TYPE_CHECKING:
    from collections.abc import Mapping

_BEGIN: Final = re.compile(
    r"/\* git-kas (?P<version>\S+) wrote this \(sha256:(?P<hash>[0-9a-f]{16})\).*\*/", re.DOTALL
)
_LINE_START: Final = re.compile(r"\r?\n[ \t]*\Z")
_END: Final = "/* end of what git-kas wrote */"
_AGENTS: Final = "agent"
_NEW_FILE: Final = """\
// Made by git kas setup opencode.
{
  "$schema": "https://opencode.ai/config.json"
}
"""


class _Block(NamedTuple):
    """Our text: ``start`` and ``end`` with the comments and the line end before them, ``inner`` without."""

    start: int
    end: int
    inner: str
    hash: str


class OpencodeConfig(NamedTuple):
    """The piece of ``opencode.jsonc`` that defines ``agents``; those that are there already are left alone."""

    path: str
    agents: Mapping[str, object]

    def state(self, found: bytes | None) -> FileState:
        """See :class:`git_kas.domain.scaffold.Piece`."""
        if found is None:
            return FileState.MISSING
        text = self._text(found)
        block = _block(text)
        if block is None:
            return FileState.MISSING if self._wanted(text) != text else FileState.FOREIGN
        without = text[: block.start] + text[block.end :]
        if short_hash(block.inner) != block.hash or not _is_jsonc(without):
            return FileState.EDITED
        now = _block(self._wanted(without))
        same = now is not None and (now.start, now.hash) == (block.start, block.hash)
        return FileState.CURRENT if same else FileState.OUTDATED

    def put(self, found: bytes | None) -> bytes:
        """See :class:`git_kas.domain.scaffold.Piece`."""
        text = _NEW_FILE if found is None else self._text(found)
        if block := _block(text):
            text = text[: block.start] + text[block.end :]
        return self._wanted(text).encode("utf-8")

    def take(self, found: bytes) -> bytes | None:
        """See :class:`git_kas.domain.scaffold.Piece`."""
        text = self._text(found)
        block = _block(text)
        rest = text if block is None else text[: block.start] + text[block.end :]
        return None if rest == _NEW_FILE else rest.encode("utf-8")

    def yours(self, found: bytes | None) -> list[str]:
        """Which of ``agents`` somebody else defines there, so that theirs count."""
        if found is None or self.state(found) not in OURS | {FileState.MISSING, FileState.FOREIGN}:
            return []
        rest = self.take(found) or b"{}"
        agents = parse(rest.decode("utf-8")).member(_AGENTS)
        return [name for name in self.agents if agents is not None and agents.member(name) is not None]

    def _text(self, found: bytes) -> str:
        """The text, checked.

        Raises:
            InvalidConfiguration: it is no JSONC, or not of the form that opencode reads.
        """
        try:
            text = found.decode("utf-8")
        except UnicodeDecodeError as error:
            raise InvalidConfiguration(
                f"{self.path} is not valid UTF-8 (byte {error.start + 1}).", next_step="Save it as UTF-8."
            ) from error
        try:
            root = parse(text)
        except JsoncError as error:
            place = position_at(text, error.offset)
            raise InvalidConfiguration(
                f"{self.path}:{place.line}:{place.column}: {error.reason}.", next_step="Mend that line."
            ) from error
        agents = root.member(_AGENTS)
        if root.members is None or (agents is not None and agents.members is None):
            what = "the file" if root.members is None else f"'{_AGENTS}'"
            raise InvalidConfiguration(
                f"{self.path}: {what} is no object.", next_step="opencode could not read it either; mend it."
            )
        return text

    def _wanted(self, text: str) -> str:
        """``text``, which has nothing of ours, with it; the same where all of it stands there already."""
        root = parse(text)
        agents = root.member(_AGENTS)
        if agents is None:
            return _with_members(text, root, 0, {_AGENTS: dict(self.agents)})
        missing = {name: value for name, value in self.agents.items() if agents.member(name) is None}
        return _with_members(text, agents, 1, missing) if missing else text


def _with_members(text: str, node: Node, depth: int, members: Mapping[str, object]) -> str:
    place = place_in(text, node, depth)
    line = f"{place.line_end}{place.indent}"
    inner = f"{line}{shown_members(members, place)}{line}"
    begin = f"/* git-kas {VERSION} wrote this (sha256:{short_hash(inner)}); edit it, and it is yours */"
    return f"{text[: place.offset]}{line}{begin}{inner}{_END}{text[place.offset :]}"


def _block(text: str) -> _Block | None:
    """What git-kas wrote into ``text``, None if nothing."""
    opened = None
    for token in tokens(text):
        if token.kind != "comment":
            continue
        comment = text[token.start : token.end]
        if opened is None and (match := _BEGIN.fullmatch(comment)):
            opened = (token, match["hash"])
        elif opened is not None and comment == _END:
            begin, found = opened
            indent = _LINE_START.search(text, 0, begin.start)
            start = indent.start() if indent else begin.start
            return _Block(start, token.end, text[begin.end : token.start], found)
    return None


def _is_jsonc(text: str) -> bool:
    try:
        parse(text)
    except JsoncError:
        return False
    return True
