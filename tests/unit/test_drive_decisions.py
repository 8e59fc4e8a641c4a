"""What people decide about plans that are driven, and who may drive them: on a project in memory."""

from __future__ import annotations

import pytest

from git_kas.domain.agents import Mode
from git_kas.domain.lifecycle import Actor, Event, Status
from git_kas.domain.mutation import Request, Transition
from git_kas.domain.timestamps import timestamp
from git_kas.errors import InvalidTransition, NotAllowed, NotFound
from git_kas.usecases.drive_ports import LEASE, SYSTEM, Step
from git_kas.usecases.waves import abort, driven_plans, retry, skip
from unit.drive_worlds import NO_LIMITS, SHOP, DriveWorld, failed

HOUR = 3600
FOUND = "FINDING of round {}"


@pytest.fixture
def world() -> DriveWorld:
    return DriveWorld()


def review(world: DriveWorld, number: int, *, changes: bool = True) -> None:
    """The reviewer of a round reports."""
    name = "review-changes" if changes else "review-approved"
    world.signal(f"{name}-{SHOP}", FOUND.format(number), round_=number)


# -- retry, skip, abort ----------------------------------------------------------------------------------


@pytest.mark.parametrize("jobs", [[], ["W1-T1"]], ids=["all", "named"])
def test_a_failed_task_is_tried_again(world: DriveWorld, jobs: list[str]) -> None:
    failed(world)
    retry(world.waves_ports(), SHOP, jobs, "the disk was full")
    assert world.history()[-1].note == "the disk was full"
    world.look()
    assert world.runs.begun[-1] == "shop-W1-T1-2"
    world.end("W1-T1")
    world.look()
    assert world.runs.begun[-1] == "shop-W2-T3-1"


def test_a_failed_task_is_passed_over(world: DriveWorld) -> None:
    failed(world)
    skip(world.waves_ports(), SHOP, [])
    world.look()
    assert world.runs.begun[-1] == "shop-W2-T3-1"


def test_a_failed_task_of_the_last_wave_that_is_passed_over_ends_the_implementation(world: DriveWorld) -> None:
    world.waves(1)
    world.look()
    world.end("W1-T1", 1)
    world.look()
    skip(world.waves_ports(), SHOP, [])
    world.look()
    assert (world.status, world.stage().mode) == (Status.REVIEWING, Mode.REVIEW)


def test_an_unknown_task_that_is_tried_again_never_has_two_agents(world: DriveWorld) -> None:
    """The first one takes a while to end; the second one waits for that."""
    world.driver = world.new_driver(settings=NO_LIMITS._replace(longest_work=HOUR))
    world.waves(1)
    world.look()
    world.wait(2 * HOUR)
    world.look()
    first = world.run_of("W1-T1")
    world.runs.deaf.add(first)
    retry(world.waves_ports(), SHOP, [])
    look = world.look()
    assert look.again
    assert world.running() == [first]
    world.runs.end(first, 1)
    world.look()
    assert world.running() == ["shop-W1-T1-2"]


@pytest.mark.parametrize("restarted", [False, True])
def test_abort_ends_all_agents_and_starts_no_more(world: DriveWorld, *, restarted: bool) -> None:
    world.driver = world.new_driver(settings=NO_LIMITS._replace(most_agents=2))
    world.waves(3, 1)
    world.look()
    abort(world.waves_ports(), SHOP)
    assert world.running() == []
    if restarted:
        world.restart()
    for _ in range(3):
        world.wait(HOUR)
        assert world.steps() == []
    assert world.status is Status.IMPLEMENTING
    assert world.states() == {"W1-T1": "stopped", "W1-T2": "stopped", "W1-T3": "pending", "W2-T4": "pending"}


def test_the_watcher_ends_agents_that_abort_could_not_reach(world: DriveWorld) -> None:
    world.waves(2)
    world.look()
    ports = world.waves_ports()
    world.runs.deaf.update(world.runs.begun)
    abort(ports, SHOP)
    assert len(world.running()) == 2
    world.runs.deaf.clear()
    world.look()
    assert world.running() == []
    assert world.happened(Step.STOPPED) == ["W1-T1", "W1-T2"]


