"""Files that git-kas has put into a repository, as data and as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from git_kas.cli.style import printable
from git_kas.domain.scaffold import FILE_STATE_MEANINGS, FileState
from git_kas.usecases.scaffold import Effect

if TYPE_CHECKING:
    from collections.abc import Sequence

    from git_kas.usecases.scaffold import Placed

_BLOCKED: Final = frozenset({FileState.EDITED, FileState.FOREIGN})


def placed_data(placed: Sequence[Placed]) -> list[dict[str, Any]]:
    """For ``--json``."""
    return [
        {"root": file.root, "path": file.path, "state": str(file.state), "effect": str(file.effect)}
        for file in placed
    ]


def state_text(placed: Sequence[Placed]) -> str:
    """What was found, a line for each file."""
    return "".join(f"{file.state:<9} {_shown(file, placed)}\n" for file in placed)


def _shown(file: Placed, placed: Sequence[Placed]) -> str:
    """The path, absolute where the files do not have one root."""
    several = len({other.root for other in placed}) > 1
    return printable(f"{file.root}/{file.path}" if several else file.path)


def effect_text(placed: Sequence[Placed], *, dry_run: bool) -> str:
    """What was done, a line for each file."""
    would = "would be " if dry_run else ""
    lines = []
    for file in placed:
        changed = file.effect in {Effect.CREATED, Effect.UPDATED, Effect.REMOVED}
        said = f"{would}{file.effect}" if changed else str(file.effect)
        why = f" ({file.state}: {FILE_STATE_MEANINGS[file.state]})" if file.effect is Effect.LEFT else ""
        lines.append(f"{said:<{len(would) + 9}} {_shown(file, placed)}{why}\n")
    return "".join(lines)


def left_warnings(placed: Sequence[Placed], way: str) -> list[str]:
    """A sentence about each file that is not ours any more; ``way`` says how to get ours."""
    return [
        f"{file.path} is {file.state} and was left alone. {way}"
        for file in placed
        if file.effect is Effect.LEFT and file.state in _BLOCKED
    ]


def check_status(placed: Sequence[Placed]) -> int:
    """1 if anything is not as this version writes it."""
    return 0 if all(file.state is FileState.CURRENT for file in placed) else 1
