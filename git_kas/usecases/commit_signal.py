"""What one signal does to its plan, as one keyed transition of the store."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from itertools import count
from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain.ledger import Action
from git_kas.domain.lifecycle import Actor, Event, Status
from git_kas.domain.mutation import Author, Create, Request, Transition
from git_kas.domain.plan_document import decode_plan, parse_plan
from git_kas.domain.schedule import unfinished
from git_kas.domain.signal_rules import Cause, Dated, Rejection, entered_ns, stale_or_late
from git_kas.domain.signal_text import read_signal_text, signal_key
from git_kas.domain.stage import decode_run
from git_kas.domain.timestamps import precise_time
from git_kas.errors import AlreadyExists, Conflict, KasError, KeyReused, NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from git_kas.domain.ledger import Outcome
    from git_kas.domain.names import ObjectId, PlanName
    from git_kas.domain.plan import Plan
    from git_kas.domain.signals import Signal
    from git_kas.ports.clock import Clock
    from git_kas.ports.files import PlanFiles, PlanText
    from git_kas.ports.progress import Progress
    from git_kas.ports.signals import ClaimedSignal, SignalBox, SignalPlace
    from git_kas.ports.store import Store
    from git_kas.usecases.judged_commit import FindNewerTip

_ATTEMPTS: Final = 10


@dataclass(frozen=True, slots=True)
class SignalPorts:
    """What signals are applied through.

    ``newer_tip`` finds the tip of a plan's branch that has gone on since a commit of it was judged.
    """

    box: SignalBox
    store: Store
    plan_files: PlanFiles
    clock: Clock
    progress: Progress
    newer_tip: FindNewerTip = lambda plan, judged: None  # noqa: ARG005 - where there are no branches


@dataclass(frozen=True, slots=True)
class SignalScope:
    """Where signals and plan texts lie. ``main_worktree`` is None in a bare repository."""

    places: Sequence[SignalPlace]
    plans_folder: str
    main_worktree: str | None


class Committed(NamedTuple):
    """What came of a signal; ``replayed`` if that had been done before."""

    plan: PlanName
    from_status: str
    to_status: str
    replayed: bool


class Prepared(NamedTuple):
    """A claimed signal that may be applied, and what is to be asked of the store."""

    claimed: ClaimedSignal
    signal: Signal
    mutation: Transition
    request: Request

    @property
    def plan(self) -> PlanName:
        """The plan that the signal moves."""
        return self.mutation.filename


class SignalCommitter:
    """Commits signals, on what it knows of the plans: read once, and kept current by what it commits."""

    def __init__(self, ports: SignalPorts, scope: SignalScope) -> None:
        self._store = ports.store
        self._plan_files = ports.plan_files
        self._newer_tip = ports.newer_tip
        self._scope = scope
        self._plans = {plan.filename: plan for plan in ports.store.list_plans()}
        self._entered: dict[PlanName, int] = {}
        self.warnings: list[str] = []

    def name_of(self, signal: Signal) -> PlanName:
        """The plan that is meant, where the file name can be read in two ways."""
        if signal.otherwise is not None and signal.plan not in self._plans and signal.otherwise in self._plans:
            return signal.otherwise
        return signal.plan

    def known(self, signal: Signal) -> Plan | None:
        """The plan, None if the store has none."""
        try:
            return self._current(self.name_of(signal))
        except NotFound:
            return None

    def entered(self, plan: Plan) -> int | None:
        """When the plan came into its status; if a signal of this run led there, when that was written.

        Signals that waited for a store for days are applied within moments, but were not written so.
        """
        return self._entered.get(plan.filename, entered_ns(plan))

    def entered_by(self, signal: Signal, claimed: ClaimedSignal, time: str) -> None:
        """Take note that ``claimed`` was applied at ``time``, in a run that was interrupted."""
        plan = self.known(signal)
        if plan is not None and plan.moved is not None and plan.moved.time == time:
            self._entered[plan.filename] = claimed.mtime_ns

    def prepare(self, claimed: ClaimedSignal, signal: Signal, event: Event) -> Prepared | Rejection:
        """Judge a claimed signal.

        Raises:
            KasError: as the store says.
        """
        text = read_signal_text(claimed.content)
        plan = self._plan(claimed, signal, event)
        dated = Dated(event, text.round, claimed.mtime_ns)
        rejection = stale_or_late(plan, dated, self.entered(plan))
        rejection = rejection or self._unfinished(plan, event) or self._outdated(plan, event, text.head)
        if rejection is not None:
            return rejection
        mutation = Transition(
            plan.filename,
            (event,),
            content=self._new_text(claimed, plan) if event is Event.PLANNER_FINISHED else None,
            if_revision=plan.revision,
        )
        return Prepared(claimed, signal, mutation, _request(claimed, text.body))

    def _unfinished(self, plan: Plan, event: Event) -> Rejection | None:
        """Why an agent cannot say that all is implemented: others are given tasks of the same plan."""
        if event is not Event.IMPLEMENT_FINISHED or plan.status is not Status.IMPLEMENTING:
            return None
        run = self._store.get_run(plan.filename)
        stage = decode_run(run.document).stage if run else None
        return unfinished(plan, stage)

    def _outdated(self, plan: Plan, event: Event, judged: ObjectId | None) -> Rejection | None:
        """Why an approval does not count: the branch has gone on since."""
        if event is not Event.REVIEW_APPROVED or judged is None:
            return None
        tip = self._newer_tip(plan, judged)
        return Rejection(Cause.STALE, f"It judges {judged[:12]}; the branch is at {tip[:12]}.") if tip else None

    def commit_all(self, prepared: Sequence[Prepared]) -> Sequence[Committed | Rejection | KasError]:
        """Commit signals of distinct plans: what came of each.

        One whose plan somebody else changes meanwhile is judged anew.

        Raises:
            KasError: as the store says, of all of them.
        """
        answers = self._store.commit_all([(signal.mutation, signal.request) for signal in prepared])
        return [self._concluded(*pair) for pair in zip(prepared, answers, strict=True)]

    def _concluded(self, prepared: Prepared, answer: Outcome | KasError) -> Committed | Rejection | KasError:
        for attempt in count(1):
            if not isinstance(answer, KasError):
                return self._done(prepared.plan, answer, prepared.claimed)
            if not isinstance(answer, Conflict) or attempt == _ATTEMPTS:
                return answer
            self._forget(prepared.plan)
            try:
                anew = self.prepare(prepared.claimed, prepared.signal, prepared.mutation.events[0])
                if isinstance(anew, Rejection):
                    return anew
                prepared = anew
                answer = self._store.commit(prepared.mutation, prepared.request)
            except KasError as error:
                answer = error
        raise AssertionError  # the loop has no other end

    def _done(self, name: PlanName, outcome: Outcome, claimed: ClaimedSignal) -> Committed:
        moved = next(entry for entry in outcome.entries if entry.action is Action.TRANSITION)
        if outcome.replayed or outcome.plan is None:
            self._forget(name)
        else:
            self._plans[name] = outcome.plan
            self._entered[name] = claimed.mtime_ns
        return Committed(name, moved.from_status, moved.to_status, outcome.replayed)

    def _plan(self, claimed: ClaimedSignal, signal: Signal, event: Event) -> Plan:
        name = self.name_of(signal)
        try:
            return self._current(name)
        except NotFound:
            if event is not Event.PLANNER_FINISHED or not self._register(claimed, name):
                raise
            return self._current(name)

    def _current(self, name: PlanName) -> Plan:
        if name not in self._plans:
            self._plans[name] = self._store.get_plan(name)
        return self._plans[name]

    def _forget(self, name: PlanName) -> None:
        self._plans.pop(name, None)
        self._entered.pop(name, None)

    def _register(self, claimed: ClaimedSignal, name: PlanName) -> bool:
        """Create a plan of which the store never heard, if its text is there; whether that was done."""
        text = self._text(claimed, name)
        if text is None or self._was_there(name):
            return False
        title = parse_plan(decode_plan(text.data)[0]).title
        created = Create(
            name,
            Status.PLANNING,
            title or name.key,
            name.default_branch,
            created_at=precise_time(text.mtime_ns),
        )
        try:
            self._store.commit(created, _request(claimed, "", part=":register"))
        except (AlreadyExists, KeyReused):
            return True
        return True

    def _was_there(self, name: PlanName) -> bool:
        """Whether there was such a plan, which somebody removed or renamed: that is not to be undone here."""
        try:
            self._store.history(name)
        except NotFound:
            return False
        return True

    def _new_text(self, claimed: ClaimedSignal, plan: Plan) -> bytes | None:
        text = self._text(claimed, plan.filename)
        if text is None or sha256(text.data).hexdigest() == plan.content_id:
            return None
        return text.data

    def _text(self, claimed: ClaimedSignal, name: PlanName) -> PlanText | None:
        """The plan's text in the worktree of the signal, else in the main one; an empty file is none."""
        for worktree in dict.fromkeys((claimed.place.worktree, self._scope.main_worktree)):
            try:
                text = self._plan_files.read(worktree, self._scope.plans_folder, name) if worktree else None
            except KasError as error:
                self.warnings.append(error.message)
                continue
            if text is not None and text.data.strip():
                return text
        return None


def _request(claimed: ClaimedSignal, note: str, part: str = "") -> Request:
    return Request(Author(Actor.AGENT, claimed.place.label), signal_key(claimed.identity) + part, note)
