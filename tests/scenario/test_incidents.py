"""Incidents that people reported of tools like this one: what is removed, what is kept and why.

For each one a dry run changes nothing, an execution removes exactly what it should and leaves every other
reference, reflog, setting, worktree and file as it was, and undo brings all of it back.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scenario import (
    incidents_of_branches,
    incidents_of_folders,
    incidents_of_places,
    incidents_of_use,
    incidents_of_worktrees,
)
from scenario.incidents import Fate, Incident, Scene, Thing
from scenario.picture import Picture, assert_only_gone, assert_restored, assert_unchanged
from support import Finished, Run

MODULES = (
    incidents_of_worktrees,
    incidents_of_use,
    incidents_of_folders,
    incidents_of_branches,
    incidents_of_places,
)
ALL = [incident for module in MODULES for incident in module.INCIDENTS]
REFUSED = 8
FAILS = "FAILS"


@pytest.fixture
def scene(tmp_path: Path, environment: dict[str, str]) -> Iterator[Scene]:
    """A repository with two commits on main; all around it belongs to the picture."""
    folder = tmp_path / "all"
    (folder / "repo").mkdir(parents=True)
    made = Scene(folder / "repo", environment)
    made.git("init", "-q")
    made.begin()
    with made.exits:
        yield made


class Asked:
    """``git kas cleanup`` for one incident."""

    def __init__(self, kas: Run, scene: Scene, fate: Fate) -> None:
        self.kas = kas
        self.fate = fate
        self.folder = fate.folder or scene.path

    def run(self, *arguments: str) -> Finished:
        return self.kas(*arguments, cwd=self.folder, env=self.fate.environment)

    def rows(self, *arguments: str, status: int | None = 0) -> dict[str, dict[str, Any]]:
        """The rows of worktrees and branches by name; with a ``status``, the exit status fits them."""
        options = [*self.fate.options, "--worktrees", "--branches", *arguments]
        finished = self.run("cleanup", *options, "--json", "--", *self.fate.names)
        refused = any(str(thing) in self.fate.names for thing in self.fate.kept)
        if status is not None and (FAILS not in self.fate.kept.values() or not arguments):
            assert finished.status == (REFUSED if refused else 0), finished
        return {row["name"]: row for row in finished.data["rows"]}


def check_rows(rows: dict[str, dict[str, Any]], fate: Fate, *, executed: bool) -> None:
    removed = {name for name, row in rows.items() if (row["done"] if executed else row["action"] == "remove")}
    assert removed == expected_removals(fate, executed=executed), rows
    for thing, code in fate.kept.items():
        row = rows.get(written(thing))
        assert row or not code, (thing, rows)
        if row and code != FAILS:
            assert row["action"] == "keep"
            assert not code or code in [reason["code"] for reason in row["reasons"]], row
            assert all(reason["text"] for reason in row["reasons"])
            assert row["reasons"]
    assert all(row["evidence"] or row["reasons"] for row in rows.values())


def expected_removals(fate: Fate, *, executed: bool) -> set[str]:
    failing = {written(thing) for thing, code in fate.kept.items() if code == FAILS and not executed}
    return {written(thing) for thing in fate.removed} | failing


def written(thing: Thing) -> str:
    return os.fspath(thing)


def check_verdicts(asked: Asked) -> None:
    if asked.fate.verdicts:
        found = asked.run("verdict", "--json", "--", *asked.fate.verdicts).data
        assert {row["branch"]: row["verdict"] for row in found} == dict(asked.fate.verdicts)


@pytest.mark.parametrize("incident", ALL, ids=lambda incident: incident.name)
def test_incident(incident: Incident, scene: Scene, kas: Run) -> None:
    fate = incident.build(scene)
    asked = Asked(kas, scene, fate)
    before = scene.picture()
    check_verdicts(asked)
    check_rows(asked.rows(), fate, executed=False)
    assert_unchanged(before, scene.picture())

    rows = asked.rows("--execute")
    check_rows(rows, fate, executed=True)
    branches = [thing for thing in fate.removed if isinstance(thing, str)]
    paths = [written(thing) for thing in fate.removed if isinstance(thing, Path)]
    assert_only_gone(before, scene.picture(), branches, paths)

    if fate.removed:
        check_undo(asked, scene, before)
    if losses := acceptable(rows):
        before = scene.picture()
        asked.rows("--execute", *losses, status=None)
        check_undo(asked, scene, before)


def acceptable(rows: dict[str, dict[str, Any]]) -> list[str]:
    """The options by which the owner of something accepts all that stands in its way."""
    flags = [[reason["flag"] for reason in row["reasons"]] for row in rows.values()]
    return sorted({flag for found in flags if found and all(found) for flag in found})


def check_undo(asked: Asked, scene: Scene, before: Picture) -> None:
    """Undo brings all of it back, although Git has thrown away meanwhile what nothing refers to."""
    assert scene.picture().refs != before.refs or scene.picture().worktrees != before.worktrees
    scene.git("repack", "-a", "-d", "-n", "-q", cwd=scene.common)
    scene.git("prune", "--expire=now", cwd=scene.common)
    undone = asked.run("undo")
    assert undone.status == 0, undone
    assert_restored(before, scene.picture())
    scene.git("fsck", "--no-dangling", cwd=scene.common)


def test_there_are_enough_incidents() -> None:
    assert len(ALL) >= 80
    assert len({incident.name for incident in ALL}) == len(ALL)
