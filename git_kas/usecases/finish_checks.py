"""The checks before a plan is finished: each has a reason of its own, and none changes anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from git_kas.domain.finish import Asked, Choice, Strategy, finishing_events
from git_kas.domain.finish_text import (
    MOST_COMMITS_LISTED,
    merge_message,
    plan_title,
    request_body,
    squash_message,
)
from git_kas.domain.lifecycle import FINISHED
from git_kas.errors import ChecksFailed, InvalidTransition, KasError, NotFound, WouldLoseData
from git_kas.usecases.finish_ports import Check, CheckName
from git_kas.usecases.plan_texts import plan_details
from git_kas.usecases.signals import SignalState, list_signals, signal_places

if TYPE_CHECKING:
    from git_kas.domain.base import Base
    from git_kas.domain.names import BranchName, ObjectId
    from git_kas.domain.plan import Plan
    from git_kas.domain.worktree import Dirt, Worktree
    from git_kas.usecases.finish_git import FinishGit, Trial
    from git_kas.usecases.finish_ports import FinishPorts, FinishScope, Wish

_MOST_NAMED: Final = 10


class Examination:
    """Looks at all that must be right before ``wish`` is granted; :attr:`checks` is what was found.

    After a check that others need they are left out.
    """

    def __init__(self, ports: FinishPorts, scope: FinishScope, git: FinishGit, wish: Wish) -> None:
        self._ports = ports
        self._scope = scope
        self._git = git
        self.wish = wish
        self.checks: list[Check] = []
        self.warnings: list[str] = []
        self.plan = ports.store.get_plan(wish.plan)
        self.branch = self.plan.branch_name() or wish.plan.default_branch
        self.asked = Asked(wish.plan, wish.choice, cleanup=wish.cleanup and wish.choice is not Choice.KEEP)

    def run(self) -> None:
        """Look at everything but what the tests say."""
        self._check_status()
        self._check_signals()
        if self.wish.choice is Choice.KEEP:
            self.asked = Asked(self.wish.plan, self.wish.choice, str(self.branch), cleanup=False)
            return
        self._ports.progress.step("checking branch and worktree")
        tip, base = self._git.tip(self.branch.ref), self._scope.base
        if not self._check_branch(tip, base) or tip is None or base is None:
            return
        self._check_commits(tip, base)
        worktree = self._check_worktree()
        if self.wish.choice is Choice.MERGE:
            self._check_base(tip, base)
        self._check_trial(tip, base)
        remote = self._check_remote() if self.wish.choice is Choice.PULL_REQUEST else ""
        self.asked = self._compose(tip, base, worktree, remote)

    def check_worktree_again(self) -> None:
        """Look once more whether the branch's worktree is clean: the tests may have left something."""
        self._check_worktree()

    @property
    def refusal(self) -> KasError | None:
        """Why it cannot be done, None if it can."""
        return next((check.problem for check in self.checks if check.problem is not None), None)

    def announce_tests(self) -> None:
        """Say what would be tested."""
        if self._scope.test_command and self.wish.choice is not Choice.KEEP:
            place = self.asked.worktree or "the branch's worktree, which is missing"
            self._passed(CheckName.TESTS, f"'{self._scope.test_command}' would be run in {place}")

    def run_tests(self) -> None:
        """Run the user's test command in the branch's worktree; what it prints goes to standard error."""
        command, folder = self._scope.test_command, self.asked.worktree
        if not command or self.wish.choice is Choice.KEEP:
            return
        if not folder:
            self._failed(
                CheckName.TESTS,
                NotFound(
                    f"'{command}' cannot be run: no worktree has {self.branch} checked out.",
                    next_step=f"Add one: 'git worktree add <path> {self.branch}'.",
                ),
            )
            return
        self._ports.progress.done()
        status = self._ports.commands.run(command, folder)
        if status:
            self._failed(
                CheckName.TESTS,
                ChecksFailed(
                    f"'{command}' failed in {folder} with status {status}; nothing was changed.",
                    next_step="Mend what it says, and finish again.",
                ),
            )
        else:
            self._passed(CheckName.TESTS, f"'{command}' succeeded")

    # -- one check each --------------------------------------------------------------------------------------

    def _check_status(self) -> None:
        try:
            events = finishing_events(self.plan)
        except InvalidTransition as error:
            self._failed(CheckName.STATUS, error)
        else:
            self._passed(
                CheckName.STATUS,
                ", then ".join([self.plan.status, ", ".join(events)]) if events else self.plan.status,
            )

    def _check_signals(self) -> None:
        places = signal_places(self._git.worktrees(), self._scope.plans_folder)
        rows, problems = list_signals(self._ports.signal_box, places)
        name = self.wish.plan
        waiting = [row.event for row in rows if row.plan == name and row.state is not SignalState.REJECTED]
        if problems:
            problem = f"Signals cannot be read: {problems[0]}"
            step = "Mend that; a signal about the plan may be among them."
            self._failed(CheckName.SIGNALS, WouldLoseData(problem, next_step=step))
        elif waiting:
            problem = f"Signals about {name} wait to be applied: {', '.join(waiting)}."
            step = "Run 'git kas signals apply' first."
            self._failed(CheckName.SIGNALS, WouldLoseData(problem, next_step=step))
        else:
            self._passed(CheckName.SIGNALS, "none waits")

    def _check_branch(self, tip: ObjectId | None, base: Base | None) -> bool:
        problem: KasError | None = None
        others = [plan for plan in self._ports.store.list_plans() if self._shares_branch(plan)]
        if base is None:
            step = "Name it: 'git config kas.base <branch>'."
            problem = NotFound("The repository has no base branch to land on.", next_step=step)
        elif tip is None:
            step = "'git kas plan show' tells which branch the plan names."
            problem = NotFound(f"The branch '{self.branch}' does not exist.", next_step=step)
        elif self.branch == base.name:
            step = "With --keep the plan is only marked done."
            problem = ChecksFailed(f"The plan's branch '{self.branch}' is the base itself.", next_step=step)
        elif others:
            names = ", ".join(plan.filename for plan in others)
            step = "Finish those first, or name branches of their own."
            problem = WouldLoseData(
                f"'{self.branch}' is the branch of other open plans: {names}.", next_step=step
            )
        if problem is not None:
            self._failed(CheckName.BRANCH, problem)
        else:
            self._passed(CheckName.BRANCH, f"{self.branch} exists")
        return problem is None

    def _shares_branch(self, plan: Plan) -> bool:
        if plan.filename == self.wish.plan or plan.status in FINISHED:
            return False
        return (plan.branch_name() or plan.filename.default_branch) == self.branch

    def _check_commits(self, tip: ObjectId, base: Base) -> None:
        count = self._git.count(base.tip, tip)
        if count:
            self._passed(CheckName.COMMITS, f"{count} ahead of {base.word}")
            return
        problem = f"'{self.branch}' has no commit that {base.word} lacks."
        step = "If its work has landed already, --keep marks the plan done."
        self._failed(CheckName.COMMITS, ChecksFailed(problem, next_step=step))

    def _check_worktree(self) -> Worktree | None:
        try:
            worktree = self._git.worktree_of(self.branch)
        except WouldLoseData as error:
            self._failed(CheckName.WORKTREE, error)
            return None
        if worktree is None:
            self._passed(CheckName.WORKTREE, "it has none")
            return None
        problem = worktree_problem(worktree)
        if not problem:
            dirt = self._git.dirt(worktree, self._scope.plans_folder)
            if dirt.changed or dirt.untracked:
                problem = f"{_dirt_text(dirt)} in {worktree.path} in no commit"
            elif dirt.problem:
                problem = f"'git status' fails in {worktree.path}: {dirt.problem}"
        if problem:
            step = f"Look: 'git -C {worktree.path} status'. Commit what is to land."
            self._failed(CheckName.WORKTREE, WouldLoseData(f"{problem}.", next_step=step))
        else:
            self._passed(CheckName.WORKTREE, f"{worktree.path} is clean")
        return worktree

    def _check_base(self, tip: ObjectId, base: Base) -> None:
        if base.ref != base.name.ref:
            problem = f"There is no local branch '{base.name}' to merge into, only {base.word}."
            step = f"Make it: 'git branch {base.name} {base.word}'."
            self._failed(CheckName.BASE, NotFound(problem, next_step=step))
            return
        try:
            site = self._git.worktree_of(base.name)
        except WouldLoseData as error:
            self._failed(CheckName.BASE, error)
            return
        if site is None:
            self._passed(CheckName.BASE, f"{base.name} is checked out nowhere")
            return
        move = base.tip, tip
        refusal = moving_refusal(self._git, site, self._scope.plans_folder, move, merged=True)
        if refusal is not None:
            self._failed(CheckName.BASE, refusal)
        else:
            self._passed(CheckName.BASE, f"{base.name} is checked out at {site.path}")

    def _check_trial(self, tip: ObjectId, base: Base) -> None:
        self._ports.progress.step("trying the merge")
        forward = self.wish.strategy is Strategy.FF and self.wish.choice is Choice.MERGE
        if forward and not self._git.contains(tip, base.tip):
            problem = f"{base.word} has commits that '{self.branch}' lacks; it cannot be moved forward."
            step = "Use another --strategy, or merge the base into the branch first."
            self._failed(CheckName.TRIAL, ChecksFailed(problem, next_step=step))
            return
        trial = self._git.trial(base.tip, tip)
        refusal = trial_refusal(trial, self.branch, base.word)
        if refusal is not None:
            self._failed(CheckName.TRIAL, refusal)
        elif trial.untried:
            self._passed(CheckName.TRIAL, f"could not be tried: {trial.untried}")
            self.warnings.append(f"The merge could not be tried beforehand: {trial.untried}.")
        else:
            self._passed(CheckName.TRIAL, f"{self.branch} merges into {base.word} without conflict")

    def _check_remote(self) -> str:
        remote = push_remote(self._scope, self.branch)
        if remote:
            self._passed(CheckName.REMOTE, remote)
        else:
            step = "Add one with 'git remote add', or use --merge."
            problem = NotFound(f"There is no remote to push '{self.branch}' to.", next_step=step)
            self._failed(CheckName.REMOTE, problem)
        return remote

    # -- what is written down --------------------------------------------------------------------------------

    def _compose(self, tip: ObjectId, base: Base, worktree: Worktree | None, remote: str) -> Asked:
        details = plan_details(self._ports.store, self.wish.plan, self._scope.texts)
        title = plan_title(self.plan, details.document)
        wish, branch, body, message = self.wish, self.branch, "", ""
        if wish.choice is Choice.PULL_REQUEST:
            history = self._ports.store.history(wish.plan)
            body = request_body(self.plan, details.document, history)
        elif wish.strategy is Strategy.SQUASH:
            subjects = self._git.subjects(base.tip, tip, MOST_COMMITS_LISTED)
            message = squash_message(branch, title, subjects, self._git.count(base.tip, tip))
        elif wish.strategy is Strategy.NO_FF:
            message = merge_message(branch, title)
        return Asked(
            plan=wish.plan,
            choice=wish.choice,
            branch=branch,
            tip=tip,
            base=base.name,
            base_tip=base.tip,
            strategy=wish.strategy if wish.choice is Choice.MERGE else "",
            worktree=worktree.path if worktree else "",
            message=message,
            title=title,
            body=body,
            remote=remote,
            draft=wish.draft,
            cleanup=wish.cleanup,
        )

    def _passed(self, name: CheckName, text: str) -> None:
        self.checks.append(Check(name, text))

    def _failed(self, name: CheckName, problem: KasError) -> None:
        self.checks.append(Check(name, problem.message, problem))


