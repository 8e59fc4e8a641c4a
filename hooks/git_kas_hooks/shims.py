"""The text of our hooks: POSIX shell that only detects, and asks ``git kas guard`` where something is found.

With nothing staged that is guarded a commit costs the shell and one Git; a push costs a few more and no
Python. Whatever cannot be looked at counts as found; where ``git kas guard`` cannot be run, the hook refuses.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Final

from git_kas.domain.guard import guard_patterns, rough_pathspecs
from git_kas.domain.hook_layouts import CHAINED_SUFFIX
from git_kas.domain.hooks import HookName, OwnShim, ShimOptions
from git_kas.errors import InvalidName
from git_kas_hooks.script import body

if TYPE_CHECKING:
    from collections.abc import Sequence

SHIM_VERSION: Final = 1

_ID: Final = re.compile(rb"# git-kas hook ([a-z-]{1,30}) ([0-9]{1,9}) sha256:([0-9a-f]{64})")
_OPTIONS: Final = b"# options: "
READER: Final = re.compile(r"/[A-Za-z0-9/._-]+(?: [a-z]+)?(?: -[A-Za-z]+)?")


def shim(hook: HookName, options: ShimOptions) -> bytes:
    """The file for ``hook``.

    Raises:
        InvalidName: a pattern cannot be guarded, or there is none.
    """
    specs = rough_pathspecs(guard_patterns(options.patterns))
    words = json.dumps(options._asdict(), separators=(",", ":")).encode("ascii")
    chained = hook + CHAINED_SUFFIX
    text = body(hook, specs, program=options.program, chained=chained, run=_run_by(options))
    rest = _OPTIONS + words + b"\n" + text.encode("utf-8", "surrogateescape")
    return _first_lines(hook, rest) + rest


def recognise(data: bytes) -> OwnShim | None:
    """What ``data`` says of itself if it began as a shim of ours, else None."""
    lines = data.split(b"\n", 3)
    found = _ID.fullmatch(lines[1].removesuffix(b"\r")) if len(lines) > 2 else None
    if found is None or found[1].decode() not in set(HookName):
        return None
    hook = HookName(found[1].decode())  # type: ignore[call-arg]  # looked up by its value
    rest = data.split(b"\n", 2)[2]
    intact = data == _first_lines(hook, rest, int(found[2])) + rest
    return OwnShim(hook, int(found[2]), intact, _options(lines[2:]))


def _first_lines(hook: HookName, rest: bytes, version: int = SHIM_VERSION) -> bytes:
    return f"#!/bin/sh\n# git-kas hook {hook} {version} sha256:{hashlib.sha256(rest).hexdigest()}\n".encode()


def _run_by(options: ShimOptions) -> str:
    """What stands before the chained hook and its arguments."""
    if options.shell:
        return "sh -e "
    if not options.reader:
        return ""
    if not READER.fullmatch(options.reader):
        raise InvalidName(f"{options.reader!r} is no shell.", next_step="Leave it empty.")
    return f"""{options.reader} -c 'kas_chained=$1; shift; . "$kas_chained"' "$0" """


def _options(lines: Sequence[bytes]) -> ShimOptions | None:
    if not lines or not lines[0].startswith(_OPTIONS):
        return None
    try:
        words = json.loads(lines[0].removeprefix(_OPTIONS))
        patterns, program, shell = words["patterns"], words["program"], words["shell"]
        return ShimOptions(guard_patterns(patterns), str(program), bool(shell), str(words.get("reader", "")))
    except (ValueError, KeyError, TypeError, AttributeError, InvalidName):
        return None
