"""What the tests of signals share: a store in memory, a box in memory, and agents who write into it."""

from __future__ import annotations

from dataclasses import dataclass, field

from git_kas.domain.lifecycle import Actor, Event, Status
from git_kas.domain.mutation import Author, Create, Request, Transition
from git_kas.domain.names import PlanName
from git_kas.domain.plan import Plan
from git_kas.domain.signal_text import write_signal_text
from git_kas.ports.fake_signals import MemorySignalBox
from git_kas.ports.fakes import FakeClock, FakePlanFiles, FakeProgress
from git_kas.ports.files import PlanText
from git_kas.ports.memory_store import MemoryStore
from git_kas.ports.signals import SignalPlace
from git_kas.ports.store import Store
from git_kas.usecases.apply_signals import Applied, Handled, apply_signals
from git_kas.usecases.commit_signal import SignalPorts, SignalScope

FOLDERS = ("docs/plans/.signals", ".kasmos/signals")
MAIN = SignalPlace("", "/r", FOLDERS)
LINKED = SignalPlace("wt", "/wt", FOLDERS)
START = 1_000_000  # seconds since 1970
SECOND = 1_000_000_000
USER = Author(Actor.USER, "Ada")


@dataclass
class World:
    """A project with its signals; time moves by :meth:`wait` only."""

    clock: FakeClock = field(default_factory=lambda: FakeClock(START))
    box: MemorySignalBox = field(default_factory=MemorySignalBox)
    texts: dict[str, PlanText] = field(default_factory=dict)
    store: Store = field(init=False)

    def __post_init__(self) -> None:
        self.store = MemoryStore(self.clock)

    @property
    def now_ns(self) -> int:
        return self.clock.now_ns()

    def wait(self, seconds: int = 1) -> None:
        self.clock.time += seconds

    def create(self, name: str = "a.md", *events: Event) -> Plan:
        self.store.commit(Create(PlanName(name)), Request(USER))
        return self.move(*events, name=name) if events else self.plan(name)

    def move(self, *events: Event, name: str = "a.md") -> Plan:
        self.store.commit(Transition(PlanName(name), events), Request(USER))
        return self.plan(name)

    def reviewing(self, name: str = "a.md") -> Plan:
        return self.create(name, Event.IMPLEMENT_START, Event.IMPLEMENT_FINISHED)

    def plan(self, name: str = "a.md") -> Plan:
        return self.store.get_plan(PlanName(name))

    def status(self, name: str = "a.md") -> Status:
        return Status(self.plan(name).status)

    def put(self, name: str, text: str = "", place: SignalPlace = MAIN, *, round_: int | None = None) -> None:
        """What an agent writes now, with a header if it knows the round."""
        if round_ is not None:
            text = write_signal_text(text, round_, None).decode()
        self.box.put(place, name, text, self.now_ns)

    def write_plan(self, worktree: str, name: str, text: str) -> None:
        self.texts[f"{worktree}/docs/plans/{name}"] = PlanText(text.encode(), self.now_ns)

    def ports(self, store: Store | None = None) -> SignalPorts:
        return SignalPorts(
            self.box, store or self.store, FakePlanFiles(texts=self.texts), self.clock, FakeProgress()
        )

    def apply(self, store: Store | None = None) -> Applied:
        return apply_signals(self.ports(store), SignalScope((MAIN, LINKED), "docs/plans", "/r"))

    def applied(self) -> list[tuple[str, str, str]]:
        """Each signal of a run in which none fails: its name, what became of it, and the plan's new status."""
        return [short(handled) for handled in self.apply().handled]


def short(handled: Handled) -> tuple[str, str, str]:
    """Name, handling, and the new status or the reason."""
    return handled.row.name, str(handled.handling), handled.to_status or handled.reason
