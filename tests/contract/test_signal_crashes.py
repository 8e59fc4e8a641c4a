"""Killed at any step of applying signals, the next run finishes it: each counts once, and no text is lost.

The process ends here by an exception that nothing catches, after which no further system call succeeds.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from contract.signal_cases import FOLDERS, leave
from git_kas.domain.ledger import Outcome
from git_kas.domain.lifecycle import Event
from git_kas.domain.mutation import Mutation, Request
from git_kas.domain.names import PlanName
from git_kas.ports.files import PlanText
from git_kas.ports.memory_store import MemoryStore
from git_kas.ports.signals import SignalPlace
from git_kas.usecases.apply_signals import apply_signals
from git_kas.usecases.commit_signal import SignalPorts, SignalScope
from git_kas.usecases.rejected_signals import retry_signals
from git_kas_files.signal_box import FolderSignalBox
from unit.signal_worlds import SECOND, START, World

CALLS = ("mkdir", "rename", "replace", "link", "unlink", "rmdir", "open", "write", "fsync")
WRITTEN_NS = (START + 10) * SECOND

SIGNALS = (
    ("implement-finished-a.md", "text 1"),
    ("review-changes-a.md", "text 2"),
    ("review-approved-b.md", "text 3"),
    ("review-changes-b.md", "text 4"),
    ("review-approved-c.md", "text 5"),
    ("cancel-a.md", "text 6"),
    ("planner-finished-new.md", "text 7"),
    ("planner-finished-unknown.md", "text 8"),
)


@pytest.fixture(autouse=True, scope="module")
def quick_disk() -> Iterator[None]:
    """A process that ends loses nothing that was written; waiting for the disk would only take time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda _: None)
        yield


class Killed(BaseException):
    """The process is gone."""


class Fate:
    """Lets so many steps happen, and none afterwards."""

    def __init__(self, steps: int) -> None:
        self.left = steps
        self.taken = 0

    def step(self) -> None:
        self.taken += 1
        self.left -= 1
        if self.left < 0:
            raise Killed


class MortalStore(MemoryStore):
    """A store whose caller may die before and after a commit."""

    fate: Fate | None = None

    def commit(self, mutation: Mutation, request: Request) -> Outcome:
        if self.fate:
            self.fate.step()
        outcome = super().commit(mutation, request)
        if self.fate:
            self.fate.step()
        return outcome


class Scene:
    """Signals on disk, a store that outlives every crash, and what is to be seen at the end."""

    def __init__(self, folder: Path) -> None:
        (folder / "worktree").mkdir(parents=True)
        self.common = folder / "common"
        self.common.mkdir()
        self.place = SignalPlace("wt", str(folder / "worktree"), FOLDERS)
        self.world = World()
        self.store = self.world.store = MortalStore(self.world.clock)
        self.world.create("a.md", Event.IMPLEMENT_START)
        self.world.reviewing("b.md")
        self.world.create("c.md")
        self.world.texts[f"{self.place.worktree}/docs/plans/new.md"] = PlanText(b"# New", 5)
        for index, (name, text) in enumerate(SIGNALS):
            leave(self.place, name, text, WRITTEN_NS + index * SECOND)
        self.world.wait(60)

    def apply(self) -> None:
        ports = self.world.ports()
        box = FolderSignalBox(str(self.common))
        apply_signals(
            SignalPorts(box, ports.store, ports.plan_files, ports.clock, ports.progress),
            SignalScope([self.place], "docs/plans", None),
        )

    def retry(self) -> None:
        retry_signals(FolderSignalBox(str(self.common)), [self.place], None)

    def run(self, action: Callable[[], None], steps: int) -> bool:
        """Whether ``action`` came to its end in so many steps."""
        fate = Fate(steps)
        self.store.fate = fate
        try:
            with mortal(fate):
                action()
        except Killed:
            return False
        finally:
            self.store.fate = None
        return True

    def effects(self) -> list[Any]:
        """All that happened to plans, and what was rejected for which reason."""
        moves = [
            (entry.plan, entry.action, entry.event, entry.note, entry.key) for entry in self.store.history()
        ]
        rejected = FolderSignalBox(str(self.common)).rejected()
        return [moves, sorted((signal.identity, signal.name, signal.record.cause) for signal in rejected)]

    def texts(self) -> str:
        """Everything that is kept anywhere."""
        files = [
            path.read_text()
            for folder in (self.common, Path(self.place.worktree))
            for path in folder.rglob("*")
            if path.is_file()
        ]
        return "\n".join([*files, *(entry.note for entry in self.store.history())])

    def files(self) -> list[str]:
        worktree = Path(self.place.worktree)
        return [str(path.relative_to(worktree)) for path in worktree.rglob("*") if path.is_file()]


