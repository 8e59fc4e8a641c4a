"""Cleanup and undo, killed before any of their system calls: nothing is lost, and undo ends it."""

from __future__ import annotations

import random
import shutil
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from fault.tracing import Call
from fault.walk import FULL, SIGKILL_STATUS, seed_of
from fault.worlds import ONE, World
from git_kas.domain.lifecycle import Status
from git_kas.domain.mutation import Create, SetStatus
from git_kas.domain.names import PlanName
from janitor import Picture, assert_restored, picture
from support import Repo, needs_program

ACCEPTED = ("--discard-uncommitted", "--discard-untracked", "--discard-ignored", "--discard-fresh")
CLEANUP = ("cleanup", "--execute", *ACCEPTED, "--json")
UNDO = ("undo", "--json")
STEPS = 2
MOST_UNDOS = 4


class Janitor:
    """A repository in which a worktree, an entry without a folder, branches and a plan can go."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.world = World(folder, environment)
        self.repo = Repo(self.world.repo, self.world.environment)
        self._build()
        self.world.keep()

    def _build(self) -> None:
        repo, top = self.repo, self.repo.path
        repo.git("config", "gc.reflogExpire", "never")  # what gc itself takes is not our loss
        repo.git("config", "gc.reflogExpireUnreachable", "never")
        repo.commit("first", {".gitignore": "*.log\n.worktrees/\n"})
        for name in ("merged", "plan/done"):
            repo.git("checkout", "-q", "-b", name)
            repo.commit(f"on {name}")
            repo.git("checkout", "-q", "main")
            repo.git("merge", "-q", "--no-ff", "-m", f"merge {name}", name)
        repo.git("config", "branch.merged.remote", "origin")
        repo.git("config", "core.later", "x")
        work = top / ".worktrees" / "done"
        repo.git("worktree", "add", "-q", str(work), "plan/done")
        (work / "new.txt").write_text("untracked\n")
        (work / "a.log").write_text("ignored\n")
        (work / "staged.txt").write_text("staged only\n")
        repo.git("add", "staged.txt", cwd=work)
        (work / "staged.txt").unlink()
        gone = top / ".worktrees" / "gone"
        repo.git("worktree", "add", "-q", "-b", "gone", str(gone))
        shutil.rmtree(gone)
        self.world.commit(Create(PlanName("done.md"), Status.DONE, branch="plan/done", content=b"# Done\n"))
        self.world.commit(Create(ONE))
        self.world.commit(SetStatus(ONE, Status.CANCELLED))
        self.blob = repo.git("rev-parse", ":staged.txt", cwd=work)

    def check_whole(self) -> None:
        """Whatever happened, Git finds no fault and nothing that was there is lost."""
        self.repo.git("fsck", "--full")
        self.repo.git("gc", "-q", "--prune=now")
        self.repo.git("fsck", "--full")
        assert self.repo.git("cat-file", "-t", self.blob) == "blob"

    def undo_everything(self) -> None:
        """Undo until nothing is left to undo."""
        for _ in range(MOST_UNDOS):
            answer = self.world.kas(*UNDO)
            if answer.status == 3:
                return
            assert answer.status == 0, answer
        raise AssertionError("there is always something more to undo")

    def check_as_before(self, before: Picture) -> None:
        """Everything is back, the plans too, and nothing of ours stands in Git's way."""
        assert_restored(before, picture(self.repo))
        common = self.repo.path / ".git"
        assert [path for path in common.rglob("*.lock") if "kas" not in path.parts] == []
        plans = {plan["filename"]: plan["status"] for plan in self.world.kas("plan", "list", "--json").data}
        assert plans == {ONE: "cancelled", "done.md": "done"}
        self.check_whole()


def shown(problem: AssertionError) -> str:
    """What was asserted and where, and the values."""
    return "".join(traceback.format_exception(problem))[-1500:]


def walk(
    janitor: Janitor,
    config: pytest.Config,
    command: tuple[str, ...],
    prepare: Callable[[], object],
    check: Callable[[Picture, int], None],
) -> None:
    """Kill ``command`` at steps, each in a repository that was put back and prepared, and check."""
    prepare()
    undisturbed = janitor.world.kas_traced(*command)
    assert undisturbed.finished.status == 0, undisturbed.finished
    # Files are opened as often as there are processes to look at, so that their numbers say nothing. What is
    # between the opening of a new file and its first byte is met at the write.
    steps: list[Call] = [step for step in undisturbed.steps if not step.is_output and step.kind != "openat"]
    assert len(steps) > 30
    numbered = list(enumerate(steps))
    if not FULL:
        numbered = random.Random(f"{seed_of(config)} {command}").sample(numbered, STEPS)
    problems = []
    for number, step in numbered:
        janitor.world.put_back()
        before = picture(janitor.repo)
        prepare()
        killed = janitor.world.kas_traced(*command, inject=f"{step.kind}:signal=SIGKILL:when={step.number}")
        try:
            assert killed.finished.status == SIGKILL_STATUS
            janitor.check_whole()
            check(before, number)
        except AssertionError as problem:
            problems.append(f"{step.kind} {step.number}: {step.text[:200]}\n  {shown(problem)}")
    print(f"FIGURES {command[0]}: {len(numbered)} of {len(steps)} steps, {len(problems)} problems")
    assert not problems, f"{len(problems)} steps\n" + "\n".join(problems)


@pytest.fixture
def janitor(tmp_path: Path, environment: dict[str, str]) -> Janitor:
    needs_program("strace")
    return Janitor(tmp_path, environment)


def test_a_killed_cleanup_can_be_undone_or_repeated(janitor: Janitor, pytestconfig: pytest.Config) -> None:
    def check(before: Picture, number: int) -> None:
        if number % 2:
            again = janitor.world.kas(*CLEANUP)
            assert again.status == 0, again
            assert janitor.repo.git("branch", "--format=%(refname:short)") == "main"
            assert janitor.repo.git("worktree", "list").count("\n") == 0
            assert "branch" not in (janitor.repo.path / ".git/config").read_text()
            plans = janitor.world.kas("plan", "list", "--json").data
            assert [plan["filename"] for plan in plans] == ["done.md"]
            janitor.check_whole()
        janitor.undo_everything()
        janitor.check_as_before(before)

    walk(janitor, pytestconfig, CLEANUP, lambda: None, check)


def test_a_killed_undo_goes_on(janitor: Janitor, pytestconfig: pytest.Config) -> None:
    def clean_up() -> None:
        done = janitor.world.kas(*CLEANUP)
        assert done.status == 0, done
        assert len([row for row in done.data["rows"] if row["done"]]) == 6, done

    def check(before: Picture, number: int) -> None:
        janitor.undo_everything()
        janitor.check_as_before(before)

    walk(janitor, pytestconfig, UNDO, clean_up, check)
