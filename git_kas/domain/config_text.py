"""Taking whole sections out of the text of a Git configuration file, and putting them back (git-config(1)).

Only places are found here; what the text means is for Git to say, which is asked whether nothing else has
changed before the new text takes the place of the old one.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

_BLANK: Final = re.compile(rb"[ \t\r\n\f\v]+")
_HEADER: Final = re.compile(rb'\[([A-Za-z0-9.-]+)(?:[ \t]+"((?:[^"\\\n]|\\.)*)")?\]')
_TO_LINE_END: Final = re.compile(rb"[^\n]*\n?")


class Piece(NamedTuple):
    """A stretch of the original text that was taken out, by the branch it belongs to and where it began."""

    branch: str
    start: int
    text: bytes


def take_out(text: bytes, branches: Collection[str]) -> tuple[bytes, Sequence[Piece]]:
    """The text without the sections ``branch.<name>`` of ``branches``, and these sections in their order.

    Comments between the keys of a section go with it; those behind its last key stay.

    Raises:
        ValueError: the text is not understood.
    """
    pieces: list[Piece] = []
    kept: list[bytes] = []
    place = 0
    for name, start, end in _sections(text):
        if name is not None and name in branches:
            kept.append(text[place:start])
            pieces.append(Piece(name, start, text[start:end]))
            place = end
    kept.append(text[place:])
    return b"".join(kept), pieces


def put_back(text: bytes, pieces: Sequence[Piece], *, untouched: bool) -> bytes:
    """The text with ``pieces`` in it again: where they were if it is ``untouched`` since, else at its end."""
    if not untouched:
        if text and not text.endswith(b"\n"):
            text += b"\n"
        return text + b"".join(
            piece.text if piece.text.endswith(b"\n") else piece.text + b"\n" for piece in pieces
        )
    for piece in pieces:  # in rising order, so that each place is that of the original again
        text = text[: piece.start] + piece.text + text[piece.start :]
    return text


def renamed(piece: Piece, branch: str) -> Piece:
    """The same section for another branch."""
    header = _HEADER.search(piece.text)
    quoted = branch.replace("\\", "\\\\").replace('"', '\\"').encode("utf-8", "surrogateescape")
    new = b'[branch "' + quoted + b'"]'
    text = piece.text[: header.start()] + new + piece.text[header.end() :] if header else piece.text
    return Piece(branch, piece.start, text)


def _sections(text: bytes) -> Iterator[tuple[str | None, int, int]]:
    """Branch (None: another section), begin and end of each section; it ends behind its last key."""
    place = 3 if text.startswith(b"\xef\xbb\xbf") else 0
    name: str | None = None
    start = end = -1
    while place < len(text):
        blank = _BLANK.match(text, place)
        if blank:
            place = blank.end()
        elif text[place : place + 1] in {b"#", b";"}:
            place = _line_end(text, place)
        elif text[place : place + 1] == b"[":
            header = _HEADER.match(text, place)
            if header is None:
                raise ValueError(f"no section header at byte {place}")
            if start >= 0:
                yield name, start, end
            name, start, end = _branch(header), place, _end_of_blank_line(text, header.end())
            place = header.end()
        else:
            place = end = _end_of_value(text, place)
    if start >= 0:
        yield name, start, end


def _branch(header: re.Match[bytes]) -> str | None:
    section, quoted = header.groups()
    if section.lower() != b"branch" or quoted is None:
        return None
    return re.sub(rb"\\(.)", rb"\1", quoted).decode("utf-8", "surrogateescape")


def _end_of_blank_line(text: bytes, place: int) -> int:
    """Behind the line end, if there is nothing else before it."""
    end = _line_end(text, place)
    return end if not text[place:end].strip() else place


def _line_end(text: bytes, place: int) -> int:
    found = _TO_LINE_END.match(text, place)
    return found.end() if found else len(text)


def _end_of_value(text: bytes, place: int) -> int:
    """Behind the line of a key; a backslash before the line end continues it, outside of a comment."""
    quoted = comment = False
    while place < len(text):
        character = text[place : place + 1]
        if character == b"\n":
            return place + 1
        if character == b"\\" and not comment:
            place += 3 if text[place + 1 : place + 3] == b"\r\n" else 2
            continue
        if character == b'"' and not comment:
            quoted = not quoted
        elif character in {b"#", b";"} and not quoted:
            comment = True
        place += 1
    return len(text)