def worktree_problem(worktree: Worktree) -> str:
    """Why nothing can be done in ``worktree``, as a clause; empty if its state is an ordinary one."""
    if not worktree.readable:
        return f"The worktree {worktree.path} is not where it is registered"
    if worktree.operations:
        return f"A {worktree.operations[0]} is not finished in {worktree.path}"
    if worktree.lock_files:
        return f"Another git is at work in {worktree.path} ({worktree.lock_files[0]})"
    return ""


def moving_refusal(
    git: FinishGit, site: Worktree, plans_folder: str, move: tuple[str, str], *, merged: bool = False
) -> KasError | None:
    """Why the files at ``site`` cannot follow the branch from one commit to another, None if they can.

    With ``merged`` the second commit is merged into the first one.
    """
    refusal = site_refusal(git, site, plans_folder)
    if refusal is not None:
        return refusal
    return overwriting_refusal(git.in_the_way(site.path, *move, merged=merged), site.path)


def site_refusal(git: FinishGit, site: Worktree, plans_folder: str) -> KasError | None:
    """Why the branch checked out at ``site`` cannot be moved there, None if it can.

    Untracked files do no harm unless they are in the way, see :func:`overwriting_refusal`.
    """
    step = f"Look: 'git -C {site.path} status'. Finish or set aside what is there."
    problem = worktree_problem(site)
    if not problem:
        dirt = git.dirt(site, plans_folder)
        if dirt.problem:
            problem = f"'git status' fails in {site.path}: {dirt.problem}"
        elif dirt.changed:
            problem = f"{dirt.changed} tracked {_paths(dirt.changed)} changed in {site.path}, where the base is"
    return WouldLoseData(f"{problem}.", next_step=step) if problem else None


