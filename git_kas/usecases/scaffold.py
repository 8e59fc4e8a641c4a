"""Puts files into a repository, looks whether they are as they should be, and takes them away again.

Everything is read before anything is written. What somebody has edited, or has written himself, is left alone
and listed.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain.scaffold import OURS, FileState

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from git_kas.domain.scaffold import Piece
    from git_kas.ports.files import WorktreeFiles


class Site(NamedTuple):
    """A piece, and the folder that its path is relative to: a worktree, or Git's common directory."""

    root: str
    piece: Piece


class Effect(StrEnum):
    """What was done with a file, or with a dry run would be."""

    CREATED = "created"
    UPDATED = "updated"
    REMOVED = "removed"
    UNCHANGED = "unchanged"
    LEFT = "left"


EFFECT_MEANINGS: Final[Mapping[Effect, str]] = {
    Effect.CREATED: "it, or our part of it, was not there",
    Effect.UPDATED: "it was as an earlier version wrote it",
    Effect.REMOVED: "it, or our part of it, was taken away",
    Effect.UNCHANGED: "there was nothing to do",
    Effect.LEFT: "it was edited, or is not ours",
}


class Placed(NamedTuple):
    """A file, what it was found to be, and what became of it."""

    root: str
    path: str
    state: FileState
    effect: Effect = Effect.UNCHANGED


class _Found(NamedTuple):
    site: Site
    data: bytes | None
    state: FileState


def look(files: WorktreeFiles, sites: Sequence[Site]) -> Sequence[Placed]:
    """Say what is there of each piece.

    Raises:
        KasError: a file cannot be read, or its folder leads elsewhere.
        InvalidConfiguration: a file cannot be understood.
    """
    return [_placed(found) for found in _find(files, sites)]


def put(files: WorktreeFiles, sites: Sequence[Site], *, dry_run: bool) -> Sequence[Placed]:
    """Write what is missing or outdated.

    Raises:
        KasError, InvalidConfiguration: as for :func:`look`; nothing was written.
        Conflict, ReadOnly, StoreFull: one file could not be written; those before it were.
    """
    done = []
    for found in _find(files, sites):
        effect = _EFFECT_OF_PUTTING[found.state]
        if effect in {Effect.CREATED, Effect.UPDATED} and not dry_run:
            root, piece = found.site
            files.replace(root, piece.path, piece.put(found.data), found.data)
        done.append(_placed(found, effect))
    return done


def take(files: WorktreeFiles, sites: Sequence[Site], *, dry_run: bool) -> Sequence[Placed]:
    """Remove what is ours and was not edited.

    Raises:
        KasError, InvalidConfiguration, Conflict, ReadOnly, StoreFull: as for :func:`put`.
    """
    done = []
    for found in _find(files, sites):
        effect = _EFFECT_OF_TAKING[found.state]
        if effect is Effect.REMOVED and not dry_run:
            _take_out(files, found)
        done.append(_placed(found, effect))
    return done


_EFFECT_OF_PUTTING: Final[Mapping[FileState, Effect]] = {
    FileState.MISSING: Effect.CREATED,
    FileState.OUTDATED: Effect.UPDATED,
    FileState.CURRENT: Effect.UNCHANGED,
    FileState.EDITED: Effect.LEFT,
    FileState.FOREIGN: Effect.LEFT,
}

_EFFECT_OF_TAKING: Final[Mapping[FileState, Effect]] = {
    state: Effect.REMOVED if state in OURS else Effect.LEFT for state in FileState
} | {FileState.MISSING: Effect.UNCHANGED}


def _find(files: WorktreeFiles, sites: Sequence[Site]) -> list[_Found]:
    found = []
    for site in sites:
        data = files.read(site.root, site.piece.path)
        found.append(_Found(site, data, site.piece.state(data)))
    return found


def _take_out(files: WorktreeFiles, found: _Found) -> None:
    root, piece = found.site
    before = found.data or b""
    after = piece.take(before)
    if after is None:
        files.remove(root, piece.path, before)
    else:
        files.replace(root, piece.path, after, before)


def _placed(found: _Found, effect: Effect = Effect.UNCHANGED) -> Placed:
    return Placed(found.site.root, found.site.piece.path, found.state, effect)
