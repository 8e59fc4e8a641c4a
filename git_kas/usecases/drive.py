"""One look at everything that is driven: signals are applied, stages begin and end, agents are started."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from git_kas.domain.lifecycle import IN_WORK
from git_kas.domain.timestamps import later, timestamp
from git_kas.errors import Conflict, KasError, NotFound, Unreachable
from git_kas.usecases.apply_signals import ONLY_OF_STORES, Handling, apply_signals
from git_kas.usecases.commit_signal import SignalPorts, SignalScope
from git_kas.usecases.drive_plan import Memory, PlanDriver
from git_kas.usecases.drive_ports import Happening, Step
from git_kas.usecases.drive_signals import apply_orders
from git_kas.usecases.judged_commit import newer_tip_finder
from git_kas.usecases.signals import signal_places

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from git_kas.domain.names import PlanName
    from git_kas.domain.plan import Plan
    from git_kas.domain.run_ids import RunId
    from git_kas.ports.signals import ClaimedSignal, FoundSignals, WaitingSignal
    from git_kas.usecases.apply_signals import Handled
    from git_kas.usecases.drive_ports import DrivePorts, DriveScope, DriveSettings

_MOST_LOOKS: Final = 50
"""Looks without a pause; whatever is left then comes with the next one."""

_AGENTS_LOOKED_AFTER: Final = 5.0
"""Seconds after which agents that are at work are looked after: that one is gone, nobody tells."""

_AGAIN: Final = 30.0
"""Seconds after which is tried again what could not be done, though nothing has happened since."""


@dataclass(slots=True)
class Look:
    """What was done, what to warn of, and when to look again although nothing happens (empty: never)."""

    happened: list[Happening] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    again: str = ""


class Driver:
    """Drives all plans of a repository; one instance lives as long as the watcher does."""

    def __init__(
        self, ports: DrivePorts, scope: DriveScope, settings: Callable[[], DriveSettings] | None = None
    ) -> None:
        """Drive as ``settings`` says at each look; without it as ``scope`` does."""
        self.ports = self._ports = ports
        self.scope = self._scope = scope
        self._settings = settings
        self._memory = Memory()
        self._told: set[str] = set()
        self._stuck: frozenset[object] = frozenset()
        self._stuck_until = ""
        self._looked = False
        self._running: frozenset[RunId] = frozenset()
        self._seen_in_work: set[PlanName] = set()

    @property
    def runs(self) -> frozenset[RunId]:
        """The runs that nobody has seen the end of."""
        return self._running

    def look(self) -> Look:
        """Do all that there is to do now.

        Raises:
            KasError: the store cannot be used; nothing is lost, and the next look goes on.
        """
        look = Look()
        for number in range(_MOST_LOOKS):
            if not self._look_once(look, first=not number):
                break
        return look

    def _look_once(self, look: Look, *, first: bool) -> bool:
        """Whether there may be more to do at once."""
        before = len(look.happened)
        deadlines = [later(self._now(), _AGAIN)] if self._apply_signals(look) else []
        more = False
        if first:  # but after the signals, for which others wait
            self._read_settings(look)
        places = self._scope.settings.most_agents
        plans = self._plans()
        found = [self._driver(plan, look) for plan in plans]
        drivers = [driver for driver in found if driver is not None]
        if len(drivers) == len(found):
            self._stop_orphans(drivers, look)
        places -= sum(driver.at_work for driver in drivers)
        for driver in drivers:
            held = driver.at_work
            more = self._drive(driver, places, look, deadlines) or more
            places -= driver.at_work - held
            if driver.needs_another_look:
                deadlines.append(later(self._now(), _AGENTS_LOOKED_AFTER))
        self._looked = True
        self._seen_in_work = {plan.filename for plan in plans if plan.status in IN_WORK}
        self._seen_in_work |= {driver.name for driver in drivers if driver.has_agents_left}
        self._running = frozenset(run for driver in drivers for run in driver.runs)
        look.again = min((deadline for deadline in deadlines if deadline), default="")
        return more or len(look.happened) > before

    def _read_settings(self, look: Look) -> None:
        """Drive as is configured now; what is wrong there is said, and does not count."""
        if self._settings is None:
            return
        try:
            self._scope = replace(self._scope, settings=self._settings())
        except Unreachable:
            raise
        except KasError as error:
            self._warn(look, error.message)

    def _plans(self) -> list[Plan]:
        """The plans to look at: those in work, and those that were when we looked last.

        Of earlier watchers only their worktrees tell.
        """
        checked_out: set[str] = set()
        if not self._looked:
            checked_out = {worktree.branch for worktree in self._ports.worktrees() if worktree.branch}
        return [
            plan
            for plan in self._ports.store.list_plans()
            if plan.status in IN_WORK
            or plan.filename in self._seen_in_work
            or (plan.branch or plan.filename.default_branch) in checked_out
        ]

    def _driver(self, plan: Plan, look: Look) -> PlanDriver | None:
        try:
            return PlanDriver(self._ports, self._scope, plan, self._memory)
        except NotFound:  # somebody has renamed or removed it since
            return None
        except Unreachable:
            raise
        except KasError as error:  # what is stored of it cannot be used
            self._warn(look, error.message)
            return None

    def _stop_orphans(self, drivers: Sequence[PlanDriver], look: Look) -> None:
        """Ask agents to end whose plan is gone, or knows them no more."""
        known = frozenset(run for driver in drivers for run in driver.runs)
        for run in self._running - known:
            try:
                stopped = self._ports.runs.stop(run)
            except KasError as error:
                self._warn(look, error.message)
                continue
            if stopped:
                look.happened.append(Happening(Step.STOPPED, None, "", run))
        self._running &= known

    def _drive(self, driver: PlanDriver, places: int, look: Look, deadlines: list[str]) -> bool:
        """Drive one plan; what is wrong with it keeps no other one waiting."""
        more, again = False, later(self._now(), _AGAIN)
        try:
            more = driver.drive(places)
        except (Conflict, NotFound):  # the plan or its run is not what it was: look again
            more = True
        except Unreachable:
            raise
        except KasError as error:
            self._warn(look, error.message)
        else:
            again = driver.deadline
        look.happened += driver.happened
        deadlines.append(again)
        return more

    def _warn(self, look: Look, text: str) -> None:
        """Say it once."""
        if text not in self._told:
            self._told.add(text)
            look.warnings.append(text)

    def _apply_signals(self, look: Look) -> bool:
        """Apply what agents have said; whether something waits that nobody will tell us of."""
        places = signal_places(self._ports.worktrees(), self._scope.plans_folder)
        ports, scope = self._ports, self._scope
        found = ports.box.find(places)
        for problem in found.problems:
            self._warn(look, problem)
        if not found.waiting and not found.claimed:
            return False
        if self._stuck == _names(found) and self._now() < self._stuck_until:
            return True
        newer_tip = newer_tip_finder(ports.porcelain, scope.location.top, scope.base)
        signals = SignalPorts(ports.box, ports.store, ports.plan_files, ports.clock, ports.progress, newer_tip)
        applied = apply_signals(signals, SignalScope(places, scope.plans_folder, scope.location.main_worktree))
        look.happened += [one for handled in applied.handled for one in _happenings(handled)]
        errors = [handled.error for handled in applied.handled if handled.error is not None]
        for error in errors:
            if isinstance(error, ONLY_OF_STORES):
                raise error
        orders = apply_orders(ports, scope, places)
        look.happened += orders.happened
        for warning in (*applied.warnings, *(error.message for error in errors), *orders.warnings):
            self._warn(look, warning)
        if errors or orders.failed:
            self._stuck, self._stuck_until = _names(ports.box.find(places)), later(self._now(), _AGAIN)
        return bool(errors or orders.warnings)

    def _now(self) -> str:
        return timestamp(self._ports.clock.now_ns())


def _names(found: FoundSignals) -> frozenset[object]:
    """What tells signals apart, wherever they are on their way.

    Those that can neither be applied nor rejected are left alone for a while, if there are no others: to take
    one and to give it back wakes us again.
    """
    signals: list[WaitingSignal | ClaimedSignal] = [*found.waiting, *found.claimed]
    return frozenset((one.place.worktree, one.folder, one.name, one.mtime_ns, one.size) for one in signals)


def _happenings(handled: Handled) -> Sequence[Happening]:
    row = handled.row
    if handled.handling is Handling.APPLIED:
        return [
            Happening(Step.APPLIED, row.plan, "", f"{row.event}: {handled.from_status} → {handled.to_status}")
        ]
    if handled.handling is Handling.REJECTED:
        return [Happening(Step.REJECTED, row.plan, "", f"{row.name}: {handled.reason}")]
    return []
