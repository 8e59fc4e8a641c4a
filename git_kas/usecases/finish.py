"""Finishes a plan: its branch lands, the plan is done, and branch and worktree go (DESIGN 8).

An operation of the journal is begun only when every check has passed. From then on each step looks at what is
there before it acts, so that it may be interrupted anywhere: :meth:`Finishing.go_on` goes on, and
:meth:`Finishing.abort` takes back what can be taken back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.domain.finish import (
    FINISH,
    Choice,
    Stage,
    Strategy,
    encode_asked,
    finishing_events,
    reviewing_events,
)
from git_kas.domain.lifecycle import Status
from git_kas.domain.mutation import Request, Transition
from git_kas.domain.names import ObjectId
from git_kas.errors import AlreadyExists, ChecksFailed, Conflict
from git_kas.usecases.finish_abort import abort
from git_kas.usecases.finish_checks import Examination, named
from git_kas.usecases.finish_git import FinishGit
from git_kas.usecases.finish_land import Landing, remove_own_worktree
from git_kas.usecases.finish_log import CONTINUE, FinishLog
from git_kas.usecases.finish_open import open_logs, the_open_one
from git_kas.usecases.finish_ports import Finish, Landed, PullRequestShown, State
from git_kas.usecases.finish_rebase import Rebasing
from git_kas.usecases.finish_request import Requesting

if TYPE_CHECKING:
    from collections.abc import Callable

    from git_kas.domain.ledger import Outcome
    from git_kas.domain.lifecycle import Event
    from git_kas.domain.names import BranchName, PlanName
    from git_kas.ports.forge import Forge
    from git_kas.usecases.finish_ports import FinishPorts, FinishScope, Wish


class Finishing:
    """Finishing in one repository. ``find_forge`` is called only where a forge is needed."""

    def __init__(self, ports: FinishPorts, scope: FinishScope, find_forge: Callable[[], Forge]) -> None:
        self._ports = ports
        self._scope = scope
        self._find_forge = find_forge
        self._git = FinishGit(ports.porcelain, ports.git_folders, scope.location, ports.scratch)

    def plan(self, wish: Wish) -> Finish:
        """What would be done, with every check but the tests; changes nothing."""
        self._insist_on_none_open(wish)
        found = Examination(self._ports, self._scope, self._git, wish)
        found.run()
        found.announce_tests()
        answer = _answer(State.PLANNED, wish, found)
        answer.to_status = str(Status.DONE)
        if found.refusal is None:
            answer.did = _intentions(wish, found, removes=self._ports.remove is not None)
        return answer

    def begin(self, wish: Wish) -> Finish:
        """Check everything, then do it.

        Raises:
            KasError: a check failed, and nothing was changed; or a step did, and its error says how to go on.
        """
        self._insist_on_none_open(wish)
        found = Examination(self._ports, self._scope, self._git, wish)
        found.run()
        if found.refusal is None:
            found.run_tests()
        if found.refusal is not None:
            raise found.refusal
        with self._ports.journal.exclusive():
            self._insist_on_none_open(wish)
            self._insist_on_sameness(found)
            id_ = self._ports.journal.begin(FINISH, encode_asked(found.asked), self._ports.clock.now_ns())
            log = FinishLog(self._ports.journal, self._ports.journal.read(id_))
            answer = _answer(State.DONE, wish, found)
            return self._run(log, answer)

    def go_on(self, plan: PlanName | None, branch: BranchName | None) -> Finish:
        """Go on with the open operation: that of ``plan``, of ``branch``, or the only one.

        Raises:
            KasError: as :meth:`begin`; NotFound: none is open.
        """
        with self._ports.journal.exclusive():
            log = the_open_one(self._ports.journal, plan, branch)
            return self._run(log, _answer_of(State.DONE, log))

    def abort(self, plan: PlanName | None, branch: BranchName | None) -> Finish:
        """Take back what the open operation has begun, as far as nothing was pushed and nobody has built on it.

        Raises:
            KasError: it cannot be taken back; NotFound: none is open.
        """
        with self._ports.journal.exclusive():
            log = the_open_one(self._ports.journal, plan, branch)
            self._insist_on_not_done(log)
            answer = _answer_of(State.ABORTED, log)
            answer.did, answer.left = abort(self._git, log, self._scope.plans_folder)
            log.fact(Stage.END, state=str(State.ABORTED))
            return answer

    def _insist_on_not_done(self, log: FinishLog) -> None:
        if log.done(Stage.DONE) or self._ports.store.outcome_of(_key(log, Stage.DONE)) is not None:
            raise ChecksFailed(
                f"{log.asked.plan} is done; that is not taken back.",
                next_step="'git kas finish --continue' does what is left to do.",
            )

    # -- the sequence ----------------------------------------------------------------------------------------

    def _run(self, log: FinishLog, answer: Finish) -> Finish:
        answer.operation = log.id
        choice = Choice(log.asked.choice)
        if choice is Choice.MERGE:
            self._land(log, answer)
        elif choice is Choice.PULL_REQUEST and not self._request(log, answer):
            return answer
        self._mark_done(log, answer)
        self._tidy(log, answer)
        if choice is not Choice.KEEP:
            self._cleanup(log, answer)
        log.fact(Stage.END, state=str(State.DONE))
        return answer

    def _land(self, log: FinishLog, answer: Finish) -> None:
        strategy, asked = Strategy(log.asked.strategy), log.asked
        self._ports.progress.step("merging")
        if strategy is Strategy.REBASE:
            Rebasing(self._git, log, self._scope.plans_folder).run()
        else:
            Landing(self._git, log, self._scope.plans_folder).run()
        answer.landed_at = log.found(Stage.LAND, "base_is")
        answer.did.append(f"{asked.branch} landed on {asked.base} ({strategy}) at {answer.landed_at[:12]}")

    def _request(self, log: FinishLog, answer: Finish) -> bool:
        """Push, ask and look; whether the pull request is merged."""
        asked = log.asked
        requesting = Requesting(self._git, log, self._find_forge())
        self._ports.progress.step("pushing")
        requesting.push()
        self._ports.progress.step("asking the forge")
        requesting.request()
        self._mark_reviewing(log)
        request, merged = requesting.merged()
        answer.pull_request = PullRequestShown(request.number, request.url, str(request.state))
        answer.did.append(f"{asked.branch} is on {asked.remote}; pull request: {request.url}")
        if merged:
            if not log.done(Stage.BRANCH):  # it may have got commits since it was asked for
                log.fact(Stage.BRANCH, to=request.head_id)
            answer.landed_at = request.merge_commit or ""
            answer.did.append(f"{request.url} is merged as the branch is here")
            return True
        answer.state = State.WAITING
        answer.to_status = str(self._ports.store.get_plan(asked.plan_name).status)
        waits = "waits for its checks or in the merge queue" if request.waits else "is open"
        answer.left.append(f"the pull request {waits}; when it is merged: 'git kas finish --continue'")
        return False

    def _mark_reviewing(self, log: FinishLog) -> None:
        if not log.done(Stage.REVIEW):
            self._transition(
                log, Stage.REVIEW, reviewing_events, "pull request: " + log.found(Stage.REQUEST, "url")
            )

    def _mark_done(self, log: FinishLog, answer: Finish) -> None:
        if not log.done(Stage.DONE):
            plan = self._ports.store.get_plan(log.asked.plan_name)
            if plan.status is Status.DONE and self._ports.store.outcome_of(_key(log, Stage.DONE)) is None:
                log.fact(Stage.DONE, **{"from": str(plan.status), "to": str(plan.status)})
            else:
                self._transition(log, Stage.DONE, finishing_events, _note(log, answer))
        answer.from_status, answer.to_status = log.found(Stage.DONE, "from"), log.found(Stage.DONE, "to")
        answer.did.append(f"{log.asked.plan} is {answer.to_status}")

    def _transition(
        self, log: FinishLog, stage: Stage, find_events: Callable[..., tuple[Event, ...]], note: str
    ) -> None:
        """Move the plan exactly once, however often this is repeated: the key is the operation's."""
        key = _key(log, stage)
        outcome: Outcome | None = self._ports.store.outcome_of(key)
        if outcome is None:
            plan = self._ports.store.get_plan(log.asked.plan_name)
            events = find_events(plan)
            if not events:
                log.fact(stage, **{"from": str(plan.status), "to": str(plan.status)})
                return
            log.intend(stage, key=key)
            request = Request(self._scope.author, key, note)
            outcome = self._ports.store.commit(Transition(plan.filename, events), request)
        first, last = outcome.entries[0], outcome.entries[-1]
        log.fact(stage, **{"from": first.from_status, "to": last.to_status})

    def _tidy(self, log: FinishLog, answer: Finish) -> None:
        if not log.done(Stage.TIDY):
            left = remove_own_worktree(self._git, log)
            log.fact(Stage.TIDY, left=left)
        if left := log.found(Stage.TIDY, "left"):
            answer.warnings.append(left)

    def _cleanup(self, log: FinishLog, answer: Finish) -> None:
        """Hand branch and worktree to cleanup's safe path, if the base, read again, holds what landed."""
        asked = log.asked
        what = f"the branch {asked.branch}" + (f" and its worktree {asked.worktree}" if asked.worktree else "")
        if not asked.cleanup or self._ports.remove is None:
            answer.left.append(f"{what} {'are' if asked.worktree else 'is'} left")
            return
        if log.done(Stage.CLEANUP):
            return
        landed, problem = self._verified(log)
        if problem:
            answer.left.append(f"{what} kept: {problem}")
            return
        log.intend(Stage.CLEANUP, branch=asked.branch, tip=landed.tip, worktree=asked.worktree)
        kept = self._ports.remove(log.id, asked.plan_name, landed)
        log.fact(Stage.CLEANUP, kept=list(kept))
        answer.left += kept
        if not kept:
            answer.did.append(f"{what} removed")

    def _verified(self, log: FinishLog) -> tuple[Landed, str]:
        """What may be removed, and why it may not; a branch that is gone already has nothing to lose."""
        asked = log.asked
        expected = log.found(Stage.BRANCH, "to") or asked.tip
        tip = self._git.tip(asked.branch_name.ref)
        merged_here = asked.choice == Choice.MERGE
        landed_at = ObjectId(log.found(Stage.LAND, "base_is")) if merged_here else None
        landed = Landed(asked.branch_name, ObjectId(expected), asked.worktree, asked.base_name, landed_at)
        if landed_at is not None:
            base_now = self._git.tip(asked.base_name.ref)
            if base_now is None or not self._git.contains(base_now, landed_at):
                return landed, f"{asked.base} no longer holds {landed_at[:12]}"
        if tip is not None and tip != expected:
            new = self._git.subjects(expected, tip)
            return landed, f"it has moved since; not in {asked.base}: {named(new)}"
        return landed, ""

    # -- before it begins ------------------------------------------------------------------------------------

    def _insist_on_none_open(self, wish: Wish) -> None:
        """Two operations must not meet in one plan, nor in the base's worktree."""
        for log in open_logs(self._ports.journal):
            if log.asked.plan == wish.plan or log.asked.choice == Choice.MERGE:
                raise AlreadyExists(
                    f"Finishing {log.asked.plan} was begun and is not over (operation {log.id}).",
                    next_step=CONTINUE,
                )

    def _insist_on_sameness(self, found: Examination) -> None:
        """Nothing that was checked may have changed while the tests ran."""
        asked = found.asked
        if self._ports.store.get_plan(found.wish.plan).revision != found.plan.revision:
            raise Conflict(
                f"{found.wish.plan} has changed while it was checked; nothing was changed.",
                next_step="Look at it with 'git kas plan history', and finish again.",
            )
        if asked.choice == Choice.KEEP:
            return
        moved = [asked.branch_name.ref] if self._git.tip(asked.branch_name.ref) != asked.tip else []
        base = self._scope.base
        if base is not None and self._git.tip(base.ref) != asked.base_tip:
            moved.append(base.ref)
        if moved:
            raise Conflict(
                f"{moved[0]} has moved while it was checked; nothing was changed.", next_step="Finish again."
            )
        again = Examination(self._ports, self._scope, self._git, found.wish)
        again.check_worktree_again()
        if again.refusal is not None:
            raise again.refusal


