"""Sending signals, listing them, and what can be done with rejected ones; all in memory."""

from __future__ import annotations

import pytest

from git_kas.domain.lifecycle import Event, Status
from git_kas.domain.mutation import Create, Request
from git_kas.domain.names import BranchName, ObjectId, PlanName
from git_kas.domain.plan import Plan
from git_kas.domain.signal_rules import Cause
from git_kas.domain.signals import form_of_word
from git_kas.domain.worktree import FolderState, Worktree
from git_kas.errors import AlreadyExists, NotFound, Unreachable, UsageError
from git_kas.ports.fakes import FakeClock
from git_kas.ports.memory_store import MemoryStore
from git_kas.ports.signals import RejectedSignal, SignalPlace
from git_kas.usecases.rejected_signals import purge_signals, retry_signals
from git_kas.usecases.send_signal import Desk, Report, SentSignal, send_signal
from git_kas.usecases.signals import SignalState, list_signals, signal_places
from unit.signal_worlds import FOLDERS, LINKED, MAIN, USER, World

HEAD = ObjectId("c" * 40)
BRANCH = BranchName("plan/a")
DESK = Desk(LINKED, BRANCH, HEAD)
FINISHED = form_of_word("implement_finished")
PLACES = (MAIN, LINKED)


@pytest.fixture
def world() -> World:
    return World()


def send(world: World, report: Report, desk: Desk = DESK) -> SentSignal:
    return send_signal(world.box, world.store, desk, report)


def content(world: World, name: str) -> str:
    return world.box.files[LINKED.worktree, FOLDERS[0], name][0].decode()


# -- sending -------------------------------------------------------------------------------------------------


def test_a_sent_signal_names_round_and_commit(world: World) -> None:
    world.reviewing()
    sent = send(world, Report(form_of_word("review_changes"), body="fix it"))
    assert sent == SentSignal(PlanName("a.md"), 1, "/wt/docs/plans/.signals/review-changes-a.md", ())
    assert content(world, "review-changes-a.md") == f"Kas-Signal: 1\nKas-Round: 1\nKas-Head: {HEAD}\n\nfix it\n"


def test_what_is_sent_is_applied(world: World) -> None:
    world.create("a.md", Event.IMPLEMENT_START)
    world.box.now_ns = world.now_ns
    for word in ("implement_finished", "review_changes", "implement_finished", "review_approved"):
        send(world, Report(form_of_word(word)))
        assert world.apply().exit_status == 0
    assert (world.status(), world.plan().round) == (Status.DONE, 2)


def test_a_plan_that_is_named_needs_no_branch(world: World) -> None:
    world.create("2026-01-01-b.md")
    sent = send(world, Report(FINISHED, "docs/plans/2026-01-01-b.md"), Desk(MAIN, None, None))
    assert sent.plan == "2026-01-01-b.md"


def test_a_finished_plan_gives_its_branch_away(world: World) -> None:
    world.create("2025-01-01-a.md", Event.CANCEL)
    world.create("2026-01-01-a.md")
    assert send(world, Report(FINISHED)).plan == "2026-01-01-a.md"


@pytest.mark.parametrize("branch", [None, BranchName("main")])
def test_a_branch_without_a_plan(world: World, branch: BranchName | None) -> None:
    world.create()
    with pytest.raises((UsageError, NotFound)) as raised:
        send(world, Report(FINISHED), Desk(LINKED, branch, HEAD))
    assert raised.value.next_step == "Name the plan behind the event."


def test_a_branch_of_two_plans(world: World) -> None:
    world.create("a.md")
    world.store.commit(Create(PlanName("b.md"), branch=BRANCH), Request(USER))
    with pytest.raises(UsageError, match=r"Several plans belong to the branch 'plan/a': a.md, b.md"):
        send(world, Report(FINISHED))


def test_only_a_planner_reports_about_an_unknown_plan(world: World) -> None:
    with pytest.raises(NotFound):
        send(world, Report(FINISHED, "new"))
    sent = send(world, Report(form_of_word("planner_finished"), "new"))
    assert (sent.round, len(sent.warnings)) == (None, 1)
    assert content(world, "planner-finished-new.md") == f"Kas-Signal: 1\nKas-Head: {HEAD}\n"


def test_a_store_that_is_down_keeps_nobody_from_reporting(world: World) -> None:
    class Down(MemoryStore):
        def get_plan(self, name: PlanName) -> Plan:
            del name
            raise Unreachable("plan store unreachable: no.", next_step="Start it.")

    world.store = Down(FakeClock())
    sent = send(world, Report(FINISHED, "a"))
    assert sent.warnings == ["plan store unreachable: no. The signal waits until it can be reached."]
    assert sent.round is None


def test_reports_that_do_not_fit(world: World) -> None:
    world.create()
    send(world, Report(FINISHED, body="one"))
    with pytest.raises(AlreadyExists):
        send(world, Report(FINISHED, body="two"))
    with pytest.raises(UsageError, match="too large"):
        send(world, Report(form_of_word("review_approved"), body="x" * 1024 * 1024))
    with pytest.raises(UsageError, match="needs a wave"):
        send(world, Report(form_of_word("implement_wave")))


# -- listing -------------------------------------------------------------------------------------------------


