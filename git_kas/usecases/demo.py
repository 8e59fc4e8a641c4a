"""Builds a throw-away repository that holds every situation triage knows, with real Git."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from git_kas.domain.lifecycle import Event
from git_kas.domain.names import BranchName, PlanName
from git_kas.domain.next_step import new_worktree_path
from git_kas.domain.signals import form_of_word, signal_folders, signal_name
from git_kas.domain.state_file import STATE_FILE_NAME
from git_kas.domain.triage import SECONDS_PER_DAY
from git_kas.errors import ProgramFailed
from git_kas.ports.clock import Clock
from git_kas.ports.files import Scratch, ScratchFolder
from git_kas.ports.git import Porcelain
from git_kas.ports.progress import Progress

PROJECT_FOLDER = "project"
_REMOTE_FOLDER = "origin.git"
_PLANS_FOLDER = "docs/plans"


@dataclass(frozen=True, slots=True)
class Staged:
    """A situation that was staged, and the row of triage that shows it: a plan, a branch or a worktree."""

    shown_by: str
    story: str


@dataclass(frozen=True, slots=True)
class Demo:
    """The repository that was built."""

    folder: ScratchFolder
    project: str
    situations: Sequence[Staged]
    to_be_finished: PlanName


def build_demo(
    scratch: Scratch, porcelain: Porcelain, clock: Clock, progress: Progress, path: str | None
) -> Demo:
    """Build it in ``path``, which must be empty or not exist, or in a temporary folder."""
    folder = scratch.create(path)
    try:
        return _Builder(folder, porcelain, progress, clock.now()).build()
    except BaseException:
        folder.delete()
        raise


class _Builder:
    """Stages one situation after another in the same repository."""

    def __init__(self, folder: ScratchFolder, porcelain: Porcelain, progress: Progress, now: int) -> None:
        self._folder = folder
        self._porcelain = porcelain
        self._progress = progress
        self._now = now
        self._project = f"{folder.path}/{PROJECT_FOLDER}"
        self._state: dict[str, dict[str, str]] = {}
        self._situations: list[Staged] = []

    def build(self) -> Demo:
        self._found_repository()
        to_be_finished = self._stage_plans_in_work()
        self._stage_finished_plans()
        self._stage_odd_plans()
        self._stage_branches_without_plan()
        self._stage_worktrees()
        self._stage_damage()
        self._write_state()
        self._progress.done()
        return Demo(self._folder, self._project, self._situations, to_be_finished)

    # -- the stage -------------------------------------------------------------------------------------------

    def _git(self, *arguments: str, days_ago: float = 0, worktree: str = "") -> str:
        at = self._now - int(days_ago * SECONDS_PER_DAY)
        return self._porcelain.run(worktree or self._project, *arguments, at=at)

    def _found_repository(self) -> None:
        # The state file stays out of version control, as in a repository that has been moved to git-kas.
        self._folder.write(f"{PROJECT_FOLDER}/.gitignore", f".worktrees/\n{_PLANS_FOLDER}/{STATE_FILE_NAME}\n")
        self._folder.write(f"{PROJECT_FOLDER}/README.md", "# Demonstration\n")
        self._porcelain.run(self._folder.path, "init", "--quiet", "--bare", "-b", "main", _REMOTE_FOLDER)
        self._git("init", "--quiet", "-b", "main")
        for key, value in (
            ("user.name", "git-kas demo"),
            ("user.email", "demo@example.invalid"),
            ("commit.gpgSign", "false"),
            ("core.hooksPath", f"{self._folder.path}/no-hooks"),
            ("core.autocrlf", "false"),
        ):
            self._git("config", key, value)
        self._git("add", "--", ".gitignore", "README.md", days_ago=60)
        self._git("commit", "--quiet", "-m", "Found the project", days_ago=60)
        self._git("remote", "add", "origin", f"{self._folder.path}/{_REMOTE_FOLDER}")
        self._git("push", "--quiet", "-u", "origin", "main")

    def _plan(self, key: str, status: str, story: str, *, text: bool = True, branch: bool = False) -> PlanName:
        name = PlanName(f"2026-01-{len(self._state) + 1:02}-{key}.md")
        entry = {"status": status, "description": f"demonstrate {key}"}
        if branch:
            entry["branch"] = name.default_branch
        self._state[name] = entry | {"created_at": "2026-01-01T09:00:00Z"}
        self._stage(name, story)
        if text:
            self._folder.write(
                f"{PROJECT_FOLDER}/{_PLANS_FOLDER}/{name}", f"# {key}\n\n## Wave 1\n\n### Task 1: do it\n"
            )
            self._git("add", "--", f"{_PLANS_FOLDER}/{name}", days_ago=40)
            self._git("commit", "--quiet", "-m", f"Plan {key}", days_ago=40)
        return name

    def _stage(self, shown_by: str, story: str) -> None:
        self._progress.step(f"staging {shown_by}")
        self._situations.append(Staged(shown_by, story))

    def _branch(self, name: str, *, days_ago: float, start: str = "main", commits: int = 1) -> None:
        """A branch with commits of its own, made in a temporary worktree that is gone afterwards."""
        workplace = f"{self._folder.path}/workplace"
        self._git("worktree", "add", "--quiet", "-b", name, workplace, start)
        for number in range(commits):
            self._commit("workplace", f"{name}-{number}.txt".replace("/", "-"), f"Work on {name}", days_ago)
        self._git("worktree", "remove", workplace)

    def _commit(self, folder: str, file: str, message: str, days_ago: float) -> None:
        worktree = f"{self._folder.path}/{folder}"
        self._folder.write(f"{folder}/{file}", f"{message}\n")
        self._git("add", "--", file, worktree=worktree)
        self._git("commit", "--quiet", "-m", message, days_ago=days_ago, worktree=worktree)

    def _worktree(self, branch: str) -> str:
        """A worktree where git-kas puts them; its folder below the throw-away folder."""
        path = new_worktree_path(BranchName(branch))
        self._git("worktree", "add", "--quiet", path, branch)
        return f"{PROJECT_FOLDER}/{path}"

    def _write_state(self) -> None:
        document = json.dumps({"plans": self._state}, indent=2, sort_keys=True)
        self._folder.write(f"{PROJECT_FOLDER}/{_PLANS_FOLDER}/{STATE_FILE_NAME}", f"{document}\n")

    # -- the situations --------------------------------------------------------------------------------------

    def _stage_plans_in_work(self) -> PlanName:
        """The plan that may be finished."""
        self._plan("ready", "ready", "planned, and nobody has begun")
        stalled = self._plan("stalled", "implementing", "begun, and nothing committed for weeks", branch=True)
        self._branch(stalled.default_branch, days_ago=21, commits=2)
        dirty = self._plan("dirty", "implementing", "an agent is at work in its worktree", branch=True)
        self._branch(dirty.default_branch, days_ago=0.1)
        folder = self._worktree(dirty.default_branch)
        self._folder.write(f"{folder}/README.md", "# Changed and not committed\n")
        self._folder.write(f"{folder}/notes.txt", "neither committed nor ignored\n")
        task = f"{dirty.default_branch}-w1-t1-1"
        self._branch(task, days_ago=0.05, start=dirty.default_branch)
        self._stage(task, "an agent's branch for one of the plan's tasks")
        review = self._plan("review", "reviewing", "waits for a verdict", branch=True)
        self._branch(review.default_branch, days_ago=0.5, commits=3)
        approved = self._plan("approved", "reviewing", "its reviewer has left a signal: approved", branch=True)
        self._branch(approved.default_branch, days_ago=0.2)
        signal = signal_name(form_of_word(Event.REVIEW_APPROVED), approved)
        folder = f"{PROJECT_FOLDER}/{signal_folders(_PLANS_FOLDER)[0]}"
        self._folder.write(f"{folder}/.gitignore", "*\n")
        self._folder.write(f"{folder}/{signal}", "well done\n")
        self._plan(
            "no-branch", "implementing", "said to be in work, but its branch does not exist", branch=True
        )
        return review

    def _stage_finished_plans(self) -> None:
        merged = self._plan("merged", "done", "merged; its branch is still there", branch=True)
        self._branch(merged.default_branch, days_ago=10)
        self._git("merge", "--quiet", "--no-ff", "-m", "Merge merged", merged.default_branch, days_ago=9)
        squashed = self._plan("squashed", "done", "squash-merged; its branch is still there", branch=True)
        self._branch(squashed.default_branch, days_ago=8, commits=2)
        self._git("merge", "--quiet", "--squash", squashed.default_branch)
        self._git("commit", "--quiet", "-m", "Squash squashed", days_ago=7)
        left = self._plan("left-behind", "cancelled", "cancelled; its worktree is still there", branch=True)
        self._branch(left.default_branch, days_ago=30)
        self._worktree(left.default_branch)
        self._plan("settled", "done", "done, and nothing of it is left")

    def _stage_odd_plans(self) -> None:
        self._plan("no-text", "ready", "an entry whose text is nowhere", text=False)
        legacy = self._plan(
            "legacy-work", "in_progress", "a status of the earlier system: in_progress", branch=True
        )
        self._branch(legacy.default_branch, days_ago=1)
        self._plan("legacy-done", "completed", "a status of the earlier system: completed")
        self._plan("unknown", "bogus", "a status that nobody knows")

    def _stage_branches_without_plan(self) -> None:
        self._branch("experiment", days_ago=4)
        self._stage("experiment", "a branch that belongs to no plan")
        self._branch("contested", days_ago=4)
        self._commit(PROJECT_FOLDER, "contested-0.txt", "Have it otherwise", 3)
        self._stage("contested", "merging it would stop at a conflict with what main did since")
        self._git("branch", "just-made")
        self._stage("just-made", "a branch with nothing of its own yet")
        self._branch("gone", days_ago=5)
        self._git("push", "--quiet", "-u", "origin", "gone")
        self._git("push", "--quiet", "origin", "--delete", "gone")
        self._stage("gone", "its branch on the server was deleted")
        tree = self._git("rev-parse", "main^{tree}").strip()
        root = self._git("commit-tree", "-m", "Another root", tree, days_ago=3).strip()
        self._git("branch", "unrelated", root)
        self._stage("unrelated", "shares no commit with main")

    def _stage_worktrees(self) -> None:
        for name, story in (
            ("missing", "its worktree's folder was deleted by hand"),
            ("locked", "its worktree is locked, with a reason"),
            ("conflicted", "a rebase has stopped at a conflict"),
        ):
            self._branch(name, days_ago=2)
            folder = self._worktree(name)
            self._stage(name, story)
            if name == "missing":
                self._folder.remove(folder)
            elif name == "locked":
                self._git("worktree", "lock", "--reason", "agent 7 is at work", f"{self._folder.path}/{folder}")
            else:
                self._stop_rebase_at_conflict(folder)
        detached = new_worktree_path(BranchName("detached"))
        self._git("worktree", "add", "--quiet", "--detach", detached, "main")
        self._stage(f"{self._project}/{detached}", "a worktree without a branch")

    def _stage_damage(self) -> None:
        shared = BranchName("shared")
        self._branch(shared, days_ago=1)
        for key in ("one-of-two", "two-of-two"):
            plan = self._plan(key, "implementing", "two plans name the same branch")
            self._state[plan]["branch"] = shared
        self._branch("release", days_ago=1)
        self._git("config", "kas.protected", "release")
        self._stage("release", "protected by configuration")
        self._folder.write(f"{PROJECT_FOLDER}/.git/refs/heads/dangling", f"{'1' * 40}\n")
        self._stage("dangling", "leads to a commit that is not here")
        for name, story, path in (
            ("foreign", "something else lies where its worktree was", "{folder}/.git"),
            ("unreadable", "the index of its worktree is damaged", "{admin}/index"),
            ("at-work", "a lock file: Git is at work there, or has died", "{admin}/index.lock"),
        ):
            self._branch(name, days_ago=2)
            folder = self._worktree(name)
            admin = f"{PROJECT_FOLDER}/.git/worktrees/{name}"
            self._folder.write(path.format(folder=folder, admin=admin), "not what Git would write\n")
            self._stage(name, story)

    def _stop_rebase_at_conflict(self, folder: str) -> None:
        self._commit(PROJECT_FOLDER, "conflict.txt", "Say it this way", 1)
        self._commit(folder, "conflict.txt", "Say it that way", 1)
        try:
            self._git("rebase", "--quiet", "main", worktree=f"{self._folder.path}/{folder}")
        except ProgramFailed:
            return  # as intended: Git stops at the conflict
