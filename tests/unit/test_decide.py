"""The rules of mutations: whatever is asked in whatever order, these things hold (DESIGN 4)."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from git_kas.domain.codec import decode_project, encode_project
from git_kas.domain.decide import decide
from git_kas.domain.ledger import Action, Commit, HistoryEntry, Outcome, PlanRecord
from git_kas.domain.lifecycle import TRANSITIONS, USER_ONLY, Actor, Status
from git_kas.domain.mutation import (
    Author,
    ClaimRun,
    Create,
    CreateTopic,
    Mutation,
    PutRun,
    Request,
    SetContent,
    Transition,
)
from git_kas.domain.project import Project
from git_kas.domain.timestamps import later, timestamp
from git_kas.errors import KasError, KeyReused
from random_mutations import NAMES, mutations, requests, seconds_passed
from support import EPOCH

USER = Request(Author(Actor.USER))
START = timestamp(EPOCH * 1_000_000_000)
RUN_ACTIONS = {Action.RUN_CLAIMED, Action.RUN_RELEASED, Action.RUN_WRITTEN}
Step = tuple[Mutation, Request, int]
step = st.tuples(mutations, requests, seconds_passed)
created: list[Step] = [(Create(name, content=b"first"), USER, 0) for name in NAMES[:2]]
claimed: list[Step] = [(ClaimRun(NAMES[0], "one", 60), USER, 0)]
beginnings = st.sampled_from([created + claimed, created, []])
steps = st.builds(lambda first, then: [*first, *then], beginnings, st.lists(step, min_size=12, max_size=40))
bounded = settings(max_examples=40, deadline=None, print_blob=True)


def copy_of(project: Project) -> Project:
    return decode_project(encode_project(project))


class Story:
    """A project, and all that was asked of it so far."""

    def __init__(self) -> None:
        self.project = Project()
        self.now = START
        self.first_outcomes: dict[str, Outcome] = {}

    def step(self, mutation: Mutation, request: Request, seconds: int) -> None:
        self.now = later(self.now, seconds)
        before = copy_of(self.project)
        try:
            decision = decide(self.project, mutation, request, self.now)
        except KasError as error:
            self._check_refusal(before, error, request)
            return
        assert encode_project(self.project) == encode_project(before), "deciding changes nothing"
        if decision.commit is None:
            assert decision.outcome == self.first_outcomes[request.key]._replace(replayed=True)
            return
        self.project.apply(decision.commit)
        self._check_commit(before, decision.commit, decision.outcome, request)
        if request.key:
            assert request.key not in self.first_outcomes
            self.first_outcomes[request.key] = decision.outcome
        if not isinstance(mutation, SetContent | Transition):
            check_contents_stay(before, self.project)

    def _check_refusal(self, before: Project, error: KasError, request: Request) -> None:
        assert encode_project(self.project) == encode_project(before)
        assert error.next_step
        assert not isinstance(error, KeyReused) or request.key in self.first_outcomes

    def _check_commit(self, before: Project, commit: Commit, outcome: Outcome, request: Request) -> None:
        project = self.project
        assert project.change == outcome.change == before.change + 1
        assert project.last_time == max(before.last_time, self.now)
        assert not outcome.replayed
        assert project.entries[: len(before.entries)] == before.entries
        new = project.entries[len(before.entries) :]
        assert tuple(new) == outcome.entries == commit.entries
        assert new
        for entry in new:
            assert (entry.change, entry.time) == (project.change, project.last_time)
            assert (entry.actor, entry.by) == (request.by.actor, request.by.name)
        assert (new[0].note, new[0].key) == (request.note, request.key)
        for name in project.records:
            check_revisions(before.record(name), project.records[name], new)
        for entry in new:
            check_move(entry)
        if outcome.plan is not None:
            assert project.records[outcome.plan.filename].plan == outcome.plan


def check_revisions(old: PlanRecord | None, new: PlanRecord, entries: list[HistoryEntry]) -> None:
    """Each entry of a plan is one revision, and no revision of a name comes twice."""
    own = [entry for entry in entries if entry.identity == new.identity and entry.action not in RUN_ACTIONS]
    if new == old or not new.live:
        return
    if own:
        first, last = own[0].revision, own[-1].revision
        assert [entry.revision for entry in own] == list(range(first, last + 1))
        assert new.plan.revision == last
    if old is not None:
        assert new.plan.revision >= old.plan.revision
        assert new.plan.revision > old.plan.revision or new.plan == old.plan


def check_move(entry: HistoryEntry) -> None:
    """A status is reached by the table, or forced; robots do neither what is for users nor force anything."""
    if entry.action is Action.TRANSITION:
        assert entry.event is not None
        assert TRANSITIONS[Status(entry.from_status)][entry.event] == entry.to_status
        assert entry.actor is Actor.USER or entry.event not in USER_ONLY
    else:
        assert entry.event is None
    if entry.action is Action.FORCED:
        assert entry.actor is Actor.USER
        assert entry.to_status in set(Status)


def check_contents_stay(before: Project, after: Project) -> None:
    by_identity = {record.identity: record.plan.content_id for record in before.records.values() if record.live}
    for record in after.records.values():
        if record.live and record.identity in by_identity:
            assert record.plan.content_id == by_identity[record.identity]
    assert before.contents.items() <= after.contents.items()


def check_whole(project: Project) -> None:
    """What holds of a project at any time."""
    changes = [entry.change for entry in project.entries]
    assert sorted(set(changes)) == list(range(1, project.change + 1))
    assert changes == sorted(changes)
    live = [record for record in project.records.values() if record.live]
    assert len({record.identity for record in live}) == len(live)
    for name, record in project.records.items():
        assert record.plan.filename == name or record.gone
        if record.live:
            check_story(record, [entry for entry in project.entries if entry.identity == record.identity])
        assert not record.plan.content_id or record.plan.content_id in project.contents
    assert encode_project(copy_of(project)) == encode_project(project)


def check_story(record: PlanRecord, entries: list[HistoryEntry]) -> None:
    """The history of a plan leaves nothing out and leads to where the plan is."""
    revisions = [entry.revision for entry in entries if entry.action not in RUN_ACTIONS]
    assert revisions == sorted(set(revisions))
    assert revisions[-1] == record.plan.revision
    moves = [entry for entry in entries if entry.to_status]
    for earlier, move in itertools.pairwise(moves):
        assert move.from_status == earlier.to_status
    assert moves[-1].to_status == record.plan.status
    finished = [entry for entry in entries if entry.event == "implement_finished"]
    assert record.plan.round == len(finished)


@given(steps)
@bounded
def test_whatever_is_asked_the_invariants_hold(story_steps: list[Step]) -> None:
    story = Story()
    for mutation, request, seconds in story_steps:
        story.step(mutation, request, seconds)
    check_whole(story.project)


@given(steps, mutations, requests)
@bounded
def test_a_decision_depends_on_nothing_but_what_is_given(
    story_steps: list[Step], mutation: Mutation, request: Request
) -> None:
    story = Story()
    for each in story_steps:
        story.step(*each)

    def decided(project: Project) -> object:
        try:
            return decide(project, mutation, request, story.now)
        except KasError as error:
            return (type(error), error.message, error.next_step)

    assert decided(story.project) == decided(copy_of(story.project))


@given(steps)
@bounded
def test_plans_that_are_not_named_stay_as_they_are(story_steps: list[Step]) -> None:
    story = Story()
    for mutation, request, seconds in story_steps:
        before = copy_of(story.project)
        story.step(mutation, request, seconds)
        named = {getattr(mutation, "filename", None), getattr(mutation, "new_filename", None)}
        for name, record in before.records.items():
            if name not in named:
                assert story.project.records[name] == record
        if isinstance(mutation, ClaimRun | PutRun | CreateTopic):
            assert [plan.status for plan in story.project.plans()] == [plan.status for plan in before.plans()]


@given(steps)
@bounded
def test_fences_only_rise(story_steps: list[Step]) -> None:
    story = Story()
    highest: dict[str, tuple[int, str]] = {}
    for mutation, request, seconds in story_steps:
        story.step(mutation, request, seconds)
        for record in story.project.records.values():
            if record.live and record.run is not None:
                fence, owner = highest.get(record.identity, (0, ""))
                assert record.run.fence >= fence
                assert record.run.owner in {owner, ""} or record.run.fence > fence
                highest[record.identity] = (record.run.fence, record.run.owner)