def _key(log: FinishLog, stage: Stage) -> str:
    return f"finish:{log.id}:{stage}"


def _note(log: FinishLog, answer: Finish) -> str:
    asked = log.asked
    if asked.choice == Choice.KEEP:
        return "finished; branch and worktree kept"
    if asked.choice == Choice.PULL_REQUEST:
        return f"merged by {log.found(Stage.REQUEST, 'url')}"
    return f"landed on {asked.base} at {answer.landed_at} ({asked.strategy})"


def _answer(state: State, wish: Wish, found: Examination) -> Finish:
    base = found.asked.base
    strategy = wish.strategy if wish.choice is Choice.MERGE else None
    return Finish(
        state,
        wish.plan,
        wish.choice,
        strategy=strategy,
        branch=found.branch,
        base=base,
        from_status=str(found.plan.status),
        checks=found.checks,
        warnings=found.warnings,
    )


def _answer_of(state: State, log: FinishLog) -> Finish:
    asked = log.asked
    strategy = Strategy(asked.strategy) if asked.strategy else None
    return Finish(
        state,
        asked.plan_name,
        Choice(asked.choice),
        operation=log.id,
        strategy=strategy,
        branch=asked.branch,
        base=asked.base,
    )


def _intentions(wish: Wish, found: Examination, *, removes: bool) -> list[str]:
    """What would be done, one sentence for each step."""
    asked = found.asked
    done = f"{wish.plan} would become done"
    if wish.choice is Choice.KEEP:
        return [done]
    going = f"{found.branch}" + (f" and {asked.worktree}" if asked.worktree else "")
    gone = [f"{going} would be removed"] if wish.cleanup and removes else []
    if wish.choice is Choice.MERGE:
        return [f"{found.branch} would land on {asked.base} ({wish.strategy})", done, *gone]
    draft = "draft " if wish.draft else ""
    return [
        f"{found.branch} would be pushed to {asked.remote}",
        f"a {draft}pull request into {asked.base} would be asked for: {asked.title}",
        f"when it is merged, {done}",
        *gone,
    ]
