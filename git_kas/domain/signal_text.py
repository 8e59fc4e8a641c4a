"""What is in a sentinel file: a header that ``git kas signal`` writes, and the agent's text.

The header is a block of lines such as ``Kas-Round: 2`` at the very top, with an empty line behind it. Sentinels
without one are as good; readers that do not know the header see it as the beginning of the text.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from git_kas.domain.names import ObjectId
from git_kas.errors import InvalidName

LARGEST_SIGNAL: Final = 1024 * 1024
"""Bytes. A larger file is no signal, so that nobody's disk or history is filled by one."""

HEADER_VERSION: Final = 1
_LONGEST_HEADER: Final = 20  # lines; a later version may write more of them than we know
_LINE: Final = re.compile(r"(?i)(kas-[a-z][a-z-]*):[ \t]*(.*)")
_BYTE_ORDER_MARK: Final = "\ufeff"


class SignalText(NamedTuple):
    """The parts of a sentinel's text.

    ``round`` is the plan's round that the agent knew, ``head`` the commit of its worktree. ``problem`` says
    what is wrong with the header (a sentence without full stop); then both are None.
    """

    body: str
    round: int | None = None
    head: ObjectId | None = None
    problem: str = ""


def write_signal_text(body: str, round_: int | None, head: ObjectId | None) -> bytes:
    """The bytes of a sentinel."""
    lines = [f"Kas-Signal: {HEADER_VERSION}"]
    lines += [f"Kas-Round: {round_}"] if round_ is not None else []
    lines += [f"Kas-Head: {head}"] if head is not None else []
    text = "\n".join([*lines, "", body.strip()])
    return (text.rstrip("\n") + "\n").encode("utf-8", "replace")


def read_signal_text(data: bytes) -> SignalText:
    """What the bytes of a sentinel say; what is not UTF-8 is replaced, outer whitespace is dropped."""
    text = data.decode("utf-8", "replace").removeprefix(_BYTE_ORDER_MARK)
    text = text.replace("\r\n", "\n").replace("\0", "\ufffd")  # not every store can keep a NUL
    block, _, rest = text.partition("\n\n")
    lines = block.strip("\n").split("\n")
    found = [_LINE.fullmatch(line) for line in lines[: _LONGEST_HEADER + 1]]
    if len(lines) > _LONGEST_HEADER or not all(found) or not block.lower().startswith("kas-signal:"):
        return SignalText(text.strip())
    fields = {match[1].lower(): match[2].strip() for match in found if match}
    return _with_fields(rest.strip(), fields.get("kas-round"), fields.get("kas-head"))


def _with_fields(body: str, round_: str | None, head: str | None) -> SignalText:
    if round_ is not None and not re.fullmatch(r"[0-9]{1,9}", round_):
        return SignalText(body, problem=f"its Kas-Round is no number: {round_!r}")
    try:
        commit = ObjectId(head) if head is not None else None
    except InvalidName:
        return SignalText(body, problem=f"its Kas-Head is no object name: {head!r}")
    return SignalText(body, int(round_) if round_ is not None else None, commit)


def signal_identity(repository: str, worktree: str, name: str, content: bytes, mtime_ns: int) -> str:
    """What makes a sentinel that very one: 64 hexadecimal digits, kept through claims and crashes.

    ``repository`` is the path of Git's common directory, ``worktree`` the id of the worktree in it.
    """
    import json
    from hashlib import sha256

    parts = [repository, worktree, name, sha256(content).hexdigest(), mtime_ns]
    return sha256(json.dumps(parts, ensure_ascii=True).encode()).hexdigest()


def retried_identity(identity: str) -> str:
    """The identity of a rejected signal when it is judged anew: always the same for the same one."""
    from hashlib import sha256

    return sha256(f"retry {identity}".encode()).hexdigest()


def signal_key(identity: str) -> str:
    """The idempotency key of what a signal does."""
    return f"signal:{identity}"