def test_places() -> None:
    worktrees = [
        Worktree("", "/r", "/r/.git"),
        Worktree("gone", "/gone", "/r/.git/worktrees/gone", folder=FolderState.MISSING),
        Worktree("moved", "/old", "/r/.git/worktrees/moved", folder=FolderState.MISSING, moved_to="/new"),
    ]
    places = signal_places(worktrees, "notes")
    assert [(place.worktree_id, place.worktree) for place in places] == [("", "/r"), ("moved", "/new")]
    assert places[0].folders == ("notes/.signals", ".kasmos/signals")
    assert [place.label for place in places] == ["main worktree", "moved"]


def test_every_state_is_listed(world: World) -> None:
    world.create()
    world.put("planner-finished-a.md", "no")
    world.put("implement-finished-c.md", "no")
    world.apply()
    retry_signals(world.box, PLACES, [world.box.rejected()[0].identity])
    for name in (
        "review-approved-a",
        "implement-wave-1-a",
        "implement-wave-0-a",
        "cancel-a",
        "plan-finished-a",
        "x",
    ):
        world.wait()
        world.put(name, "", LINKED)
    rows, problems = list_signals(world.box, PLACES)
    assert [row.state for row in rows] == [
        SignalState.REJECTED,
        SignalState.PROCESSING,
        SignalState.WAITING,
        SignalState.FOR_WATCHER,
        SignalState.MALFORMED,
        SignalState.USER_ONLY,
        SignalState.NEAR_MISS,
        SignalState.UNKNOWN,
    ]
    assert set(SignalState) == {row.state for row in rows}
    assert problems == ()
    assert [bool(row.id) for row in rows] == [True] + [False] * 7


# -- rejected ones -------------------------------------------------------------------------------------------


def rejections(world: World, *names: str) -> list[RejectedSignal]:
    for name in names:
        world.put(name, "text")
        world.wait()
        world.apply()
    return list(world.box.rejected())


def test_retry_one_by_the_beginning_of_its_id(world: World) -> None:
    first, second = rejections(world, "implement-finished-a.md", "implement-finished-b.md")
    retried = retry_signals(world.box, PLACES, [first.identity[:8], first.identity])
    assert list(retried.signals) == [first]
    assert list(world.box.rejected()) == [second]
    world.create("a.md", Event.IMPLEMENT_START)
    assert world.apply().exit_status == 0
    assert world.status() is Status.REVIEWING


def test_retry_is_judged_by_the_time_at_which_it_was_written(world: World) -> None:
    rejections(world, "review-approved-a.md")
    world.reviewing()
    retry_signals(world.box, PLACES, None)
    world.apply()
    assert [kept.record.cause for kept in world.box.rejected()] == [Cause.STALE]


def test_a_retried_signal_has_another_identity_each_time(world: World) -> None:
    seen = {kept.identity for kept in rejections(world, "implement-finished-a.md")}
    for _ in range(3):
        retry_signals(world.box, PLACES, None)
        world.apply()
        seen |= {kept.identity for kept in world.box.rejected()}
    assert len(seen) == 4


@pytest.mark.parametrize(("id_", "error"), [("0123", NotFound), ("", UsageError), ("abc", UsageError)])
def test_ids_that_name_nothing(world: World, id_: str, error: type[Exception]) -> None:
    rejections(world, "implement-finished-a.md")
    with pytest.raises(error):
        retry_signals(world.box, PLACES, [id_])


def test_a_signal_that_was_applied_is_not_retried(world: World) -> None:
    world.create("a.md", Event.IMPLEMENT_START)
    world.put("implement-finished-a.md", "half")
    claimed = world.box.claim(world.box.find(PLACES).waiting[0])
    assert claimed is not None
    world.box.taken[claimed.folder, claimed.identity] = claimed._replace(intact=False)
    world.apply()
    (kept,) = world.box.rejected()
    with pytest.raises(UsageError, match="was applied already"):
        retry_signals(world.box, PLACES, [kept.identity])
    retried = retry_signals(world.box, PLACES, None)
    assert (retried.signals, len(retried.warnings)) == ([], 1)


def test_purge(world: World) -> None:
    old, new = rejections(world, "implement-finished-a.md", "cancel-b.md")
    assert [kept.name for kept in purge_signals(world.box, PLACES, world.clock, 0, execute=False)] == [
        old.name,
        new.name,
    ]
    world.wait(86_399)
    assert list(purge_signals(world.box, PLACES, world.clock, 1, execute=True)) == [old]
    assert list(world.box.rejected()) == [new]
    assert list(purge_signals(world.box, PLACES, world.clock, 1, execute=True)) == []


def test_a_rejection_that_was_begun_is_finished_first(world: World) -> None:
    (kept,) = rejections(world, "implement-finished-a.md")
    place = SignalPlace("", "/r", FOLDERS)
    world.box.put(place, kept.name, "text", kept.mtime_ns)
    claimed = world.box.claim(world.box.find(PLACES).waiting[0])
    assert claimed is not None
    assert claimed.identity == kept.identity
    purge_signals(world.box, PLACES, world.clock, 0, execute=True)
    assert (world.box.taken, world.box.kept) == ({}, {})