def overwriting_refusal(paths: list[str], folder: str) -> KasError | None:
    """Why nothing is written at ``folder`` while untracked ``paths`` are in the way, None if none is.

    Git itself refuses that for files which it does not ignore, and silently replaces those which it does.
    """
    if not paths:
        return None
    return WouldLoseData(
        f"In {folder} untracked or ignored files would be overwritten: {named(paths)}.",
        next_step="Move them elsewhere, and try again.",
    )


def trial_refusal(trial: Trial, branch: BranchName, base: str) -> KasError | None:
    """The refusal of a merge that would have conflicts, None if there are none."""
    if not trial.conflicts:
        return None
    return WouldLoseData(
        f"'{branch}' conflicts with {base} in {named(trial.conflicts)}; nothing was changed.",
        next_step=f"Merge {base} into the branch, settle the conflicts there, and finish again.",
    )


def named(paths: tuple[str, ...] | list[str]) -> str:
    """The first few of many names."""
    rest = len(paths) - _MOST_NAMED
    return ", ".join(paths[:_MOST_NAMED]) + (f" and {rest} more" if rest > 0 else "")


def push_remote(scope: FinishScope, branch: BranchName) -> str:
    """The remote that Git would push ``branch`` to; empty without one."""
    config = scope.config
    names = (
        config.text(f"branch.{branch}.pushremote"),
        config.text("remote.pushdefault"),
        config.text(f"branch.{branch}.remote"),
    )
    known = sorted({entry.key[len("remote.") : -len(".url")] for entry in config if _is_remote_url(entry.key)})
    for name in (*names, "origin"):
        if name in known:
            return name
    return known[0] if len(known) == 1 else ""


def _is_remote_url(key: str) -> bool:
    return key.startswith("remote.") and key.endswith(".url")


def _dirt_text(dirt: Dirt) -> str:
    parts = [f"{dirt.changed} changed"] if dirt.changed else []
    parts += [f"{dirt.untracked} untracked"] if dirt.untracked else []
    return f"{' and '.join(parts)} {_paths(dirt.changed + dirt.untracked)}"


def _paths(count: int) -> str:
    return "path is" if count == 1 else "paths are"
