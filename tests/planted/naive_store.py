"""A plan store in one file under one lock, simple enough to be right, with defects that can be planted.

``naive:`` is the sound one; ``naive:lost_update`` and so on have one defect each, as ``DEFECTS`` tells.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress

from git_kas.domain.codec import decode_project, encode_project
from git_kas.domain.decide import decide
from git_kas.domain.ledger import HistoryEntry, Outcome, Run
from git_kas.domain.lifecycle import TRANSITIONS, StatusWord
from git_kas.domain.mutation import Mutation, Request, Transition
from git_kas.domain.names import PlanName
from git_kas.domain.plan import Plan, Topic
from git_kas.domain.project import Project, all_topics, history_of, live_record, select
from git_kas.domain.state_file import Remark
from git_kas.domain.timestamps import timestamp
from git_kas.errors import Busy, Conflict, InvalidTransition, KasError, NotFound, StoreCorrupt
from git_kas.ports.store import Store, StoreDescription, StoreRequest, commit_each

SHORT = 0.01  # seconds, long enough for others to come between
CACHED_FOR = 0.1  # seconds


def kas_store(request: StoreRequest) -> Store:
    return DEFECTS[request.url.partition(":")[2]](request)


class NaiveStore:
    """The sound store."""

    def __init__(self, request: StoreRequest) -> None:
        self.path = os.path.join(request.location.common_dir, f"{request.project()}.json")
        self.clock = request.clock

    # -- the file --------------------------------------------------------------------------------------------

    @contextmanager
    def locked(self) -> Iterator[None]:
        with open(f"{self.path}.lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def load(self, path: str = "") -> Project:
        try:
            with open(path or self.path, encoding="utf-8") as file:
                return decode_project(json.load(file))
        except FileNotFoundError:
            return Project()
        except ValueError as error:
            raise StoreCorrupt(f"{self.path} is damaged: {error}.", next_step="Look at it.") from error

    def save(self, project: Project) -> None:
        new = f"{self.path}.{os.getpid()}"
        with open(new, "w", encoding="utf-8") as file:
            json.dump(encode_project(project), file)
        os.replace(new, self.path)

    def decide(self, project: Project, mutation: Mutation, request: Request) -> Outcome:
        """Take the mutation over into ``project``."""
        decision = decide(project, mutation, request, timestamp(self.clock.now_ns()))
        if decision.commit is not None:
            project.apply(decision.commit)
        return decision.outcome

    # -- the port --------------------------------------------------------------------------------------------

    def describe(self) -> StoreDescription:
        return StoreDescription("naive", self.path)

    def ping(self) -> None:
        pass

    def list_plans(self, statuses: Collection[StatusWord] = (), topic: str | None = None) -> Sequence[Plan]:
        return select(self.load().plans(), statuses, topic)

    def get_plan(self, name: PlanName) -> Plan:
        return live_record(name, self.load().record(name)).plan

    def get_content(self, name: PlanName) -> bytes | None:
        project = self.load()
        return project.contents.get(live_record(name, project.record(name)).plan.content_id)

    def get_run(self, name: PlanName) -> Run | None:
        return live_record(name, self.load().record(name)).run

    def list_topics(self) -> Sequence[Topic]:
        project = self.load()
        return all_topics(project.topics.values(), project.plans())

    def history(self, plan: PlanName | None = None, since: int = 0) -> Sequence[HistoryEntry]:
        project = self.load()
        record = project.record(plan) if plan is not None else None
        if plan is not None and record is None:
            raise NotFound(f"plan not found: {plan}", next_step="See the list.")
        return history_of(project.entries, record, since)

    def outcome_of(self, key: str) -> Outcome | None:
        keyed = self.load().keyed(key)
        return keyed.outcome._replace(replayed=True) if keyed else None

    def changes(self, since: int, wait: float) -> int:
        change = self.load().change
        if change <= since and wait:
            time.sleep(wait)
            change = self.load().change
        return change

    def remarks(self) -> Sequence[Remark]:
        return ()

    def export(self) -> Project:
        return self.load()

    def commit(self, mutation: Mutation, request: Request) -> Outcome:
        with self.locked():
            project = self.load()
            outcome = self.decide(project, mutation, request)
            self.save(project)
        return outcome

    def commit_all(self, asked: Sequence[tuple[Mutation, Request]]) -> Sequence[Outcome | KasError]:
        return commit_each(self.commit, asked)

    def close(self) -> None:
        pass


# -- defects -------------------------------------------------------------------------------------------------


class LostUpdate(NaiveStore):
    """Reads before it takes the lock."""

    def commit(self, mutation: Mutation, request: Request) -> Outcome:
        project = self.load()
        outcome = self.decide(project, mutation, request)
        time.sleep(SHORT)
        with self.locked():
            self.save(project)
        return outcome


class DoubleWinner(NaiveStore):
    """Compares the revision before it takes the lock, and not again."""

    def commit(self, mutation: Mutation, request: Request) -> Outcome:
        self.decide(self.load(), mutation, request)
        time.sleep(SHORT)
        if "if_revision" in mutation._fields:
            mutation = mutation._replace(if_revision=None)  # type: ignore[call-arg]  # see the line above
        return super().commit(mutation, request)


class StaleRead(NaiveStore):
    """Keeps what it has read for a while."""

    def __init__(self, request: StoreRequest) -> None:
        super().__init__(request)
        self.read_at = 0.0
        self.project = Project()

    def get_plan(self, name: PlanName) -> Plan:
        if time.monotonic() > self.read_at + CACHED_FOR:
            self.project, self.read_at = self.load(), time.monotonic()
        return live_record(name, self.project.record(name)).plan


class ReadGoesBack(NaiveStore):
    """Every other plan comes from a copy that is one commit behind."""

    def __init__(self, request: StoreRequest) -> None:
        super().__init__(request)
        self.reads = 0

    def save(self, project: Project) -> None:
        if os.path.exists(self.path):
            os.replace(self.path, f"{self.path}.copy")
        super().save(project)

    def load(self, path: str = "") -> Project:
        if not os.path.exists(self.path) and os.path.exists(f"{self.path}.copy"):
            return super().load(f"{self.path}.copy")
        return super().load(path)

    def get_plan(self, name: PlanName) -> Plan:
        self.reads += 1
        project = self.load(f"{self.path}.copy" if self.reads % 2 else "")
        return live_record(name, project.record(name)).plan


class ForgottenKey(NaiveStore):
    """Does not know tomorrow's repetition of what it did."""

    def decide(self, project: Project, mutation: Mutation, request: Request) -> Outcome:
        project.keys.clear()
        return super().decide(project, mutation, request)


