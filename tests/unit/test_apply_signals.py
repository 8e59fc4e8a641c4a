"""Applying signals, on a store and a box in memory."""

from __future__ import annotations

import pytest

from git_kas.domain.ledger import Action
from git_kas.domain.lifecycle import Actor, Event, Status
from git_kas.domain.mutation import Create, Remove, Rename, Request, SetContent
from git_kas.domain.names import PlanName
from git_kas.domain.signal_rules import Cause
from git_kas.usecases.signals import SignalState
from unit.signal_worlds import FOLDERS, LINKED, MAIN, SECOND, USER, World, short

APPROVED, CHANGES = "review-approved-a.md", "review-changes-a.md"
STARTED = (Event.IMPLEMENT_START,)
NOT_READY = "'planner_finished' is not valid in status 'ready'. Valid events: implement_start, plan_start."


@pytest.fixture
def world() -> World:
    return World()


def causes(world: World) -> list[Cause]:
    return [rejected.record.cause for rejected in world.box.rejected()]


def test_nothing_to_do(world: World) -> None:
    applied = world.apply()
    assert (applied.handled, applied.left, applied.warnings, applied.exit_status) == ([], [], [], 0)


def test_a_signal_moves_its_plan_and_its_text_is_kept(world: World) -> None:
    world.reviewing()
    world.wait()
    world.put(CHANGES, "a.py:3 leaks", LINKED, round_=1)
    assert world.applied() == [(CHANGES, "applied", "implementing")]
    assert (world.box.files, world.box.taken, world.box.kept) == ({}, {}, {})
    entry = world.store.history()[-1]
    assert (entry.actor, entry.by, entry.action) == (Actor.AGENT, "wt", Action.TRANSITION)
    assert (entry.note, entry.key[:7]) == ("a.py:3 leaks", "signal:")
    assert world.applied() == []


def test_signals_count_in_the_order_of_their_times(world: World) -> None:
    world.create("a.md", Event.PLAN_START)
    for name in ("planner-finished-a.md", "x", "implement-finished-a.md", "review-approved-a"):
        world.wait()
        if name == "x":
            world.apply()
            world.move(*STARTED)
        else:
            world.put(name)
    assert world.applied() == [
        ("implement-finished-a.md", "applied", "reviewing"),
        ("review-approved-a", "applied", "done"),
    ]


def test_a_queue_of_several_rounds(world: World) -> None:
    world.create("a.md", *STARTED)
    for name in ("implement-finished-a", "review-changes-a", "implement-finished-a.md", "review-approved-a"):
        world.wait()
        world.put(name, name)
    world.wait(86_400)
    assert [handled[1:] for handled in world.applied()] == [
        ("applied", "reviewing"),
        ("applied", "implementing"),
        ("applied", "reviewing"),
        ("applied", "done"),
    ]
    assert world.plan().round == 2


def test_both_folders_of_every_worktree(world: World) -> None:
    for index, place in enumerate((MAIN, LINKED)):
        for folder in FOLDERS:
            name = f"{index}{FOLDERS.index(folder)}.md"
            world.create(name, *STARTED)
            world.box.files[place.worktree, folder, f"implement-finished-{name}"] = (b"", 5)
    assert {handled[2] for handled in world.applied()} == {"reviewing"}
    assert {plan.status for plan in world.store.list_plans()} == {Status.REVIEWING}


def test_an_event_that_is_not_valid_is_rejected_and_kept(world: World) -> None:
    world.create()
    world.create("b.md", *STARTED)
    world.put("planner-finished-a.md", "important")
    world.put("implement-finished-b.md")
    applied = world.apply()
    assert sorted(map(short, applied.handled)) == [
        ("implement-finished-b.md", "applied", "reviewing"),
        ("planner-finished-a.md", "rejected", NOT_READY),
    ]
    assert applied.exit_status == 1
    ((rejected, content),) = world.box.kept.values()
    assert (rejected.record.cause, content) == (Cause.INVALID, b"important")
    assert (rejected.worktree, rejected.name) == ("/r", "planner-finished-a.md")
    assert world.box.files == {}


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("implement-finished-unknown.md", Cause.NO_PLAN),
        ("planner-finished-unknown.md", Cause.NO_PLAN),
        ("cancel-a.md", Cause.USER_ONLY),
        ("start-over-a.md", Cause.USER_ONLY),
        ("implement-wave-0-a.md", Cause.MALFORMED),
        ("review-approved-", Cause.MALFORMED),
    ],
)
def test_other_rejections(world: World, name: str, cause: Cause) -> None:
    world.create()
    world.put(name, "text")
    assert world.apply().exit_status == 1
    assert causes(world) == [cause]
    assert len(world.store.history()) == 1


def test_a_malformed_header_is_rejected(world: World) -> None:
    world.reviewing()
    world.put(APPROVED, "Kas-Signal: 1\nKas-Round: soon\n")
    assert world.applied() == [(APPROVED, "rejected", "Its Kas-Round is no number: 'soon'.")]


