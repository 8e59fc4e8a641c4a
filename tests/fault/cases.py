"""What is killed and failed at every step: commands, each with the repository it meets."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from fault.worlds import ONE, TWO, World
from git_kas.domain.lifecycle import Event
from git_kas.domain.mutation import Create, CreateTopic, Rename, Transition, Update
from git_kas.domain.names import PlanName

LARGE_NOTE = "n" * 70_000  # more than the journal may hold behind its snapshot
THIRD = PlanName("2020-01-03-three.md")


@dataclass(frozen=True)
class Case:
    """A command, and how the repository it meets comes about; ``subject`` is the plan to look at."""

    name: str
    prepare: Callable[[World], None]
    command: tuple[str, ...]
    subject: str = ONE
    same_answer_again: bool = True

    def __str__(self) -> str:
        return self.name


def _earlier_state(world: World) -> None:
    plans = {
        str(ONE): {"status": "ready", "description": "the first", "created_at": "2020-01-01T00:00:00Z"},
        str(TWO): {"status": "in_progress", "branch": "plan/two", "topic": "api"},
    }
    folder = world.repo / "docs" / "plans"
    folder.mkdir(parents=True)
    (folder / "plan-state.json").write_text(json.dumps({"plans": plans, "topics": {"api": {}}}, indent=2))


def _with_draft(world: World) -> None:
    world.two_plans()
    (world.repo / "draft.md").write_text("# A third plan\n\n**Goal:** to be there as a whole\n")


def _with_snapshot(world: World) -> None:
    world.two_plans()
    world.commit(Create(THIRD, description=LARGE_NOTE))
    assert (world.kas_folder / "cache" / "plan-snapshot").exists()


def _edited_by_hand(world: World) -> None:
    world.two_plans()
    text = world.state.read_text()
    assert '"the first"' in text
    world.state.write_text(text.replace('"the first"', '"by hand"'))


def _died_before_the_state_file(world: World) -> None:
    world.two_plans()
    behind = world.state.read_bytes()
    world.commit(Transition(TWO, (Event.IMPLEMENT_FINISHED,)))
    world.state.write_bytes(behind)


def _died_within_a_line(world: World) -> None:
    world.two_plans()
    whole = world.journal.read_bytes()
    world.commit(Transition(TWO, (Event.IMPLEMENT_FINISHED,)))
    world.state.write_bytes(_state_before_last(world))
    world.journal.write_bytes(whole + world.journal.read_bytes()[len(whole) :][:300])


def _state_before_last(world: World) -> bytes:
    return world.state.read_bytes().replace(b'"reviewing"', b'"implementing"')


def _kept_in_place(world: World) -> None:
    _earlier_state(world)
    world.url = "json:docs/plans/plan-state.json"
    world.environment["KAS_STORE"] = world.url


def _export_beside(world: World) -> None:
    """An export with texts, history, keys and a gone name beside the repository, whose store is empty."""
    world.two_plans()
    world.commit(Create(THIRD, content=b"# Three\n"))
    world.commit(Rename(THIRD, PlanName("2020-01-03-third.md")))
    world.commit(CreateTopic("later"))
    _export(world)
    for path in sorted(world.kas_folder.rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    world.kas_folder.rmdir()


def _newer_export_beside(world: World) -> None:
    """An export that says otherwise, about a plan, its text and its topics, than the store."""
    world.two_plans()
    files = world.files()
    world.commit(Update(ONE, description="changed elsewhere", topic="elsewhere"))
    world.commit(Transition(TWO, (Event.IMPLEMENT_FINISHED,), content=b"# Two, elsewhere\n"))
    world.commit(Create(THIRD, content=b"# Three\n"))
    _export(world)
    for name in set(world.files()) - set(files):
        (world.kas_folder / name).unlink()
    for name, data in files.items():
        (world.kas_folder / name).write_bytes(data)


def _export(world: World) -> None:
    assert world.kas("export", "-o", str(world.repo / "export.json")).status == 0


_START = ("plan", "transition", str(ONE), "implement_start", "-m", "why", "--key", "the-key", "--json")
_LARGE = ("plan", "transition", str(ONE), "implement_start", "-m", LARGE_NOTE, "--key", "the-key", "--json")
_CREATE = ("plan", "create", str(THIRD), "-F", "draft.md", "-t", "new topic", "--key", "the-key", "--json")
_RENAME = ("plan", "rename", str(TWO), "2020-01-02-second", "--key", "the-key", "--json")
_IMPORT = ("import", "export.json", "--key", "the-key", "--json")

CASES = (
    Case("first-mutation-takes-over", _earlier_state, _START),
    Case("kept-in-place", _kept_in_place, _START),
    Case("transition", World.two_plans, _START),
    Case("create-with-text", _with_draft, _CREATE, str(THIRD)),
    Case("rename", World.two_plans, _RENAME, "2020-01-02-second.md"),
    Case("first-snapshot", World.two_plans, _LARGE),
    Case("snapshot-renewed", _with_snapshot, _LARGE),
    Case("edit-adopted", _edited_by_hand, _START),
    Case("state-file-redone", _died_before_the_state_file, _START),
    Case("torn-line-removed", _died_within_a_line, _START),
    Case("import", _export_beside, _IMPORT, str(TWO), same_answer_again=False),
    Case("import-update", _newer_export_beside, (*_IMPORT, "--update"), str(TWO), same_answer_again=False),
)
