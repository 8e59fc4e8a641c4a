"""The text of our hooks: POSIX shell that only detects, and asks ``git kas guard`` where something is found.

With nothing staged that is guarded a commit costs the shell and one Git; a push costs a few more and no
Python. Whatever cannot be looked at counts as found; where ``git kas guard`` cannot be run, the hook refuses.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain.guard import guard_patterns, pathspecs
from git_kas.domain.hooks import HookName
from git_kas.errors import InvalidName
from git_kas_hooks.script import body

if TYPE_CHECKING:
    from collections.abc import Sequence

SHIM_VERSION: Final = 1
CHAINED_SUFFIX: Final = ".chained-by-git-kas"

_ID: Final = re.compile(rb"# git-kas hook ([a-z-]{1,30}) ([0-9]{1,9}) sha256:([0-9a-f]{64})")
_OPTIONS: Final = b"# options: "


class ShimOptions(NamedTuple):
    """What is written into a shim.

    ``patterns`` are the guarded paths; ``program`` is the absolute path of the git-kas to ask, where it can be
    run, else the one on the PATH; with ``shell`` the chained hook is run by ``sh -e`` as husky does, else it is
    executed if it is executable, as Git does.
    """

    patterns: tuple[str, ...]
    program: str = ""
    shell: bool = False


class OwnShim(NamedTuple):
    """A file that began as a shim of ours.

    ``intact``: nobody has edited it. ``options`` is None where they cannot be read any more.
    """

    hook: HookName
    version: int
    intact: bool
    options: ShimOptions | None


def shim(hook: HookName, options: ShimOptions) -> bytes:
    """The file for ``hook``.

    Raises:
        InvalidName: a pattern cannot be guarded, or there is none.
    """
    specs = pathspecs(guard_patterns(options.patterns))
    words = json.dumps(options._asdict(), separators=(",", ":")).encode("ascii")
    chained = hook + CHAINED_SUFFIX
    text = body(hook, specs, program=options.program, chained=chained, run_by_shell=options.shell)
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


def _options(lines: Sequence[bytes]) -> ShimOptions | None:
    if not lines or not lines[0].startswith(_OPTIONS):
        return None
    try:
        words = json.loads(lines[0].removeprefix(_OPTIONS))
        patterns, program, shell = words["patterns"], words["program"], words["shell"]
        return ShimOptions(guard_patterns(patterns), str(program), bool(shell))
    except (ValueError, KeyError, TypeError, AttributeError, InvalidName):
        return None