def test_a_file_that_is_too_large_is_rejected(world: World) -> None:
    world.reviewing()
    world.put(APPROVED, "x" * (1024 * 1024 + 1))
    assert world.applied() == [(APPROVED, "rejected", "It is larger than 1048576 bytes.")]


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("implement-wave-2-a.md", SignalState.FOR_WATCHER),
        ("implement-task-finished-w1-t2-a.md", SignalState.FOR_WATCHER),
        ("elaborator-finished-a.md", SignalState.FOR_WATCHER),
        ("coder-finished-a.md", SignalState.NEAR_MISS),
        ("notes.txt", SignalState.UNKNOWN),
    ],
)
def test_what_is_left_where_it_is(world: World, name: str, state: SignalState) -> None:
    world.create()
    world.put(name)
    applied = world.apply()
    assert ([row.state for row in applied.left], applied.exit_status) == ([state], 0)
    assert applied.handled == []
    assert len(world.box.files) == 1


# -- verdicts ------------------------------------------------------------------------------------------------


def test_a_verdict_of_another_round_is_stale(world: World) -> None:
    world.reviewing()
    world.move(Event.REVIEW_CHANGES_REQUESTED, Event.IMPLEMENT_FINISHED)
    world.wait()
    world.put(APPROVED, "good", round_=1)
    assert world.applied() == [(APPROVED, "rejected", "It is for round 1; the plan is in round 2.")]
    assert causes(world) == [Cause.STALE]


def test_a_verdict_without_a_round_that_is_older_than_the_review_is_stale(world: World) -> None:
    world.put(APPROVED, "good")
    world.wait()
    world.reviewing()
    assert world.applied() == [(APPROVED, "rejected", "It was written before this review began.")]


def test_the_tick_of_a_clock_makes_no_verdict_stale(world: World) -> None:
    world.reviewing()
    world.box.put(MAIN, APPROVED, "", world.now_ns - 9_000_000)
    assert world.applied() == [(APPROVED, "applied", "done")]


def test_a_round_counts_more_than_a_clock(world: World) -> None:
    world.reviewing()
    world.clock.time -= 3600
    world.put(APPROVED, round_=1)
    assert world.applied() == [(APPROVED, "applied", "done")]


def test_a_finish_of_another_round_is_stale(world: World) -> None:
    world.reviewing()
    world.move(Event.REVIEW_CHANGES_REQUESTED)
    world.put("implement-finished-a.md", round_=0)
    assert world.applied() == [
        ("implement-finished-a.md", "rejected", "It is for round 0; the plan is in round 1.")
    ]


@pytest.mark.parametrize("rounds", [(1, 1), (None, None), (1, None), (None, 1)])
@pytest.mark.parametrize("names", [(APPROVED, CHANGES), (CHANGES, APPROVED)])
def test_verdicts_that_contradict_each_other_are_both_set_aside(
    world: World, rounds: tuple[int | None, int | None], names: tuple[str, str]
) -> None:
    world.reviewing()
    for name, round_, place in zip(names, rounds, (MAIN, LINKED), strict=True):
        world.wait()
        world.put(name, f"text of {name}", place, round_=round_)
    assert [handled[:2] for handled in world.applied()] == [(name, "rejected") for name in names]
    assert causes(world) == [Cause.CONTRADICTED] * 2
    assert world.status() is Status.REVIEWING
    assert all(b"text of" in content for _, content in world.box.kept.values())
    first, second = world.box.rejected()
    assert first.record.together == (second.identity,)


def test_a_stale_verdict_contradicts_nobody(world: World) -> None:
    world.reviewing()
    world.move(Event.REVIEW_CHANGES_REQUESTED, Event.IMPLEMENT_FINISHED)
    world.wait()
    world.put(CHANGES, "old", round_=1)
    world.put(APPROVED, "good", round_=2)
    assert sorted(handled[1] for handled in world.applied()) == ["applied", "rejected"]
    assert world.status() is Status.DONE


def test_a_verdict_that_comes_after_the_other_one_was_applied_is_late(world: World) -> None:
    world.reviewing()
    world.wait()
    world.put(APPROVED)
    world.apply()
    world.wait()
    world.put(CHANGES, "wait, there is more")
    ((_, handling, reason),) = world.applied()
    assert handling == "rejected"
    assert reason == "'review_approved' was applied on 1970-01-12T13:46:41Z already; the plan is done."
    assert causes(world) == [Cause.LATE]
    assert world.status() is Status.DONE


def test_the_same_verdict_twice_contradicts_nothing(world: World) -> None:
    world.reviewing()
    world.wait()
    world.put(APPROVED, "mine")
    world.put(APPROVED, "mine, too", LINKED)
    assert [handled[1] for handled in world.applied()] == ["applied", "rejected"]
    assert causes(world) == [Cause.INVALID]


# -- plan texts ----------------------------------------------------------------------------------------------