@contextmanager
def mortal(fate: Fate) -> Iterator[None]:
    """Let system calls that change something, or open something, be steps."""
    with pytest.MonkeyPatch.context() as patch:
        for name in CALLS:
            patch.setattr(os, name, _counted(getattr(os, name), fate))
        yield


def _counted(call: Callable[..., Any], fate: Fate) -> Callable[..., Any]:
    def counted(*arguments: Any, **options: Any) -> Any:
        fate.step()
        return call(*arguments, **options)

    return counted


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Any], int]:
    """What happens without a crash, and in how many steps."""
    scene = Scene(tmp_path_factory.mktemp("undisturbed"))
    fate = Fate(1_000_000)
    scene.store.fate = fate
    with mortal(fate):
        scene.apply()
    return normal(scene), fate.taken


def normal(scene: Scene) -> list[Any]:
    """The effects without the part of identities that depends on the folder of the test."""
    moves, rejected = scene.effects()
    keys: dict[str, int] = {}
    return [
        [(*move[:4], keys.setdefault(move[4], len(keys))) for move in moves],
        sorted(signal[1:] for signal in rejected),
    ]


def test_the_scene_has_all_kinds(undisturbed: tuple[list[Any], int]) -> None:
    (moves, rejected), steps = undisturbed
    assert [(move[0], move[2]) for move in moves if move[3].startswith("text")] == [
        ("a.md", Event.IMPLEMENT_FINISHED),
        ("a.md", Event.REVIEW_CHANGES_REQUESTED),
        ("new.md", Event.PLANNER_FINISHED),
    ]
    assert [signal[1] for signal in rejected] == [
        "user_only",
        "no_plan",
        "contradicted",
        "invalid",
        "contradicted",
    ]
    assert steps > 100


@pytest.mark.parametrize("part", range(4))
def test_killed_at_any_step(tmp_path: Path, undisturbed: tuple[list[Any], int], part: int) -> None:
    expected, steps = undisturbed
    for step in range(part, steps, 4):
        scene = Scene(tmp_path / str(step))
        assert not scene.run(scene.apply, step)
        assert all(text in scene.texts() for _, text in SIGNALS), f"a text is lost at step {step}"
        scene.apply()
        assert normal(scene) == expected, f"killed at step {step}"
        assert scene.files() == [], f"killed at step {step}"


def test_killed_twice(tmp_path: Path, undisturbed: tuple[list[Any], int]) -> None:
    expected, steps = undisturbed
    for step in range(0, steps, 9):
        scene = Scene(tmp_path / str(step))
        scene.run(scene.apply, step)
        scene.run(scene.apply, (step * 7) % 61)
        scene.apply()
        assert normal(scene) == expected, f"killed at step {step}"


def test_killed_while_rejected_ones_are_put_back(tmp_path: Path) -> None:
    """However often it is tried, a retried signal counts once."""
    step, finished = 0, False
    while not finished:
        scene = Scene(tmp_path / str(step))
        scene.apply()
        scene.world.move(Event.PLAN_START, name="c.md")
        scene.world.move(Event.PLANNER_FINISHED, Event.IMPLEMENT_START, Event.IMPLEMENT_FINISHED, name="c.md")
        finished = scene.run(scene.retry, step)
        assert all(text in scene.texts() for _, text in SIGNALS)
        scene.apply()
        scene.retry()
        scene.apply()
        keys = [entry.key for entry in scene.store.history(PlanName("b.md")) if entry.key]
        assert len(keys) == len(set(keys))
        step += 1
    assert step > 10


def test_a_signal_whose_claim_was_linked_twice_counts_once(tmp_path: Path) -> None:
    """Giving back is interrupted between the new name and the removal of the old one."""
    scene = Scene(tmp_path)
    box = FolderSignalBox(str(scene.common))
    first = min(box.find([scene.place]).waiting, key=lambda waiting: waiting.mtime_ns)
    claimed = box.claim(first)
    assert claimed is not None
    folder = Path(scene.place.worktree, FOLDERS[0])
    os.link(folder / "processing" / claimed.identity / claimed.name, folder / claimed.name)
    scene.apply()
    scene.apply()
    events = [entry.event for entry in scene.store.history(PlanName("a.md"))]
    assert events.count(Event.IMPLEMENT_FINISHED) == 1
    assert scene.files() == []
