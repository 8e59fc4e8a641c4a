"""Looks through a place of plans, and copies it."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from git_kas.domain.codec import encode_plan, encode_project
from git_kas.domain.lifecycle import Actor
from git_kas.domain.mutation import Author, Import, Request
from git_kas.domain.soundness import contradictions
from git_kas.errors import NotFound, StoreCorrupt

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from git_kas.domain.project import Project
    from git_kas.ports.files import NewFiles
    from git_kas.ports.store import Store
    from git_kas.ports.store_host import StoreHost

_COPIER = Request(Author(Actor.SYSTEM, "git kas store backup"))


class Finding(NamedTuple):
    """Something that is wrong, in a project or (None) in the place."""

    project: str | None
    sentence: str


class Looked(NamedTuple):
    """How much there is in a project, and what is wrong with it."""

    name: str
    plans: int
    entries: int
    findings: Sequence[Finding]


def look_through(name: str, store: Store) -> Looked:
    """Read everything about a project, and hold its history against its plans.

    Raises:
        Unreachable, Busy, SchemaTooNew: it cannot be read.
    """
    try:
        project = store.export()
        store.list_topics()
        store.remarks()
    except StoreCorrupt as error:
        return Looked(name, 0, 0, [Finding(name, error.message)])
    findings = [Finding(name, sentence) for sentence in contradictions(project)]
    return Looked(name, len(project.plans()), len(project.entries), findings)


class Copied(NamedTuple):
    """How much of a project was copied."""

    name: str
    plans: int
    entries: int
    contradictions: int


class _Expected(NamedTuple):
    """What a copy is to be."""

    told: Copied
    has_history: bool
    fingerprint: str


def back_up(
    stores: Iterable[tuple[str, Store]],
    path: str,
    files: NewFiles,
    open_host: Callable[[str], StoreHost],
) -> list[Copied]:
    """Copy the projects of ``stores`` into a new database at ``path``.

    Each is copied as of one moment, and all of it is read back before the file gets its name. ``open_host``
    opens the database in a file.

    Raises:
        AlreadyExists: something is at ``path``.
        NotFound: there is nothing to copy.
        StoreCorrupt: something cannot be read, or was read back otherwise than it was written.
        ReadOnly, StoreFull: the copy cannot be written.
    """
    new = files.begin(path)
    try:
        expected = _copy(stores, new.path, open_host)
        if not expected:
            raise NotFound(
                "There is nothing to copy: nobody has written a plan.", next_step="See 'git kas where'."
            )
        _compare(expected, new.path, open_host)
        new.publish()
    finally:
        new.discard()
    return [copy.told for copy in expected]


def _copy(
    stores: Iterable[tuple[str, Store]], path: str, open_host: Callable[[str], StoreHost]
) -> list[_Expected]:
    copied = []
    host = open_host(path)
    try:
        for name, store in stores:
            project = store.export()
            if not (project.change or project.records or project.topics):
                continue
            told = Copied(name, len(project.plans()), len(project.entries), len(contradictions(project)))
            has_history = project.change > 0
            copied.append(_Expected(told, has_history, _fingerprint(project, with_history=has_history)))
            host.store(name).commit(Import(project, store.describe().place), _COPIER)
    finally:
        host.close()
    return copied


def _compare(expected: Iterable[_Expected], path: str, open_host: Callable[[str], StoreHost]) -> None:
    host = open_host(path)
    try:
        for told, has_history, wanted in expected:
            found = host.store(told.name).export()
            if _fingerprint(found, with_history=has_history) != wanted:
                raise StoreCorrupt(
                    f"The copy of {told.name} is not what was copied; it was not kept.",
                    next_step="Try another disk, and 'git kas store check' on the store.",
                )
    finally:
        host.close()


def _fingerprint(project: Project, *, with_history: bool) -> str:
    """A text that differs where projects do.

    What was taken over and never changed has no history, and gains one by being copied.
    """
    document = encode_project(project)
    if not with_history:
        plans = [encode_plan(plan._replace(revision=0)) for plan in project.plans()]
        document = {"plans": plans, "topics": document["topics"], "passengers": document["passengers"]}
    return sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
