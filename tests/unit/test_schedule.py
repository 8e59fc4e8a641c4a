"""The rules of waves: what is started when, and what is made of what agents do."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from git_kas.domain import attempts, schedule
from git_kas.domain.agents import MODES, Mode, Role
from git_kas.domain.plan_document import parse_plan
from git_kas.domain.stage import (
    AT_WORK,
    PASSED,
    UNDECIDED,
    Attempt,
    Condition,
    Job,
    JobState,
    RunDocument,
    Stage,
    decode_run,
    encode_run,
)
from git_kas.errors import InvalidTransition, NotFound, StoreCorrupt, UsageError
from unit.stages import LATER, NOW, PLAN, begun, job_of, start, text


def state(stage: Stage, id_: str) -> JobState:
    job = stage.job(id_)
    assert job is not None
    return job.state


def done(stage: Stage, *ids: str) -> Stage:
    for id_ in ids:
        stage = schedule.seen_ended(
            start(stage, job_of(stage, id_)), job_of(start(stage, job_of(stage, id_)), id_), 0, NOW, 0
        )
    return stage


def test_one_wave_after_the_other() -> None:
    stage = begun(2, 1)
    assert [job.id for job in schedule.startable(stage)] == ["W1-T1", "W1-T2"]
    stage = done(stage, "W1-T1")
    assert [job.id for job in schedule.startable(stage)] == ["W1-T2"]
    stage = done(stage, "W1-T2")
    assert [job.id for job in schedule.startable(stage)] == ["W2-T3"]
    assert schedule.current_wave(stage) == 2
    stage = done(stage, "W2-T3")
    assert (schedule.condition(stage), schedule.startable(stage)) == (Condition.DONE, [])


def test_empty_waves_are_passed() -> None:
    stage = begun(1, 0, 0, 1)
    assert [job.id for job in schedule.startable(done(stage, "W1-T1"))] == ["W4-T2"]


def test_a_plan_without_tasks_is_given_to_one_coder() -> None:
    for document in (text(), text(0, 0), parse_plan("just words")):
        stage = schedule.begin_waves(PLAN, NOW, document, 1)
        assert (stage.mode, [job.id for job in stage.jobs]) == (Mode.WHOLE, ["R0-coder"])


def test_earlier_waves_are_passed_over() -> None:
    stage = begun(1, 2, 1, first=2)
    assert state(stage, "W1-T1") is JobState.SKIPPED
    assert [job.id for job in schedule.startable(stage)] == ["W2-T2", "W2-T3"]


def test_a_wave_that_is_not_there() -> None:
    for wave in (0, 4, -1):
        with pytest.raises(UsageError) as caught:
            begun(1, 1, 1, first=wave)
        assert "1, 2, 3" in caught.value.next_step


def test_numbers_need_be_neither_unique_nor_in_order() -> None:
    document = parse_plan(
        "## Wave 7\n### Task 1: a\n### Task 1: b\n## Wave 7\n### Task 1: c\n## Wave 2\n### Task 3a: d\n"
    )
    stage = schedule.begin_waves(PLAN, NOW, document, 7)
    assert [(job.id, job.place) for job in stage.jobs] == [
        ("W7-T1", 0), ("W7-T1x2", 0), ("W7-T1x3", 1), ("W2-T3a", 2),
    ]  # fmt: skip
    assert [job.title for job in schedule.startable(stage)] == ["a", "b"]


def test_only_status_0_and_signals_complete() -> None:
    for status, found in (
        (0, JobState.COMPLETE),
        (1, JobState.FAILED),
        (127, JobState.FAILED),
        (-9, JobState.FAILED),
    ):
        stage = start(begun(1), begun(1).jobs[0])
        stage = schedule.seen_ended(stage, stage.jobs[0], status, NOW, 0)
        assert stage.jobs[0].state is found
        assert (stage.jobs[0].reason == "") == (status == 0)


def test_an_agent_that_vanishes_has_failed() -> None:
    stage = start(begun(1), begun(1).jobs[0])
    stage = schedule.seen_lost(stage, stage.jobs[0], NOW, 0)
    assert stage.jobs[0].state is JobState.FAILED
    assert "gone" in stage.jobs[0].reason


def test_a_signal_completes_whatever_comes_later() -> None:
    stage = start(begun(1), begun(1).jobs[0])
    stage, job = schedule.signalled(stage, 1, 1)
    assert job.state is JobState.COMPLETE
    stage = schedule.seen_ended(stage, stage.jobs[0], 1, NOW, 0)
    assert (stage.jobs[0].state, stage.jobs[0].attempts[0].status) == (JobState.COMPLETE, 1)
    again, _ = schedule.signalled(stage, 1, 1)
    assert again == stage


def test_a_signal_that_comes_after_a_failure_counts() -> None:
    stage = start(begun(1), begun(1).jobs[0])
    stage = schedule.seen_ended(stage, stage.jobs[0], 3, NOW, 0)
    stage, _ = schedule.signalled(stage, 1, 1)
    assert stage.jobs[0].state is JobState.COMPLETE


def test_a_signal_for_what_nobody_was_given() -> None:
    with pytest.raises(InvalidTransition):
        schedule.signalled(begun(1, 1), 2, 2)
    for wave, task in ((1, 2), (3, 1), (1, 0)):
        with pytest.raises(NotFound):
            schedule.signalled(begun(1), wave, task)


def test_time_alone_completes_nothing() -> None:
    stage = start(begun(1), begun(1).jobs[0])
    stage = schedule.seen_running(stage, stage.jobs[0], NOW)
    assert schedule.deadline(stage, 3600) == "2026-01-01T01:00:00.000000Z"
    assert schedule.timed_out(stage, LATER, 0) == stage
    assert schedule.timed_out(stage, "2026-01-01T00:59:59.999999Z", 3600) == stage
    late = schedule.timed_out(stage, LATER, 3600)
    assert late.jobs[0].state is JobState.UNKNOWN
    assert "60 minutes" in late.jobs[0].reason
    assert schedule.condition(late) is Condition.UNDECIDED
    assert schedule.seen_ended(late, late.jobs[0], 0, LATER, 5).jobs[0].state is JobState.COMPLETE


def test_failures_are_tried_again_as_often_as_allowed() -> None:
    stage, attempts = begun(1), 0
    while schedule.startable(stage):
        attempts += 1
        stage = start(stage, stage.jobs[0], attempts)
        stage = schedule.seen_ended(stage, stage.jobs[0], 1, NOW, 2)
    assert (attempts, stage.jobs[0].state) == (3, JobState.FAILED)
    assert [one.run_id for one in stage.jobs[0].attempts] == ["shop-W1-T1-1", "shop-W1-T1-2", "shop-W1-T1-3"]


def test_people_decide_about_failures() -> None:
    stage = begun(2, 1)
    for job in schedule.startable(stage):
        stage = start(stage, job)
        stage = schedule.seen_ended(stage, job_of(stage, job.id), 1, NOW, 0)
    assert schedule.condition(stage) is Condition.UNDECIDED
    once = schedule.retried(stage, ["W1-T1"])
    assert [job.id for job in schedule.startable(once)] == ["W1-T1"]
    assert [job.id for job in schedule.startable(schedule.retried(stage, []))] == ["W1-T1", "W1-T2"]
    assert [job.id for job in schedule.startable(schedule.skipped(stage, []))] == ["W2-T3"]
    assert schedule.condition(schedule.skipped(stage, ["W1-T1"])) is Condition.UNDECIDED


def test_what_is_not_to_be_decided() -> None:
    stage = start(begun(1, 1), begun(1, 1).jobs[0])
    for decide in (schedule.retried, schedule.skipped):
        with pytest.raises(InvalidTransition):
            decide(stage, [])
        with pytest.raises(InvalidTransition):
            decide(stage, ["W1-T1"])
        with pytest.raises(NotFound) as caught:
            decide(stage, ["W9-T9"])
        assert "W1-T1, W2-T2" in caught.value.next_step
    assert state(schedule.skipped(stage, ["W2-T2"]), "W2-T2") is JobState.SKIPPED


def test_an_aborted_stage_starts_nothing_until_it_is_retried() -> None:
    stage = start(begun(2), begun(2).jobs[0])
    stage = schedule.aborted(stage)
    assert (schedule.condition(stage), schedule.startable(stage)) == (Condition.ABORTED, [])
    assert state(stage, "W1-T1") is JobState.STOPPED
    again = schedule.retried(stage, [])
    assert [job.id for job in schedule.startable(again)] == ["W1-T1", "W1-T2"]


def test_reviewers_and_planners_must_report() -> None:
    for mode in (Mode.REVIEW, Mode.PLANNING):
        stage = schedule.begin_single(PLAN, NOW, mode)
        stage = start(stage, stage.jobs[0])
        stage = schedule.seen_ended(stage, stage.jobs[0], 0, NOW, 0)
        assert stage.jobs[0].state is JobState.FAILED
        assert "without a word" in stage.jobs[0].reason


def test_a_text_that_changes_changes_what_has_not_begun() -> None:
    stage = start(begun(2, 1, 1), begun(2, 1, 1).jobs[0])
    new = parse_plan(
        "## Wave 1\n### Task 1: other words\n### Task 9: added\n## Wave 2\n### Task 3: new title\n## Wave 3\n"
    )
    changed = schedule.refreshed(stage, new, "new")
    assert [(job.id, job.title, job.state) for job in changed.jobs] == [
        ("W1-T1", "part 1", JobState.STARTING),
        ("W1-T9", "added", JobState.PENDING),
        ("W2-T3", "new title", JobState.PENDING),
    ]
    assert schedule.refreshed(changed, new, "new") == changed


def test_a_task_that_has_begun_stays_though_the_text_loses_it() -> None:
    stage = start(begun(1, 1), begun(1, 1).jobs[0])
    changed = schedule.refreshed(stage, parse_plan("## Wave 1\n### Task 5: five\n"), "new")
    assert [(job.id, job.state) for job in changed.jobs] == [
        ("W1-T1", JobState.STARTING), ("W1-T5", JobState.PENDING),
    ]  # fmt: skip


def test_what_keeps_a_plan_from_being_implemented() -> None:
    stage = begun(1, 1)
    assert schedule.unfinished(PLAN, stage) is not None
    assert schedule.unfinished(PLAN, None) is None
    assert schedule.unfinished(PLAN, done(stage, "W1-T1", "W2-T2")) is None
    assert schedule.unfinished(PLAN, schedule.aborted(stage)) is None
    assert schedule.unfinished(PLAN._replace(moved=None), stage) is None
    assert schedule.unfinished(PLAN, schedule.begin_single(PLAN, NOW, Mode.WHOLE)) is None


def test_every_mode_has_a_role_and_what_ends_it() -> None:
    assert set(MODES) == set(Mode)
    assert {form.role for form in MODES.values()} == set(Role)
    assert all(form.ends_by or form.exit_counts for form in MODES.values())


def test_documents_of_others_are_refused() -> None:
    assert decode_run({}) == RunDocument()
    whole = encode_run(RunDocument(begun(1)))
    for broken in (
        {"version": 2},
        {"version": 1},
        {**whole, "stage": {}},
        {**whole, "past": [3]},
        {**whole, "given": "x"},
    ):
        with pytest.raises(StoreCorrupt):
            decode_run(broken)


STEPS = ("start", "run", "exit", "lose", "signal", "time", "retry", "skip", "abort", "refresh")


@dataclass
class World:
    """A stage and all that has happened to it."""

    document: RunDocument
    retries: int
    runs: set[str] = field(default_factory=set)
    told: set[str] = field(default_factory=set)

    @property
    def stage(self) -> Stage:
        assert self.document.stage is not None
        return self.document.stage

    def step(self, word: str, number: int, status: int) -> None:
        """Do that, if it is possible; else nothing."""
        job = self.stage.jobs[number % len(self.stage.jobs)]
        try:
            changed = self.happen(word, job, status) or self.decide(word, job, number)
        except (InvalidTransition, NotFound):
            return
        self.document = self.document._replace(stage=changed or self.stage)

    def happen(self, word: str, job: Job, status: int) -> Stage | None:
        if word == "start" and job in schedule.startable(self.stage):
            return self.start(job)
        if word == "time":
            return schedule.timed_out(self.stage, LATER, 60)
        if job.last is None or job.last.status is not None or job.last.ended:
            return None
        if word == "exit" and status == 0:
            self.told.add(job.id)
        return {
            "run": schedule.seen_running(self.stage, job, NOW),
            "exit": schedule.seen_ended(self.stage, job, status, NOW, self.retries),
            "lose": schedule.seen_lost(self.stage, job, NOW, self.retries),
        }.get(word)

    def start(self, job: Job) -> Stage:
        assert all(other.state in PASSED for other in self.stage.jobs if other.place < job.place)
        run = f"shop-{job.id}-{attempts.next_attempt(self.document, self.stage, job)}"
        assert run not in self.runs
        self.runs.add(run)
        return schedule.started(self.stage, job, Attempt(run, "/wt"))

    def decide(self, word: str, job: Job, number: int) -> Stage | None:
        ids = [job.id] if number % 2 else []
        if word == "signal" and job.task:
            stage, done_job = schedule.signalled(self.stage, job.wave, int(job.task))
            self.told.add(done_job.id)
            return stage
        if word == "refresh":
            waves = [number % 3 for _ in range(number % 4)]
            return schedule.refreshed(self.stage, text(*waves), f"text {number}")
        if word in {"retry", "skip"}:
            return (schedule.retried if word == "retry" else schedule.skipped)(self.stage, ids)
        return schedule.aborted(self.stage) if word == "abort" else None

    def check(self) -> None:
        ids = [job.id for job in self.stage.jobs]
        assert len(ids) == len(set(ids)) > 0
        for job in self.stage.jobs:
            assert job.state is not JobState.COMPLETE or job.id in self.told
            assert job.state not in AT_WORK or (job.last is not None and not job.last.ended)
        condition = schedule.condition(self.stage)
        if condition is Condition.DONE:
            assert all(job.state in PASSED for job in self.stage.jobs)
            assert any(job.attempts or "user" in job.reason for job in self.stage.jobs)
        if condition is Condition.UNDECIDED:
            assert any(job.state in UNDECIDED for job in self.stage.jobs)
            assert not schedule.startable(self.stage)
        assert decode_run(encode_run(self.document)) == self.document


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.integers(0, 3), max_size=4),
    st.integers(0, 2),
    st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, 7), st.integers(-15, 2)), max_size=40),
)
def test_whatever_happens(waves: list[int], retries: int, steps: list[tuple[str, int, int]]) -> None:
    """No wave overtakes another, no run has the id of another, and nothing is complete without a word."""
    world = World(RunDocument(schedule.begin_waves(PLAN, NOW, text(*waves), 1)), retries)
    for word, number, status in steps:
        world.step(word, number, status)
        world.check()
