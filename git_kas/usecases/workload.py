"""Chooses at random what a client of a plan store asks next; the same seed chooses the same."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Final, TypeVar

from git_kas.domain.lifecycle import TRANSITIONS, Actor, Event, Status
from git_kas.domain.mutation import (
    Author,
    ClaimRun,
    Create,
    CreateTopic,
    Mutation,
    PutRun,
    Remove,
    Rename,
    Restore,
    SetContent,
    SetStatus,
    Transition,
    Update,
)
from git_kas.domain.names import PlanName
from git_kas.domain.operations import Read, ReadKind, Write
from git_kas.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from git_kas.domain.operations import Asked
    from git_kas.domain.plan import Plan
    from git_kas.errors import KasError

ChoiceT = TypeVar("ChoiceT")

TOPICS: Final = ("alpha", "beta", "gämma")
_READS: Final[Mapping[ReadKind, int]] = {
    ReadKind.GET: 12,
    ReadKind.LIST: 5,
    ReadKind.HISTORY: 6,
    ReadKind.CHANGES: 4,
    ReadKind.CONTENT: 3,
    ReadKind.RUN: 2,
    ReadKind.TOPICS: 1,
}
_ACTORS: Final = {Actor.USER: 70, Actor.AGENT: 20, Actor.SYSTEM: 10}
_SHARE_OF_READS: Final = 0.35
_SHARE_OF_LOOKS: Final = 0.5  # mutations whose plan is read right before
_SHARE_WITH_KEY: Final = 0.85
_LONGEST_HISTORY: Final = 100  # changes; the whole history is read now and then
_SHARE_OF_WHOLE_HISTORIES: Final = 0.02


class Workload:
    """The choices of one client. It is told what the client learns, so that much can succeed."""

    def __init__(self, client: str, seed: str, plans: int) -> None:
        self._client = client
        self._random = Random(seed)  # noqa: S311 - chance, not secrecy
        # More names than plans, so that renaming finds free ones, taken ones and ones that were left behind.
        count = plans + plans // 2 + 1
        self._names = [PlanName(f"2026-01-01-plan-{number}.md") for number in range(count)]
        self._home = plans
        self._known: dict[PlanName, Plan] = {}
        self._fences: dict[PlanName, int] = {}
        self._looked_at: PlanName | None = None
        self._change = 0
        self._tokens = 0
        self._makers: Mapping[Callable[[PlanName], Mutation], int] = {
            self._update: 16,
            self._transition: 20,
            self._set_status: 5,
            self._set_content: 6,
            self._rename: 3,
            self._remove: 3,
            self._claim_run: 5,
            self._put_run: 5,
            self._create: 2,
            self._restore: 2,
            self._create_topic: 1,
        }

    def next(self) -> Asked:
        """What to ask now."""
        name, self._looked_at = self._looked_at, None
        if name is None:
            if self._chance(_SHARE_OF_READS):
                return self._read()
            name = self._random.choice(self._names[: self._home])
            if self._chance(_SHARE_OF_LOOKS):
                self._looked_at = name
                return Read(ReadKind.GET, name)
        make = self._birth if name not in self._known and self._chance(0.8) else self._pick(self._makers)
        self._tokens += 1
        token = f"{self._client}-{self._tokens}"
        key = f"key {token}" if self._chance(_SHARE_WITH_KEY) else ""
        return Write(make(name), token, key, Author(self._pick(_ACTORS), self._client))

    def misuse(self, write: Write) -> Write:
        """Another request under the key of ``write``, which every store must refuse."""
        return write._replace(
            mutation=SetContent(self._names[0], b"misused key"), token=f"misuse of {write.key}"
        )

    def saw_plan(self, plan: Plan) -> None:
        """That plan was on the list."""
        self._known[plan.filename] = plan

    def was_refused(self, name: PlanName, error: KasError) -> None:
        """Something about ``name`` was refused."""
        if isinstance(error, NotFound):
            self._known.pop(name, None)

    def saw_fence(self, name: PlanName, fence: int) -> None:
        """The run of ``name`` was driven under ``fence``."""
        self._fences[name] = fence

    def saw_change(self, change: int) -> None:
        """The project had come to that change number."""
        self._change = max(self._change, change)

    # -- readings --------------------------------------------------------------------------------------------

    def _read(self) -> Read:
        kind = self._pick(_READS)
        name = self._random.choice(self._names)
        if kind is ReadKind.LIST:
            statuses = tuple(self._random.sample(list(Status), self._random.choice((0, 0, 1, 3))))
            return Read(kind, statuses=statuses, topic=self._random.choice((None, None, None, TOPICS[0])))
        if kind is ReadKind.HISTORY:
            whole = self._chance(_SHARE_OF_WHOLE_HISTORIES)
            since = 0 if whole else max(0, self._change - self._random.randrange(_LONGEST_HISTORY))
            return Read(kind, name if self._chance(0.4) else None, since=since)
        if kind is ReadKind.CHANGES:
            return Read(kind, since=self._change if self._chance(0.2) else 0)
        return Read(kind) if kind is ReadKind.TOPICS else Read(kind, name)

    # -- mutations -------------------------------------------------------------------------------------------

    def _birth(self, name: PlanName) -> Mutation:
        return self._create(name) if self._chance(0.6) else self._restore(name)

    def _create(self, name: PlanName) -> Mutation:
        status = self._random.choice((Status.READY, Status.READY, Status.IMPLEMENTING))
        content = self._content() if self._chance(0.5) else None
        return Create(name, status, self._text(), topic=self._topic(), extra={"n": 1}, content=content)

    def _update(self, name: PlanName) -> Mutation:
        revision = self._revision(name, 0.8)
        choice = self._random.randrange(5)
        if choice == 0:
            return Update(name, topic=self._topic(), branch=f"plan/{self._number()}", if_revision=revision)
        if choice == 1:
            return Update(name, extra={"n": self._number(), "text": "é"}, if_revision=revision)
        if choice == 2:
            return Update(name, status=self._random.choice(list(Status)), if_revision=revision)
        return Update(name, description=self._text(), if_revision=revision)

    def _transition(self, name: PlanName) -> Mutation:
        plan = self._known.get(name)
        moves = TRANSITIONS.get(plan.status, {}) if plan and isinstance(plan.status, Status) else {}
        possible = list(moves) if moves and self._chance(0.85) else list(Event)
        events = [self._random.choice(possible)]
        target = moves.get(events[0])
        if target and self._chance(0.2):
            events.append(self._random.choice(list(TRANSITIONS[target])))
        content = self._content() if self._chance(0.1) else None
        revision = self._revision(name, 0.4)
        return Transition(name, tuple(events), content, revision, allow_collision=self._chance(0.5))

    def _set_status(self, name: PlanName) -> Mutation:
        return SetStatus(name, self._random.choice(list(Status)), self._revision(name, 0.5))

    def _set_content(self, name: PlanName) -> Mutation:
        return SetContent(name, self._content(), self._revision(name, 0.5))

    def _rename(self, name: PlanName) -> Mutation:
        return Rename(name, self._random.choice(self._names), self._revision(name, 0.5))

    def _remove(self, name: PlanName) -> Mutation:
        return Remove(name, self._revision(name, 0.5))

    def _restore(self, name: PlanName) -> Mutation:
        return Restore(name, self._random.choice(self._names) if self._chance(0.2) else None)

    def _claim_run(self, name: PlanName) -> Mutation:
        owner = self._client.partition(".")[0]
        return ClaimRun(name, f"client {owner}", self._random.choice((0, 0, 0.05, 0.5, 3600)))

    def _put_run(self, name: PlanName) -> Mutation:
        return PutRun(name, {"wave": self._number()}, self._fences.get(name, 0))

    def _create_topic(self, name: PlanName) -> Mutation:
        del name
        return CreateTopic(f"topic {self._number() % 20}")

    # -- chance ----------------------------------------------------------------------------------------------

    def _revision(self, name: PlanName, share: float) -> int | None:
        """The revision that the client knows, now and then a wrong one or none."""
        plan = self._known.get(name)
        if plan is None or not self._chance(share):
            return None
        return plan.revision - (1 if self._chance(0.05) else 0)

    def _text(self) -> str:
        return f"{self._client} says {self._number()}"

    def _topic(self) -> str:
        return self._random.choice(("", *TOPICS))

    def _content(self) -> bytes:
        return self._random.choice((b"# Plan\n", b"", b"\xff\x00no text")) + str(self._number()).encode()

    def _number(self) -> int:
        return self._random.randrange(1_000_000)

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _pick(self, weights: Mapping[ChoiceT, int]) -> ChoiceT:
        return self._random.choices(list(weights), list(weights.values()))[0]
