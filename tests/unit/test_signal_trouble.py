"""Applying signals while the store fails, somebody else is quicker, or answers get lost."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from git_kas.domain.ledger import Outcome
from git_kas.domain.lifecycle import Event, Status
from git_kas.domain.mutation import Mutation, Request, SetContent, Transition, Update
from git_kas.domain.names import PlanName
from git_kas.domain.signal_rules import Cause
from git_kas.errors import (
    Busy,
    Conflict,
    InvalidTransition,
    KasError,
    ReadOnly,
    StoreFull,
    Unreachable,
    UsageError,
)
from git_kas.ports.memory_store import MemoryStore
from git_kas.ports.signals import ClaimedSignal, WaitingSignal
from unit.signal_worlds import LINKED, MAIN, USER, World, short

Hook = Callable[[Mutation, Request], None]


class NervousStore(MemoryStore):
    """A store in memory; ``before`` and ``after`` a commit somebody may do something, or fail."""

    before: Hook | None = None
    after: Hook | None = None

    def commit(self, mutation: Mutation, request: Request) -> Outcome:
        if self.before and request.key:
            self.before(mutation, request)
        outcome = super().commit(mutation, request)
        if self.after and request.key:
            self.after(mutation, request)
        return outcome


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def store(world: World) -> NervousStore:
    store = NervousStore(world.clock)
    world.store = store
    for name in ("a.md", "b.md", "c.md"):
        world.create(name, Event.IMPLEMENT_START)
    for name in ("a.md", "b.md", "c.md"):
        world.wait()
        world.put(f"implement-finished-{name}", f"text of {name}", LINKED)
    return store


def fail_for(plan: str, error: KasError) -> Hook:
    def fail(mutation: Mutation, request: Request) -> None:
        if isinstance(mutation, Transition) and mutation.filename == plan:
            raise error

    return fail


def finishes(world: World) -> list[str]:
    entries = world.store.history()
    return [str(entry.plan) for entry in entries if entry.event is Event.IMPLEMENT_FINISHED]


@pytest.mark.parametrize("kind", [Unreachable, Busy, StoreFull, ReadOnly])
def test_a_store_that_fails_leaves_the_rest_where_it_was(
    world: World, store: NervousStore, kind: type[KasError]
) -> None:
    failing = fail_for("b.md", kind("No.", next_step="Wait."))

    def fail_from_b_on(mutation: Mutation, request: Request) -> None:
        store.before = fail_for("c.md", kind("Still no.", next_step="Wait."))
        failing(mutation, request)
        store.before = fail_from_b_on

    store.before = fail_from_b_on
    applied = world.apply()
    assert [short(handled)[1:] for handled in applied.handled] == [
        ("applied", "reviewing"),
        ("postponed", "No."),
        ("postponed", "Still no."),
    ]
    assert applied.exit_status == kind.exit_status
    assert sorted(name for _, _, name in world.box.files) == [
        "implement-finished-b.md",
        "implement-finished-c.md",
    ]
    assert world.box.kept == {}
    store.before = None
    again = world.apply()
    assert again.exit_status == 0
    assert finishes(world) == ["a.md", "b.md", "c.md"]
    assert (world.box.files, world.box.taken) == ({}, {})


def test_a_store_that_cannot_be_read_keeps_everything_untouched(world: World, store: NervousStore) -> None:
    def unreachable(*_: object) -> None:
        raise Unreachable("plan store unreachable: no.", next_step="Start it.")

    store.list_plans = unreachable  # type: ignore[method-assign,assignment]  # a server that is down
    before = dict(world.box.files)
    with pytest.raises(Unreachable):
        world.apply()
    assert (world.box.files, world.box.taken) == (before, {})


def test_an_error_about_one_signal_does_not_keep_the_others(world: World, store: NervousStore) -> None:
    store.before = fail_for("b.md", KasError("Odd.", next_step=""))
    applied = world.apply()
    assert [handled.handling for handled in applied.handled] == ["applied", "postponed", "applied"]
    assert applied.exit_status == KasError.exit_status
    assert [name for _, _, name in world.box.files] == ["implement-finished-b.md"]


def test_a_rejection_by_the_store_is_one(world: World, store: NervousStore) -> None:
    store.before = fail_for("b.md", UsageError("Too long.", next_step="Shorten it."))
    assert [handled.handling for handled in world.apply().handled] == ["applied", "rejected", "applied"]
    assert [kept.record.cause for kept in world.box.rejected()] == [Cause.MALFORMED]


def test_a_lost_answer_is_no_second_step(world: World, store: NervousStore) -> None:
    store.after = fail_for("b.md", Unreachable("Lost.", next_step=""))
    assert world.apply().exit_status == Unreachable.exit_status
    store.after = None
    applied = world.apply()
    assert {short(handled) for handled in applied.handled} >= {
        ("implement-finished-b.md", "applied_before", "reviewing")
    }
    assert finishes(world) == ["a.md", "b.md", "c.md"]
    assert (world.box.files, world.box.taken, world.box.kept) == ({}, {}, {})


def test_a_lost_answer_of_an_earlier_round_is_no_stale_verdict(world: World) -> None:
    store = NervousStore(world.clock)
    world.store = store
    world.reviewing()
    world.wait()
    world.put("review-changes-a.md", "fix it", round_=1)
    store.after = fail_for("a.md", Unreachable("Lost.", next_step=""))
    world.apply()
    store.after = None
    world.move(Event.IMPLEMENT_FINISHED)
    assert world.applied() == [("review-changes-a.md", "applied_before", "")]
    assert world.box.kept == {}
    assert world.status() is Status.REVIEWING


def test_somebody_who_is_quicker_is_met_again(world: World, store: NervousStore) -> None:
    def touch(mutation: Mutation, request: Request) -> None:
        store.before = None
        store.commit(Update(PlanName("a.md"), description="other"), Request(USER))

    store.before = touch
    assert world.apply().exit_status == 0
    assert sorted(finishes(world)) == ["a.md", "b.md", "c.md"]


def test_somebody_who_decides_first_is_judged_by_the_new_state(world: World, store: NervousStore) -> None:
    def cancel(mutation: Mutation, request: Request) -> None:
        store.before = None
        store.commit(Transition(PlanName("a.md"), (Event.CANCEL,)), Request(USER))

    store.before = cancel
    assert [handled.handling for handled in world.apply().handled] == ["rejected", "applied", "applied"]
    assert world.status() is Status.CANCELLED
    (kept,) = world.box.rejected()
    assert kept.record.cause is Cause.INVALID


def test_somebody_who_is_always_quicker_is_not_met_forever(world: World, store: NervousStore) -> None:
    attempts = 0

    def conflict(mutation: Mutation, request: Request) -> None:
        nonlocal attempts
        attempts += 1
        raise Conflict("Again.", next_step="Again.")

    store.before = conflict
    applied = world.apply()
    assert (applied.exit_status, attempts) == (Conflict.exit_status, 30)
    assert len(world.box.files) == 3


def test_a_changed_plan_text_does_not_apply_a_signal_again(world: World) -> None:
    store = NervousStore(world.clock)
    world.store = store
    world.create("a.md", Event.PLAN_START)
    world.write_plan("/r", "a.md", "# one")
    world.put("planner-finished-a.md")
    store.after = fail_for("a.md", Unreachable("Lost.", next_step=""))
    world.apply()
    store.after = None
    world.write_plan("/r", "a.md", "# two")
    assert world.applied() == [("planner-finished-a.md", "applied_before", "")]
    assert store.get_content(PlanName("a.md")) == b"# one"
    assert world.box.kept == {}


def test_a_text_that_changes_after_it_was_applied_is_kept(world: World, store: NervousStore) -> None:
    def grow(mutation: Mutation, request: Request) -> None:
        for key, claimed in list(world.box.taken.items()):
            if claimed.name == "implement-finished-a.md":
                world.box.taken[key] = claimed._replace(content=b"more", size=4, mtime_ns=claimed.mtime_ns + 1)

    store.after = grow
    applied = world.apply()
    assert applied.exit_status == 1
    ((kept, content),) = world.box.kept.values()
    assert (kept.record.cause, content) == (Cause.CHANGED, b"more")
    assert finishes(world) == ["a.md", "b.md", "c.md"]


def test_a_leftover_that_changed_meanwhile_is_applied_with_all_its_text(world: World) -> None:
    world.create("a.md", Event.IMPLEMENT_START)
    world.put("implement-finished-a.md", "half")
    (waiting,) = world.box.find([MAIN]).waiting
    claimed = world.box.claim(waiting)
    assert claimed is not None
    world.box.taken[claimed.folder, claimed.identity] = claimed._replace(content=b"half and half", intact=False)
    world.apply()
    assert world.store.history()[-1].note == "half and half"
    ((kept, content),) = world.box.kept.values()
    assert (kept.record.cause, content) == (Cause.CHANGED, b"half and half")


def test_what_cannot_be_claimed_does_not_keep_the_others(world: World, store: NervousStore) -> None:
    claim = world.box.claim

    def refuse_one(waiting: WaitingSignal) -> ClaimedSignal | None:
        if waiting.name == "implement-finished-a.md":
            raise ReadOnly("Refused.", next_step="")
        return claim(waiting)

    world.box.claim = refuse_one  # type: ignore[method-assign]  # a folder of somebody else
    assert [handled.handling for handled in world.apply().handled] == ["postponed", "applied", "applied"]


def test_what_cannot_be_kept_is_given_back(world: World) -> None:
    def refuse(*_: object) -> None:
        raise StoreFull("Full.", next_step="")

    world.put("implement-finished-x.md", "text")
    reject = world.box.reject
    world.box.reject = refuse  # type: ignore[method-assign,assignment]  # a full disk
    assert world.apply().exit_status == StoreFull.exit_status
    assert len(world.box.files) == 1
    world.box.reject = reject  # type: ignore[method-assign]  # as it was
    assert [handled.handling for handled in world.apply().handled] == ["rejected"]


def test_an_event_of_another_actor_between_claim_and_commit(world: World, store: NervousStore) -> None:
    def finish(mutation: Mutation, request: Request) -> None:
        store.before = None
        store.commit(Transition(PlanName("a.md"), (Event.IMPLEMENT_FINISHED,)), Request(USER))

    store.before = finish
    assert world.apply().exit_status == 1
    assert finishes(world) == ["a.md", "b.md", "c.md"]
    with pytest.raises(InvalidTransition):
        world.move(Event.IMPLEMENT_FINISHED)


def test_a_text_given_by_a_user_meanwhile_is_not_overwritten_unseen(world: World) -> None:
    store = NervousStore(world.clock)
    world.store = store
    world.create("a.md", Event.PLAN_START)
    world.write_plan("/r", "a.md", "# mine")
    world.put("planner-finished-a.md")

    def write(mutation: Mutation, request: Request) -> None:
        store.before = None
        store.commit(SetContent(PlanName("a.md"), b"# mine"), Request(USER))

    store.before = write
    assert world.apply().exit_status == 0
    assert [entry.by for entry in store.history() if entry.action == "content"] == ["Ada"]


def test_a_contradiction_that_an_earlier_run_has_settled_in_part(world: World) -> None:
    """The other verdict was applied, its answer got lost, and somebody asked for another review."""
    store = NervousStore(world.clock)
    world.store = store
    world.reviewing()
    world.wait()
    world.put("review-approved-a.md", "good", LINKED, round_=1)
    store.after = fail_for("a.md", Unreachable("Lost.", next_step=""))
    world.apply()
    store.after = None
    world.move(Event.REQUEST_REVIEW)
    world.wait()
    world.put("review-changes-a.md", "not so good", round_=1)
    assert world.applied() == [
        ("review-approved-a.md", "applied_before", "done"),
        ("review-changes-a.md", "applied", "implementing"),
    ]
    assert world.box.kept == {}


def test_a_store_that_fails_while_a_plan_is_read(world: World, store: NervousStore) -> None:
    def unreachable(name: PlanName) -> None:
        raise Unreachable("No.", next_step="")

    world.put("implement-finished-unknown.md")
    store.get_plan = unreachable  # type: ignore[method-assign,assignment]  # a server that goes down
    applied = world.apply()
    assert applied.exit_status == Unreachable.exit_status
    assert "postponed" in {str(handled.handling) for handled in applied.handled}
    assert "implement-finished-unknown.md" in {name for _, _, name in world.box.files}
