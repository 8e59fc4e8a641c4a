"""Signals about waves and tasks, which move no plan to another status: what the watcher makes of them.

Each counts once, as those that do (DESIGN 6): it is claimed, its effect is written into the run document under
a key made of its identity, and then it is removed. One that cannot count is kept with the reason.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain import attempts, schedule
from git_kas.domain.lifecycle import Actor, Status
from git_kas.domain.mutation import Author, Request, SetContent
from git_kas.domain.plan_document import decode_plan, parse_plan
from git_kas.domain.signal_rules import Cause, Rejection
from git_kas.domain.signal_text import read_signal_text, signal_key
from git_kas.domain.timestamps import timestamp
from git_kas.errors import (
    Conflict,
    InvalidTransition,
    KasError,
    KeyReused,
    NotAllowed,
    NotFound,
    Unreachable,
    UsageError,
)
from git_kas.ports.signals import ClaimedSignal, RejectionRecord
from git_kas.usecases.apply_signals import ONLY_OF_STORES
from git_kas.usecases.drive_ports import Happening, Step
from git_kas.usecases.run_documents import Progress
from git_kas.usecases.signals import SignalState, signal_items

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from git_kas.domain.plan import Plan
    from git_kas.domain.signals import Signal
    from git_kas.domain.stage import RunDocument
    from git_kas.ports.signals import SignalPlace
    from git_kas.usecases.drive_ports import DrivePorts, DriveScope
    from git_kas.usecases.signals import SignalItem

_ATTEMPTS: Final = 10

_CAUSES: Final[Mapping[type[KasError], Cause]] = {
    InvalidTransition: Cause.INVALID,
    NotFound: Cause.NO_PLAN,
    NotAllowed: Cause.USER_ONLY,
    UsageError: Cause.MALFORMED,
}


class OrdersTaken(NamedTuple):
    """What was done, and why some signals were left where they are; ``failed``: after they had been taken."""

    happened: list[Happening]
    warnings: list[str]
    failed: bool = False


def apply_orders(ports: DrivePorts, scope: DriveScope, places: Sequence[SignalPlace]) -> OrdersTaken:
    """Apply the signals about waves and tasks that wait, in the order in which they were written.

    Those of plans that another machine drives, or of which the store holds what cannot be understood, wait on,
    as do those whose files can neither be taken nor rejected.

    Raises:
        Busy: somebody else is applying signals.
        KasError: the store cannot be used; signals that are left are where they were.
    """
    found = ports.box.find(places)
    items = [item for item in signal_items(found) if item.state is SignalState.FOR_WATCHER]
    if not items:
        return OrdersTaken([], [])
    failed = False
    with ports.box.exclusive():
        orders = _Orders(ports, scope, places[0].worktree if places else "")
        for item in items:
            try:
                orders.take(item)
            except ONLY_OF_STORES:
                raise
            except KasError as error:  # of this one's files
                orders.warnings.append(error.message)
                failed = True
    return OrdersTaken(orders.happened, orders.warnings, failed)


class _Orders:
    """``home`` is the worktree in which ``git kas implement`` leaves its signals."""

    def __init__(self, ports: DrivePorts, scope: DriveScope, home: str) -> None:
        self._ports = ports
        self._scope = scope
        self._home = home
        self._records = {kept.identity: kept.record for kept in ports.box.rejected()}
        self.happened: list[Happening] = []
        self.warnings: list[str] = []

    def take(self, item: SignalItem) -> None:
        """Apply or reject one signal.

        Raises:
            KasError: neither can be done now; it waits again.
        """
        source, signal = item.source, item.signal
        if signal is None or not self._is_our_turn(signal):
            return
        claimed = source if isinstance(source, ClaimedSignal) else self._ports.box.claim(source)
        if claimed is None:
            return
        record = self._records.get(claimed.identity)
        if record is not None:
            self._ports.box.reject(claimed, record)
            return
        try:
            self._apply_anew(claimed, signal)
        except KasError as error:
            cause = next((cause for kind, cause in _CAUSES.items() if isinstance(error, kind)), None)
            if cause is None:
                self._ports.box.give_back(claimed)
                raise
            self._reject(claimed, signal, Rejection(cause, f"{error.message} {error.next_step}"))

    def _is_our_turn(self, signal: Signal) -> bool:
        """Whether we may write the progress of the plan; asked first, so that no file moves to and fro."""
        try:
            self._progress(self._ports.store.get_plan(signal.plan)).expect_not_elsewhere()
        except (NotFound, Unreachable):  # to be rejected, or to be raised
            return True
        except KasError as error:
            self.warnings.append(error.message)
            return False
        return True

    def _apply_anew(self, claimed: ClaimedSignal, signal: Signal) -> None:
        """Apply a signal, once more if somebody else has written the same run meanwhile."""
        for _ in range(_ATTEMPTS):
            try:
                return self._apply(claimed, signal)
            except Conflict:
                continue
        return self._apply(claimed, signal)

    def _apply(self, claimed: ClaimedSignal, signal: Signal) -> None:
        key = signal_key(claimed.identity)
        if self._ports.store.outcome_of(key) is None:
            plan = self._ports.store.get_plan(signal.plan)
            detail = _ACTIONS[signal.form.word](self, claimed, signal, plan)
            self._note(Step.APPLIED, signal, detail)
        if not claimed.intact or not self._ports.box.finish(claimed):
            self._reject(
                claimed, signal, Rejection(Cause.CHANGED, "It was applied; then its text was changed.")
            )

    def _start_waves(self, claimed: ClaimedSignal, signal: Signal, plan: Plan) -> str:
        """Begin with a wave, unless somebody is at work; agents, who work elsewhere, are not to decide that."""
        if claimed.place.worktree != self._home:
            raise NotAllowed(
                f"Waves are begun by signals in {self._home}, and this one was in {claimed.place.worktree}.",
                next_step="Use 'git kas implement', which writes it there.",
            )
        if plan.status is not Status.IMPLEMENTING:
            raise InvalidTransition(
                f"{plan.filename} is {plan.status}, and waves belong to plans that are being implemented.",
                next_step="Use 'git kas implement', which says so first.",
            )
        progress = self._progress(plan)
        stage = progress.document.stage
        if stage is not None and schedule.is_driven(plan, stage):
            raise InvalidTransition(
                f"{plan.filename} is being driven already.", next_step="See 'git kas waves status'."
            )
        content = self._ports.store.get_content(plan.filename) or b""
        begun = schedule.begin_waves(plan, self._now(), parse_plan(decode_plan(content)[0]), signal.wave)
        document = schedule.archived(progress.document, self._now(), plan)
        self._save(progress, claimed, document._replace(stage=begun, notice=""))
        return f"wave {signal.wave}"

    def _finish_task(self, claimed: ClaimedSignal, signal: Signal, plan: Plan) -> str:
        """A task is done."""
        progress = self._progress(plan)
        stage, text = progress.document.stage, read_signal_text(claimed.content)
        earlier = attempts.complete_before(progress.document, signal.wave, signal.task)
        if earlier is not None and text.round in {None, earlier.round}:
            self._save(progress, claimed, progress.document, text.body)
            return "it was known to be done"
        if stage is None:
            raise InvalidTransition(
                f"Nobody drives {plan.filename}; it is {plan.status}.", next_step="See 'git kas waves status'."
            )
        if text.round is not None and text.round != stage.round:
            raise InvalidTransition(
                f"It is for round {text.round}; the plan is in round {stage.round}.",
                next_step="Report the task that you were given.",
            )
        changed, job = schedule.signalled(stage, signal.wave, signal.task)
        self._save(progress, claimed, progress.document._replace(stage=changed), text.body)
        return job.id

    def _take_text(self, claimed: ClaimedSignal, signal: Signal, plan: Plan) -> str:
        """The plan's text was worked out; what has not begun is as it says from now on."""
        worktree = claimed.place.worktree
        text = self._ports.plan_files.read(worktree, self._scope.plans_folder, plan.filename)
        if text is None or not text.data.strip():
            raise NotFound(
                f"There is no {self._scope.plans_folder}/{plan.filename} in {worktree}.",
                next_step="Write the text first.",
            )
        del signal
        request = Request(self._author(claimed), signal_key(claimed.identity))
        self._ports.store.commit(SetContent(plan.filename, text.data), request)
        return "the plan's text"

    def _progress(self, plan: Plan) -> Progress:
        return Progress(self._ports.store, self._ports.clock, plan, self._scope.owner)

    @staticmethod
    def _save(progress: Progress, claimed: ClaimedSignal, document: RunDocument, note: str = "") -> None:
        try:
            progress.save(document, signal_key(claimed.identity), note)
        except KeyReused:  # it was applied before
            return

    def _reject(self, claimed: ClaimedSignal, signal: Signal, rejection: Rejection) -> None:
        record = RejectionRecord(rejection.cause, rejection.reason, self._now())
        self._ports.box.reject(claimed, record)
        self._note(Step.REJECTED, signal, f"{claimed.name}: {rejection.reason}")

    def _note(self, step: Step, signal: Signal, detail: str) -> None:
        self.happened.append(Happening(step, signal.plan, "", detail))

    def _author(self, claimed: ClaimedSignal) -> Author:
        return Author(Actor.AGENT, claimed.place.label)

    def _now(self) -> str:
        return timestamp(self._ports.clock.now_ns())


_ACTIONS: Final[Mapping[str, Callable[[_Orders, ClaimedSignal, Signal, Plan], str]]] = {
    "implement_wave": _Orders._start_waves,  # noqa: SLF001 - a table of this class's own methods
    "implement_task_finished": _Orders._finish_task,  # noqa: SLF001
    "elaborator_finished": _Orders._take_text,  # noqa: SLF001
}