def test_an_aborted_plan_does_not_keep_the_watcher_awake(world: DriveWorld) -> None:
    world.waves(1)
    world.look()
    abort(world.waves_ports(), SHOP)
    for seconds in (1, LEASE, LEASE):
        world.wait(int(seconds))
        again = world.look().again
        assert not again or again > timestamp(world.clock.now_ns())


@pytest.mark.parametrize("way", ["retry", "wave"])
def test_an_aborted_plan_can_go_on(world: DriveWorld, way: str) -> None:
    world.waves(2, 1)
    world.look()
    world.end("W1-T1")
    world.look()
    abort(world.waves_ports(), SHOP)
    world.look()
    if way == "retry":
        retry(world.waves_ports(), SHOP, [])
    else:
        world.signal(f"implement-wave-1-{SHOP}")
    world.look()
    assert world.running() == (["shop-W1-T2-2"] if way == "retry" else ["shop-W1-T1-2", "shop-W1-T2-2"])


def test_waves_that_begin_again_wait_for_the_agents_of_those_before(world: DriveWorld) -> None:
    world.waves(1)
    world.look()
    first = world.run_of("W1-T1")
    world.runs.deaf.add(first)
    abort(world.waves_ports(), SHOP)
    world.signal(f"implement-wave-1-{SHOP}")
    world.look()
    assert world.running() == [first]
    world.runs.end(first, 1)
    world.look()
    assert world.running() == ["shop-W1-T1-2"]


@pytest.mark.parametrize(
    ("decide", "jobs", "error"),
    [
        (retry, ["W1-T2"], InvalidTransition),
        (retry, ["W2-T3"], InvalidTransition),
        (retry, ["W7-T7"], NotFound),
        (retry, ["W1-T1", "W1-T2"], InvalidTransition),
        (skip, ["W1-T2"], InvalidTransition),
        (skip, ["W7-T7"], NotFound),
    ],
)
def test_what_cannot_be_decided_changes_nothing(
    world: DriveWorld, decide: type, jobs: list[str], error: type[Exception]
) -> None:
    failed(world)
    before = world.store.get_run(SHOP)
    with pytest.raises(error):
        decide(world.waves_ports(), SHOP, jobs)
    assert world.store.get_run(SHOP) == before


@pytest.mark.parametrize("decide", [retry, skip])
def test_nothing_is_to_be_decided_while_all_goes_well(world: DriveWorld, decide: type) -> None:
    world.waves(1)
    world.look()
    with pytest.raises(InvalidTransition):
        decide(world.waves_ports(), SHOP, [])


@pytest.mark.parametrize("moved", [False, True])
def test_nothing_is_to_be_decided_of_a_plan_that_is_not_driven(world: DriveWorld, *, moved: bool) -> None:
    """Also if it was, and nobody has looked since it moved on."""
    world.waves(1)
    if moved:
        world.look()
        world.end("W1-T1", 1)
        world.look()
        world.move(Event.CANCEL)
    for decide in (retry, skip):
        with pytest.raises(InvalidTransition, match="not driven"):
            decide(world.waves_ports(), SHOP, [])
    with pytest.raises(InvalidTransition, match="not driven"):
        abort(world.waves_ports(), SHOP)


@pytest.mark.parametrize("decide", [retry, skip])
@pytest.mark.parametrize("actor", [Actor.AGENT, Actor.SYSTEM])
def test_only_users_decide(world: DriveWorld, actor: Actor, decide: type) -> None:
    failed(world)
    before = world.store.get_run(SHOP)
    with pytest.raises(NotAllowed):
        decide(world.waves_ports(actor), SHOP, [])
    with pytest.raises(NotAllowed):
        abort(world.waves_ports(actor), SHOP)
    assert world.store.get_run(SHOP) == before


# -- reviews ---------------------------------------------------------------------------------------------


