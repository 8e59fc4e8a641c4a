"""The check of recorded histories: sound ones pass, and each kind of anomaly is found where it is."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from git_kas.domain.anomalies import ANOMALY_MEANINGS, AnomalyKind
from git_kas.domain.consistency import FinalState, check_consistency
from git_kas.domain.lifecycle import Event, Status
from git_kas.domain.mutation import (
    ClaimRun,
    Create,
    CreateTopic,
    Remove,
    Rename,
    SetContent,
    SetStatus,
    Transition,
    Update,
)
from git_kas.domain.operations import Operation, ReadKind, Write
from git_kas.domain.project import Project
from git_kas.errors import Conflict, InvalidTransition, NotFound
from git_kas.usecases.workload import Workload
from unit.recorded import NAME, OTHER, Recorded

# -- sound histories -----------------------------------------------------------------------------------------


def test_nothing_at_all() -> None:
    assert Recorded().kinds() == []


def test_a_quiet_history() -> None:
    recorded = Recorded()
    recorded.write(Create(NAME, content=b"text", topic="t"), 0, 1)
    recorded.write(Transition(NAME, (Event.IMPLEMENT_START,), if_revision=1), 2, 3)
    recorded.write(Transition(NAME, (Event.IMPLEMENT_START,)), 4, 5)
    recorded.write(Update(NAME, description="x", if_revision=1), 6, 7)
    recorded.write(ClaimRun(NAME, "me", 60), 8, 9)
    recorded.write(ClaimRun(NAME, "you", 60), 10, 11)
    recorded.write(Rename(NAME, OTHER), 12, 13)
    recorded.write(Remove(OTHER), 14, 15)
    for number, kind in enumerate(ReadKind):
        recorded.read(kind, 20 + 2 * number, 21 + 2 * number, OTHER)
    errors = [operation.error for operation in recorded.operations if isinstance(operation.asked, Write)]
    assert errors == ["", "", "invalid_transition", "conflict", "", "busy", "", ""]
    assert recorded.kinds() == []


def test_an_overlapping_read_may_be_old_or_new() -> None:
    recorded = Recorded()
    recorded.write(Create(NAME), 0, 1)
    old = recorded.read(ReadKind.GET, 5, 20, NAME)
    recorded.write(Update(NAME, description="new"), 4, 30)
    new = recorded.read(ReadKind.GET, 5, 20, NAME)
    assert old.value != new.value
    assert recorded.kinds() == []


def test_a_mutation_of_unknown_end_was_made_or_not() -> None:
    recorded = Recorded()
    recorded.write(Create(NAME), 0, None)
    recorded.read(ReadKind.GET, 2, 3, NAME)
    unmade = Write(Update(NAME, description="x"), "token", "key", recorded.operations[0].asked.by)  # type: ignore[union-attr]  # a write
    recorded.operations.append(Operation("1.0", 99, unmade, 4))
    assert recorded.kinds() == []


def test_a_repetition_gives_the_first_outcome() -> None:
    recorded = Recorded()
    recorded.write(Create(NAME), 0, None, "token")
    recorded.write(Update(NAME, description="x"), 2, 3)
    again = recorded.write(Create(NAME), 4, 5, "token")
    assert again.value["replayed"]
    assert recorded.kinds() == []


def test_a_key_for_something_else_is_refused() -> None:
    recorded = Recorded()
    recorded.write(Create(NAME), 0, 1, "one", "key")
    refused = recorded.write(Create(OTHER), 2, 3, "two", "key")
    assert refused.error == "key_reused"
    assert recorded.kinds() == []


@pytest.mark.parametrize("error", ["busy", "store_full", "read_only", "unreachable"])
def test_a_store_in_need_may_refuse(error: str) -> None:
    recorded = Recorded()
    refused = recorded.write(Remove(NAME), 0, 1)
    recorded.change(refused, error=error)
    assert recorded.kinds() == []


def execution(seed: int, clients: int, longest: int) -> Recorded:
    """What random clients do one after another, told as if it had overlapped."""
    recorded, random = Recorded(), Random(seed)
    workloads = [Workload(f"{number}.0", f"{seed} {number}", 3) for number in range(clients)]
    now = [0] * clients
    moment = 0
    for _ in range(150):
        client = random.randrange(clients)
        recorded._learned = workloads[client]
        moment = max(moment, now[client]) + 1  # when the store did it
        call = random.randint(max(now[client], moment - longest), moment)
        end = random.randint(moment, moment + longest)
        asked = workloads[client].next()
        recorded.ask(asked, call, None if random.random() < 0.05 else end, f"{client}.0")
        now[client] = end
        recorded.clock.time += random.choice((0, 0, 1))
    return recorded


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 6), st.integers(0, 40))
def test_random_executions_pass(seed: int, clients: int, longest: int) -> None:
    recorded = execution(seed, clients, longest)
    assert check_consistency(recorded.operations, recorded.final) == []


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32), st.randoms(use_true_random=False))
def test_a_forgotten_commit_never_passes(seed: int, random: Random) -> None:
    recorded = execution(seed, 3, 10)
    last = recorded.store.changes(0, 0)
    if last:
        recorded.forget(random.randint(1, last))
        assert recorded.kinds() != []


# -- anomalies -----------------------------------------------------------------------------------------------


def lost_write(recorded: Recorded) -> None:
    recorded.write(Update(NAME, description="x"), 2, 3)
    recorded.forget(2)


def applied_twice(recorded: Recorded) -> None:
    recorded.write(Update(NAME, description="x"), 2, 3, "token")
    recorded.store._project.keys.clear()
    recorded.write(Update(NAME, description="x"), 4, 5, "token")


def refused_but_applied(recorded: Recorded) -> None:
    written = recorded.write(Update(NAME, description="x"), 2, 3)
    recorded.change(written, error="busy", value=None)


def rule_broken(recorded: Recorded) -> None:
    written = recorded.write(Update(NAME, description="x"), 2, 3)
    assert isinstance(written.asked, Write)
    recorded.change(
        written, asked=written.asked._replace(mutation=Update(NAME, description="x", if_revision=9))
    )


def wrong_outcome(recorded: Recorded) -> None:
    written = recorded.write(Update(NAME, description="x"), 2, 3)
    recorded.change(written, value={**written.value, "plan": {**written.value["plan"], "revision": 3}})


def wrong_entry(recorded: Recorded) -> None:
    recorded.write(SetStatus(NAME, Status.DONE), 2, 3)
    recorded.rewrite(2, by="somebody else")


def foreign_entry(recorded: Recorded) -> None:
    recorded.write(Update(NAME, description="x"), 2, 3)
    del recorded.operations[-1]


def numbers_not_gapless(recorded: Recorded) -> None:
    recorded.write(Update(NAME, description="x"), 2, None)
    recorded.write(CreateTopic("t"), 4, 5)
    recorded.forget(2)


def time_went_back(recorded: Recorded) -> None:
    recorded.write(CreateTopic("t"), 2, 3)
    recorded.rewrite(2, time="2001-01-01T00:00:00.000000Z")


def wrong_order(recorded: Recorded) -> None:
    recorded.write(CreateTopic("t"), 10, 11)
    recorded.write(CreateTopic("u"), 8, 9)


def history_changed(recorded: Recorded) -> None:
    read = recorded.read(ReadKind.HISTORY, 2, 3)
    recorded.change(read, value=[[1, "0" * 16]])


def history_torn(recorded: Recorded) -> None:
    recorded.write(CreateTopic("t"), 2, 3)
    recorded.write(CreateTopic("u"), 4, 5)
    read = recorded.read(ReadKind.HISTORY, 6, 7)
    recorded.change(read, value=[read.value[0], read.value[2]])


def stale_read(recorded: Recorded) -> None:
    recorded.read(ReadKind.GET, 6, 7, NAME)
    recorded.write(Update(NAME, description="x"), 2, 3)


def early_read(recorded: Recorded) -> None:
    recorded.write(Update(NAME, description="x"), 8, 9)
    recorded.read(ReadKind.GET, 6, 7, NAME)


def impossible_read(recorded: Recorded) -> None:
    read = recorded.read(ReadKind.GET, 6, 7, NAME)
    recorded.change(read, value={**read.value, "description": "never"})


def unexplained_refusal(recorded: Recorded) -> None:
    refused = recorded.write(Transition(NAME, (Event.REVIEW_APPROVED,)), 2, 3)
    assert refused.error == InvalidTransition.code
    recorded.change(refused, error=NotFound.code)


def wrong_final_state(recorded: Recorded) -> None:
    recorded.write(SetContent(NAME, b"text"), 2, 3)
    recorded.final.project.contents.clear()


def broken(recorded: Recorded) -> None:
    read = recorded.read(ReadKind.GET, 6, 7, NAME)
    recorded.change(read, error="store_corrupt", value=None)


STAGINGS: dict[AnomalyKind, Callable[[Recorded], None]] = {
    AnomalyKind.LOST_WRITE: lost_write,
    AnomalyKind.APPLIED_TWICE: applied_twice,
    AnomalyKind.REFUSED_BUT_APPLIED: refused_but_applied,
    AnomalyKind.RULE_BROKEN: rule_broken,
    AnomalyKind.WRONG_OUTCOME: wrong_outcome,
    AnomalyKind.WRONG_ENTRY: wrong_entry,
    AnomalyKind.FOREIGN_ENTRY: foreign_entry,
    AnomalyKind.NUMBERS_NOT_GAPLESS: numbers_not_gapless,
    AnomalyKind.TIME_WENT_BACK: time_went_back,
    AnomalyKind.WRONG_ORDER: wrong_order,
    AnomalyKind.HISTORY_CHANGED: history_changed,
    AnomalyKind.HISTORY_TORN: history_torn,
    AnomalyKind.STALE_READ: stale_read,
    AnomalyKind.EARLY_READ: early_read,
    AnomalyKind.IMPOSSIBLE_READ: impossible_read,
    AnomalyKind.UNEXPLAINED_REFUSAL: unexplained_refusal,
    AnomalyKind.WRONG_FINAL_STATE: wrong_final_state,
    AnomalyKind.BROKEN: broken,
}


def test_every_kind_is_staged_and_has_a_meaning() -> None:
    assert list(STAGINGS) == list(AnomalyKind) == list(ANOMALY_MEANINGS)


@pytest.mark.parametrize("kind", STAGINGS)
def test_anomaly(kind: AnomalyKind) -> None:
    recorded = Recorded()
    recorded.write(Create(NAME), 0, 1)
    assert recorded.kinds() == []
    recorded._final = None
    STAGINGS[kind](recorded)
    assert kind in recorded.kinds()


def test_reads_do_not_go_back() -> None:
    """One read saw the new state while the mutation ran, so a later one may not see the old state."""
    recorded = Recorded()
    recorded.write(Create(NAME), 0, 1)
    late = recorded.read(ReadKind.GET, 10, 11, NAME)
    recorded.write(Update(NAME, description="x"), 2, 50)
    assert recorded.kinds() == []
    recorded.read(ReadKind.LIST, 5, 6)
    anomalies = check_consistency(recorded.operations, recorded.final)
    assert [anomaly.kind for anomaly in anomalies] == [AnomalyKind.STALE_READ]
    assert anomalies[0].operations[0] == late
    assert "list" in anomalies[0].sentence


def test_a_list_out_of_order_is_no_state() -> None:
    recorded = Recorded()
    recorded.write(Create(NAME), 0, 1)
    recorded.write(Create(OTHER), 2, 3)
    read = recorded.read(ReadKind.LIST, 4, 5)
    recorded.change(read, value=read.value[::-1])
    assert recorded.kinds() == [AnomalyKind.IMPOSSIBLE_READ]


def test_a_conflict_names_the_current_plan() -> None:
    recorded = Recorded()
    recorded.write(Create(NAME), 0, 1)
    refused = recorded.write(Update(NAME, description="x", if_revision=7), 2, 3)
    assert refused.error == Conflict.code
    recorded.change(refused, value={**refused.value, "revision": 2})
    assert recorded.kinds() == [AnomalyKind.UNEXPLAINED_REFUSAL]


def test_two_winners_are_one_too_many() -> None:
    """The second commit is reported, and the plan that nobody knows any more is left alone."""
    recorded = Recorded()
    recorded.write(Create(NAME), 0, 1)
    recorded.write(Update(NAME, description="one", if_revision=1), 2, 5)
    second = recorded.write(Update(NAME, description="two"), 2, 5)
    recorded.read(ReadKind.GET, 6, 7, NAME)
    assert isinstance(second.asked, Write)
    cas = Update(NAME, description="two", if_revision=1)
    recorded.change(second, asked=second.asked._replace(mutation=cas))
    anomalies = check_consistency(recorded.operations, recorded.final)
    assert AnomalyKind.RULE_BROKEN in {anomaly.kind for anomaly in anomalies}
    assert not {AnomalyKind.STALE_READ, AnomalyKind.IMPOSSIBLE_READ} & {anomaly.kind for anomaly in anomalies}


def test_a_store_that_lost_everything() -> None:
    recorded = Recorded()
    recorded.write(Create(NAME), 0, 1)
    recorded.read(ReadKind.GET, 2, 3, NAME)
    found = check_consistency(recorded.operations, FinalState((), Project()))
    assert found[0].kind is AnomalyKind.LOST_WRITE