def test_a_finished_plan_brings_its_text_from_the_worktree_of_the_signal(world: World) -> None:
    world.create("a.md", Event.PLAN_START)
    world.write_plan("/r", "a.md", "# old")
    world.write_plan("/wt", "a.md", "# new")
    world.put("planner-finished-a.md", place=LINKED)
    assert world.applied() == [("planner-finished-a.md", "applied", "ready")]
    assert world.store.get_content(PlanName("a.md")) == b"# new"


def test_else_from_the_main_worktree(world: World) -> None:
    world.create("a.md", Event.PLAN_START)
    world.write_plan("/r", "a.md", "# old")
    world.write_plan("/wt", "a.md", " \n")
    world.put("planner-finished-a.md", place=LINKED)
    world.apply()
    assert world.store.get_content(PlanName("a.md")) == b"# old"


def test_an_empty_file_never_replaces_a_text(world: World) -> None:
    world.create("a.md", Event.PLAN_START)
    world.store.commit(SetContent(PlanName("a.md"), b"# good"), Request(USER))
    world.write_plan("/r", "a.md", "\n")
    world.put("planner-finished-a.md")
    assert world.applied() == [("planner-finished-a.md", "applied", "ready")]
    assert world.store.get_content(PlanName("a.md")) == b"# good"


def test_the_same_text_is_not_recorded_again(world: World) -> None:
    world.create("a.md", Event.PLAN_START)
    world.store.commit(SetContent(PlanName("a.md"), b"# good"), Request(USER))
    world.write_plan("/r", "a.md", "# good")
    world.put("planner-finished-a.md")
    world.apply()
    assert [entry.action for entry in world.store.history()].count(Action.CONTENT) == 1


def test_an_unknown_plan_is_registered(world: World) -> None:
    world.write_plan("/wt", "2026-01-01-new.md", "# Something new\n\ntext\n")
    world.put("planner-finished-2026-01-01-new", "done", place=LINKED)
    assert world.applied() == [("planner-finished-2026-01-01-new", "applied", "ready")]
    plan = world.plan("2026-01-01-new.md")
    assert (plan.status, plan.description, plan.branch) == (Status.READY, "Something new", "plan/new")
    assert plan.created_at == "1970-01-12T13:46:40Z"
    assert world.store.get_content(plan.filename) == b"# Something new\n\ntext\n"
    entries = world.store.history(plan.filename)
    assert [(entry.action, entry.event) for entry in entries] == [
        (Action.CREATED, None),
        (Action.TRANSITION, Event.PLANNER_FINISHED),
        (Action.CONTENT, None),
    ]
    assert entries[1].note == "done"


@pytest.mark.parametrize("text", [None, "", " \n"])
def test_a_plan_without_a_text_is_not_registered(world: World, text: str | None) -> None:
    if text is not None:
        world.write_plan("/r", "new.md", text)
    world.put("planner-finished-new.md")
    world.apply()
    assert causes(world) == [Cause.NO_PLAN]
    assert world.store.list_plans() == []


def test_a_plan_that_was_removed_or_renamed_is_not_registered_again(world: World) -> None:
    world.create("a.md")
    world.create("b.md")
    world.store.commit(Remove(PlanName("a.md")), Request(USER))
    world.store.commit(Rename(PlanName("b.md"), PlanName("c.md")), Request(USER))
    for name in ("a.md", "b.md"):
        world.write_plan("/r", name, "# text")
        world.put(f"planner-finished-{name}")
    assert [handled[1] for handled in world.applied()] == ["rejected", "rejected"]
    assert [plan.filename for plan in world.store.list_plans()] == ["c.md"]
    assert (
        "It is called c.md now."
        in world.box.rejected()[0].record.reason + world.box.rejected()[1].record.reason
    )


def test_a_name_that_can_be_read_in_two_ways_means_the_plan_that_is_there(world: World) -> None:
    world.reviewing("a.md")
    world.reviewing("requested-b.md")
    world.wait()
    world.put("review-changes-requested-a.md")
    world.put("review-changes-requested-b.md")
    applied = world.apply()
    assert {handled.row.plan for handled in applied.handled} == {"a.md", "requested-b.md"}
    assert applied.exit_status == 0


def test_a_plan_made_after_the_beginning_is_found(world: World) -> None:
    box = world.box
    world.put("implement-finished-a.md")
    claim = box.claim

    def create_then_claim(waiting: object) -> object:
        world.store.commit(Create(PlanName("a.md"), Status.IMPLEMENTING), Request(USER))
        return claim(waiting)  # type: ignore[arg-type]  # as it came

    box.claim = create_then_claim  # type: ignore[method-assign,assignment]  # somebody else is quick
    assert world.applied() == [("implement-finished-a.md", "applied", "reviewing")]


def test_many_signals_of_one_plan_take_linear_time(world: World) -> None:
    world.reviewing()
    world.wait()
    for number in range(300):
        world.box.put(MAIN, f"{APPROVED}" if not number else "cancel-a.md", "", world.now_ns + number * SECOND)
        world.box.put(LINKED, f"review-approved-x{number}.md", "", world.now_ns)
    assert world.apply().exit_status == 1
