"""What the tests of driving share: a project in memory, its agents, and drivers that can be killed anywhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import plan_texts
from git_kas.domain.agents import Mode, Role
from git_kas.domain.base import Base
from git_kas.domain.ledger import HistoryEntry
from git_kas.domain.lifecycle import Actor, Event, Status
from git_kas.domain.location import RepositoryLocation
from git_kas.domain.mutation import Author, Create, Mutation, Request, SetContent, Transition
from git_kas.domain.names import BranchName, ObjectId, PlanName
from git_kas.domain.plan import Plan
from git_kas.domain.prompts import TEMPLATES
from git_kas.domain.run_ids import RunId
from git_kas.domain.signal_text import write_signal_text
from git_kas.domain.stage import Job, JobState, RunDocument, Stage, decode_run
from git_kas.domain.worktree import Worktree
from git_kas.errors import Unreachable
from git_kas.ports.agent_runs import RunSpec, RunState
from git_kas.ports.fake_agent_runs import MemoryAgentRuns, MemoryRunner
from git_kas.ports.fake_signals import MemorySignalBox
from git_kas.ports.fakes import FakeClock, FakePlanFiles, FakePorcelain, FakeProgress
from git_kas.ports.files import PlanText
from git_kas.ports.git import Ended
from git_kas.ports.memory_store import MemoryStore
from git_kas.ports.signals import SignalPlace
from git_kas.usecases.drive import Driver, Look
from git_kas.usecases.drive_ports import DrivePorts, DriveScope, DriveSettings, Step
from git_kas.usecases.waves import WavesPorts

START = 1_000_000  # seconds since 1970
SHOP = PlanName("shop.md")
FOLDERS = ("docs/plans/.signals", ".kasmos/signals")
BASE = Base(BranchName("main"), "refs/heads/main", ObjectId("a" * 40))
MAIN = SignalPlace("", "/r", FOLDERS)
USER = Request(Author(Actor.USER, "Ada"))
OWNER = "here:/r/.git"
ELSEWHERE = "elsewhere:/r/.git"
COMMANDS = {role: f"run-{role}" for role in Role}
NO_LIMITS = DriveSettings(COMMANDS)


def text_of(*waves: int) -> bytes:
    """See :func:`plan_texts.text_of`."""
    return plan_texts.text_of(*waves).encode()


class Killed(BaseException):
    """The process is gone; nothing catches this."""


@dataclass
class Scythe:
    """Kills at the call number ``at`` of ports of that kind, before or after it has had its effect.

    With ``error``, it is only that call which fails.
    """

    at: int = 0
    after: bool = False
    port: type = object
    calls: int = 0
    error: BaseException | None = None

    def wrap(self, port: Any) -> Any:
        return _Mortal(self, port)

    def call(self, port: object, act: Callable[[], Any]) -> Any:
        if not isinstance(port, self.port):
            return act()
        self.calls += 1
        if self.calls != self.at:
            return act()
        if self.after:
            act()
        raise self.error or Killed


class _Mortal:
    """A port each call of which counts."""

    def __init__(self, scythe: Scythe, port: Any) -> None:
        self._scythe = scythe
        self._port = port

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._port, name)
        if not callable(method) or name in {"now", "now_ns"}:
            return method
        return lambda *words, **named: self._scythe.call(self._port, lambda: method(*words, **named))

    def __call__(self) -> Any:
        return self._scythe.call(self._port, self._port)


@dataclass
class WorktreeGit(FakePorcelain):
    """Git, as far as worktrees go: ``worktree add`` makes one. Merges fail with ``complaint``."""

    worktrees: list[Worktree] = field(default_factory=list)
    branches: set[str] = field(default_factory=set)
    merged: list[str] = field(default_factory=list)
    complaint: str = ""

    def run(self, folder: str, *arguments: str, at: int | None = None) -> str:
        if arguments[:2] == ("worktree", "add"):
            words = [word for word in arguments[2:] if not word.startswith("-")]
            branch = words[0] if "-b" in arguments else words[1]
            path = words[1] if "-b" in arguments else words[0]
            assert not any(one.branch == branch or one.path == path for one in self.worktrees)
            assert ("-b" in arguments) is (branch not in self.branches)
            self.add_branch(branch)
            id_ = path.rpartition("/")[2]
            self.worktrees.append(Worktree(id_, path, f"/r/.git/worktrees/{id_}", BranchName(branch)))
        return super().run(folder, *arguments, at=at)

    def attempt(
        self, folder: str, *arguments: str, stdin: str = "", scratch: str = "", reflog_action: str = ""
    ) -> Ended:
        if arguments[0] == "symbolic-ref":
            here = next(one.branch for one in self.worktrees if one.path == folder)
            return Ended(0, f"refs/heads/{here}\n", "")
        if arguments[0] != "merge":
            return super().attempt(
                folder, *arguments, stdin=stdin, scratch=scratch, reflog_action=reflog_action
            )
        if self.complaint:
            return Ended(128, "", self.complaint)
        self.merged.append(arguments[-1].removeprefix("refs/heads/"))
        return Ended(0, "", "")

    def add_branch(self, branch: str) -> None:
        self.branches.add(branch)
        self.answers = {**self.answers, self._asks(branch): ""}

    def remove_branch(self, branch: str) -> None:
        self.branches.remove(branch)
        self.answers = {words: said for words, said in self.answers.items() if words != self._asks(branch)}
        self.worktrees = [one for one in self.worktrees if one.branch != branch]

    @staticmethod
    def _asks(branch: str) -> tuple[str, ...]:
        return ("show-ref", "--verify", "--quiet", f"refs/heads/{branch}")


@dataclass
class DriveWorld:
    """A project that is driven; time moves by :meth:`wait` only, and agents act when they are told to."""

    settings: DriveSettings = NO_LIMITS
    owner: str = OWNER
    clock: FakeClock = field(default_factory=lambda: FakeClock(START))
    box: MemorySignalBox = field(default_factory=MemorySignalBox)
    texts: dict[str, PlanText] = field(default_factory=dict)
    scythe: Scythe = field(default_factory=Scythe)
    template: Callable[[Mode], tuple[str, str]] = lambda mode: (TEMPLATES[mode], "git-kas")
    looks: list[Look] = field(default_factory=list)
    store: MemoryStore = field(init=False)

    def __post_init__(self) -> None:
        self.store = MemoryStore(self.clock)
        self.runs = MemoryAgentRuns(self.clock)
        self.runner = MemoryRunner(self.runs)
        main = Worktree("", "/r", "/r/.git", BranchName("main"))
        self.git = WorktreeGit(worktrees=[main], branches={"main"})
        self.driver = self.new_driver()

    # -- those who drive

    def ports(self) -> DrivePorts:
        wrap = self.scythe.wrap
        return DrivePorts(
            wrap(self.store),
            wrap(self.box),
            wrap(FakePlanFiles(texts=self.texts)),
            wrap(self.runs),
            wrap(self.runner),
            wrap(self.git),
            wrap(lambda: list(self.git.worktrees)),
            self.clock,
            FakeProgress(),
        )

    def new_driver(self, owner: str = "", settings: DriveSettings | None = None) -> Driver:
        location = RepositoryLocation("/r/.git", "/r/.git", "/r", "/r")
        scope = DriveScope(
            location,
            "docs/plans",
            owner or self.owner,
            settings or self.settings,
            lambda: BASE,
            self.template,
        )
        return Driver(self.ports(), scope)

    def elsewhere(self) -> DriveWorld:
        """The same project on another machine: with another repository, and runs of its own."""
        other = DriveWorld(self.settings, ELSEWHERE, self.clock)
        other.store = self.store
        other.driver = other.new_driver()
        return other

    def restart(self) -> None:
        """The driver is killed, and another one is there."""
        self.driver = self.new_driver()

    def look(self) -> Look:
        """One look; as the watcher does, what was said is kept."""
        look = self.driver.look()
        self.looks.append(look)
        return look

    def steps(self, look: Look | None = None) -> list[tuple[str, str]]:
        """What a look has done, by default the next one: steps and jobs."""
        return [(str(one.step), one.job) for one in (look or self.look()).happened]

    def waves_ports(self, actor: Actor = Actor.USER, owner: str = "") -> WavesPorts:
        return WavesPorts(self.store, self.runs, self.clock, owner or self.owner, Author(actor, "Ada"))

    # -- what people do

    def wait(self, seconds: int = 1) -> None:
        self.clock.time += seconds

    def commit(self, mutation: Mutation, request: Request = USER) -> None:
        self.wait()
        self.store.commit(mutation, request)

    def create(self, *events: Event, name: str = SHOP, text: bytes = b"", topic: str = "") -> PlanName:
        plan = PlanName(name)
        self.commit(Create(plan, topic=topic, content=text or None))
        self.move(*events, name=plan)
        return plan

    def move(self, *events: Event, name: PlanName = SHOP) -> None:
        """Whoever has implemented a plan has done so on its branch."""
        if Event.IMPLEMENT_FINISHED in events:
            self.git.add_branch(self.plan(name).branch or name.default_branch)
        for event in events:
            self.commit(Transition(name, (event,)))

    def write(self, text: bytes, name: PlanName = SHOP) -> None:
        self.commit(SetContent(name, text))

    def waves(self, *tasks: int, name: str = SHOP, wave: int = 1) -> PlanName:
        """A plan that is being implemented from ``wave`` on."""
        plan = self.create(Event.IMPLEMENT_START, name=name, text=text_of(*tasks))
        self.signal(f"implement-wave-{wave}-{plan}")
        return plan

    # -- what agents do

    def signal(
        self, name: str, text: str = "", *, round_: int | None = None, place: SignalPlace = MAIN
    ) -> None:
        self.wait()
        if round_ is not None:
            text = write_signal_text(text, round_, None).decode()
        self.box.put(place, name, text, self.clock.now_ns())

    def task_done(self, wave: int, task: int, name: str = SHOP, *, round_: int | None = None) -> None:
        self.signal(f"implement-task-finished-w{wave}-t{task}-{name}", round_=round_)

    def end(self, job: str, status: int = 0, name: PlanName = SHOP) -> None:
        """The newest agent of the job ends."""
        self.wait()
        self.runs.end(self.run_of(job, name), status)

    # -- what can be seen

    def plan(self, name: PlanName = SHOP) -> Plan:
        return self.store.get_plan(name)

    @property
    def status(self) -> Status:
        return cast("Status", self.plan().status)

    def document(self, name: PlanName = SHOP) -> RunDocument:
        run = self.store.get_run(name)
        return decode_run(run.document) if run else RunDocument()

    def stage(self, name: PlanName = SHOP) -> Stage:
        stage = self.document(name).stage
        assert stage is not None
        return stage

    def job(self, id_: str, name: PlanName = SHOP) -> Job:
        job = self.stage(name).job(id_)
        assert job is not None
        return job

    def states(self, name: PlanName = SHOP) -> dict[str, str]:
        return {job.id: str(job.state) for job in self.stage(name).jobs}

    def state(self, id_: str, name: PlanName = SHOP) -> JobState:
        return self.job(id_, name).state

    def run_of(self, id_: str, name: PlanName = SHOP) -> RunId:
        last = self.job(id_, name).last
        assert last is not None
        return RunId(last.run_id)

    def spec_of(self, id_: str, name: PlanName = SHOP) -> RunSpec:
        return self.runs.specs[self.run_of(id_, name)]

    def running(self) -> list[RunId]:
        """The runs that go on, in the order in which they began."""
        reports = self.runs.reports(self.runs.begun)
        return [run for run in self.runs.begun if reports[run].state is RunState.RUNNING]

    def events(self, name: PlanName = SHOP) -> list[str]:
        return [str(entry.event) for entry in self.history(name) if entry.event]

    def history(self, name: PlanName = SHOP) -> list[HistoryEntry]:
        return list(self.store.history(name))

    def attempts(self, name: PlanName = SHOP) -> list[str]:
        """The ids of all runs that the run document knows."""
        document = self.document(name)
        stages = [*document.past, *([document.stage] if document.stage else [])]
        return [one.run_id for stage in stages for job in stage.jobs for one in job.attempts]

    def happened(self, step: Step) -> list[str]:
        """The jobs of all steps of that kind, over all looks."""
        return [one.job for look in self.looks for one in look.happened if one.step is step]


@contextmanager
def killed(world: DriveWorld) -> Iterator[None]:
    """What is done in it may kill the driver; then there is another one. One without a store looks again."""
    try:
        yield
    except Killed:
        world.restart()
    except Unreachable:
        world.wait()


def failed(world: DriveWorld) -> None:
    """The first task of the first wave has failed, the second one is done."""
    world.waves(2, 1)
    world.look()
    world.end("W1-T1", 1)
    world.end("W1-T2")
    world.look()
    assert world.states() == {"W1-T1": "failed", "W1-T2": "complete", "W2-T3": "pending"}