def test_what_a_review_found_reaches_one_coder_once(world: DriveWorld) -> None:
    world.create(Event.IMPLEMENT_START, Event.IMPLEMENT_FINISHED)
    for number in (1, 2):
        world.look()
        review(world, number)
        world.look()
        world.end(f"R{number}-coder", 1)
        world.look()
        retry(world.waves_ports(), SHOP, [])
        world.look()
        world.signal(f"implement-finished-{SHOP}", round_=number)
        world.look()
    for number in (1, 2):
        told = {run for run, spec in world.runs.specs.items() if FOUND.format(number) in spec.prompt}
        assert told == {f"shop-R{number}-coder-1", f"shop-R{number}-coder-2"}
    assert [one.note for one in world.history() if one.event is Event.REVIEW_CHANGES_REQUESTED] == [
        FOUND.format(1), FOUND.format(2),
    ]  # fmt: skip


def test_two_reviews_that_nobody_watched_reach_the_next_coder_together(world: DriveWorld) -> None:
    world.create(Event.IMPLEMENT_START, Event.IMPLEMENT_FINISHED)
    for number in (1, 2):
        request = Request(SYSTEM, note=FOUND.format(number))
        world.commit(Transition(SHOP, (Event.REVIEW_CHANGES_REQUESTED,)), request)
        if number == 1:
            world.move(Event.IMPLEMENT_FINISHED)
    world.look()
    assert world.runs.begun == ["shop-R2-coder-1"]
    prompt = world.spec_of("R2-coder").prompt
    assert prompt.index(FOUND.format(1)) < prompt.index(FOUND.format(2))


def test_after_as_many_reviews_as_are_allowed_somebody_decides(world: DriveWorld) -> None:
    world.driver = world.new_driver(settings=NO_LIMITS._replace(most_rounds=1))
    world.create(Event.IMPLEMENT_START, Event.IMPLEMENT_FINISHED)
    world.look()
    review(world, 1)
    assert world.steps()[-1] == ("waiting", "")
    assert world.steps() == []
    assert world.document().notice == "1 rounds of review are as many as are allowed"
    assert world.runs.begun == ["shop-R1-reviewer-1"]
    (driven,) = driven_plans(world.store, SHOP)
    assert driven.document.notice
    retry(world.waves_ports(), SHOP, [])
    world.look()
    assert world.runs.begun[1:] == ["shop-R1-coder-1"]
    assert FOUND.format(1) in world.spec_of("R1-coder").prompt
    world.end("R1-coder")
    world.look()
    review(world, 2)
    world.look()
    assert world.document().notice.startswith("2 rounds")
    assert world.document().stage is None


def test_a_notice_goes_with_what_it_is_about(world: DriveWorld) -> None:
    world.driver = world.new_driver(settings=NO_LIMITS._replace(most_rounds=1))
    world.create(Event.IMPLEMENT_START, Event.IMPLEMENT_FINISHED)
    world.look()
    review(world, 1)
    world.look()
    assert world.document().notice
    world.move(Event.CANCEL)
    world.look()
    assert world.document().notice == ""
    with pytest.raises(InvalidTransition):
        retry(world.waves_ports(), SHOP, [])


# -- starts that get lost --------------------------------------------------------------------------------


def test_a_start_that_got_lost_is_repeated(world: DriveWorld) -> None:
    world.runner.begins = False
    world.waves(1)
    world.look()
    assert (world.state("W1-T1"), world.runs.begun) == ("starting", [])
    world.runner.begins = True
    for _ in range(100):
        look = world.look()
        if world.runs.begun:
            break
        assert look.again > timestamp(world.clock.now_ns())
        world.wait(5)
    assert world.runs.begun == ["shop-W1-T1-1"]


def test_an_agent_that_never_begins_has_failed(world: DriveWorld) -> None:
    world.runner.begins = False
    world.waves(1)
    for _ in range(200):
        world.look()
        world.wait(5)
    assert world.state("W1-T1") == "failed"
    assert len(world.runner.started) < 10
    world.runner.begins = True
    world.runs.begin(world.run_of("W1-T1"))
    assert world.runs.begun == []


def test_a_runner_that_fails_says_why(world: DriveWorld) -> None:
    world.runner.failure = "tmux is not there"
    world.waves(1)
    assert world.steps()[-1] == ("failed", "W1-T1")
    assert world.job("W1-T1").reason == "tmux is not there"
    assert world.steps() == []