class KeyAfterCommit(NaiveStore):
    """Writes the key down in a second step."""

    def save(self, project: Project) -> None:
        keys, project.keys = project.keys, dict(list(project.keys.items())[:-1])
        super().save(project)
        time.sleep(3 * SHORT)
        project.keys = keys
        super().save(project)


class TornHistory(NaiveStore):
    """Some entries appear in the history only after the ones that follow them."""

    def history(self, plan: PlanName | None = None, since: int = 0) -> Sequence[HistoryEntry]:
        entries = super().history(plan, since)
        last = self.load().change
        return [entry for entry in entries if entry.change % 3 or entry.change < last - 2]


class HistoryChanged(NaiveStore):
    """Puts another author into an entry of the past."""

    def decide(self, project: Project, mutation: Mutation, request: Request) -> Outcome:
        outcome = super().decide(project, mutation, request)
        if project.change % 5 == 0 and len(project.entries) > 10:
            project.entries[-5] = project.entries[-5]._replace(by="somebody else")
        return outcome


class RevisionSkipped(NaiveStore):
    """Counts one revision too many now and then."""

    def decide(self, project: Project, mutation: Mutation, request: Request) -> Outcome:
        outcome = super().decide(project, mutation, request)
        if project.change % 5 == 0 and outcome.plan is not None and not outcome.replayed:
            plan = outcome.plan._replace(revision=outcome.plan.revision + 1)
            project.records[plan.filename] = project.records[plan.filename]._replace(plan=plan)
        return outcome


class Lawless(NaiveStore):
    """Makes every transition, whatever the plan's status."""

    def decide(self, project: Project, mutation: Mutation, request: Request) -> Outcome:
        try:
            return super().decide(project, mutation, request)
        except InvalidTransition:
            if not isinstance(mutation, Transition) or len(mutation.events) > 1:
                raise
            record = project.records[mutation.filename]
            status = next(status for status, moves in TRANSITIONS.items() if mutation.events[0] in moves)
            project.records[mutation.filename] = record._replace(plan=record.plan._replace(status=status))
            return super().decide(project, mutation, request)


class Nervous(NaiveStore):
    """Sees conflicts that are none."""

    def decide(self, project: Project, mutation: Mutation, request: Request) -> Outcome:
        if project.change % 5 == 4 and os.getpid() % 2 + time.monotonic_ns() % 2:
            raise Conflict("Something else is going on.", next_step="Try it again.")
        return super().decide(project, mutation, request)


class RefusedButApplied(NaiveStore):
    """Says that it was too busy, when it was not."""

    def commit(self, mutation: Mutation, request: Request) -> Outcome:
        outcome = super().commit(mutation, request)
        if outcome.change % 7 == 0:
            raise Busy("Somebody else holds the lock.", next_step="Wait.")
        return outcome


class WrittenLater(NaiveStore):
    """Answers first and writes with the next mutation of the same process."""

    def __init__(self, request: StoreRequest) -> None:
        super().__init__(request)
        self.pending: list[tuple[Mutation, Request]] = []

    def commit(self, mutation: Mutation, request: Request) -> Outcome:
        for earlier, its_request in self.pending:
            with suppress(KasError):  # its state is gone; who cares
                super().commit(earlier, its_request)
        self.pending = []
        outcome = self.decide(self.load(), mutation, request)
        self.pending = [(mutation, request)]
        return outcome


class WrittenInPlace(NaiveStore):
    """Overwrites the file, in two pieces; readers wait for the lock, so only a sudden death shows it."""

    def load(self, path: str = "") -> Project:
        with open(f"{self.path}.reading", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return super().load(path)

    def save(self, project: Project) -> None:
        text = json.dumps(encode_project(project))
        with (
            open(f"{self.path}.reading", "w", encoding="utf-8") as lock,
            open(self.path, "w", encoding="utf-8") as file,
        ):
            fcntl.flock(lock, fcntl.LOCK_EX)
            file.write(text[: len(text) // 2])
            file.flush()
            time.sleep(SHORT)
            file.write(text[len(text) // 2 :])


DEFECTS: dict[str, Callable[[StoreRequest], Store]] = {
    "": NaiveStore,
    "lost_update": LostUpdate,
    "double_winner": DoubleWinner,
    "stale_read": StaleRead,
    "read_goes_back": ReadGoesBack,
    "forgotten_key": ForgottenKey,
    "key_after_commit": KeyAfterCommit,
    "torn_history": TornHistory,
    "history_changed": HistoryChanged,
    "revision_skipped": RevisionSkipped,
    "lawless": Lawless,
    "nervous": Nervous,
    "refused_but_applied": RefusedButApplied,
    "written_later": WrittenLater,
    "written_in_place": WrittenInPlace,
}
