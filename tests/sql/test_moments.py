"""Projects as of one moment, what is read without waiting, and connections that were lost."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import sqlalchemy

from git_kas.domain import codec
from git_kas.domain.ledger import Outcome, PlanRecord
from git_kas.domain.lifecycle import Actor
from git_kas.domain.mutation import Author, Create, Request, SetContent, Update
from git_kas.domain.names import PlanName
from git_kas.errors import NotFound
from git_kas.ports.fakes import FakeClock
from git_kas.ports.store_host import Asked, HostRequest, NotAtOnce
from git_kas_files.watch import DiskWatch
from git_kas_sql import rows, session, statements, store
from git_kas_sql.engines import APPLICATION
from git_kas_sql.host import SqlHost
from git_kas_sql.opening import open_host
from git_kas_sql.recall import Recall
from git_kas_sql.schema import METADATA
from postgresql import driven
from support import EPOCH

PLAN = PlanName("2026-01-01-a.md")
USER = Request(Author(Actor.USER, "Ada"))
NAMED = "kas-lost-connections"
CUT = sqlalchemy.text(
    "SELECT count(pg_terminate_backend(pid, 60000)) FROM pg_stat_activity"
    " WHERE application_name = :name AND datname = current_database()"
)


def opened(url: str) -> SqlHost:
    return open_host(HostRequest(url, FakeClock(EPOCH), DiskWatch))


@pytest.fixture
def host(url: str) -> Iterator[SqlHost]:
    made = opened(url)
    yield made
    made.close()


def described(host: SqlHost, number: int) -> None:
    host.store("p").commit(Update(PLAN, description=str(number)), USER)


# -- one moment ------------------------------------------------------------------------------------------------


def test_a_moment_stays_what_it_was_while_others_commit(host: SqlHost, url: str) -> None:
    host.store("p").commit(Create(PLAN, description="0", content=b"old"), USER)
    other = opened(url)
    with host.moment("p") as moment:
        other.store("p").commit(SetContent(PLAN, b"new"), USER)
        described(other, 1)
        assert moment.change == 1
        assert [plan.description for plan in moment.store.list_plans()] == ["0"]
        assert moment.store.get_content(PLAN) == b"old"
        assert len(moment.store.history()) == 1
    with host.moment("p") as moment:
        assert (moment.change, moment.store.get_plan(PLAN).description) == (3, "1")
    other.close()


def test_a_project_that_is_not_there_has_a_moment_too(host: SqlHost) -> None:
    for name in ("a.md", "b.md"):  # there is no database, and then another project
        with host.moment("nothing") as moment:
            assert (moment.change, list(moment.store.list_plans())) == (0, [])
            with pytest.raises(NotFound):
                moment.store.get_plan(PLAN)
        host.store("p").commit(Create(PlanName(name)), USER)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_what_is_read_at_once_is_never_an_old_state(host: SqlHost, url: str) -> None:
    host.store("p").commit(Create(PLAN, description="0"), USER)
    host.change_of("p")
    other = opened(url)
    for number in range(1, 20):
        described(other if number % 2 else host, number)
        assert host.recalled_change_of("p") is None
        with host.moment_at_once("p") as moment:
            assert moment is not None
            assert (moment.change, moment.store.get_plan(PLAN).description) == (number + 1, str(number))
        assert host.recalled_change_of("p") == number + 1
    other.close()


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_what_may_take_long_is_not_read_at_once(host: SqlHost, monkeypatch: pytest.MonkeyPatch) -> None:
    host.store("p").commit_all([(Create(PlanName(f"{number}.md"), content=b"x"), USER) for number in range(6)])
    host.change_of("p")
    monkeypatch.setattr(store, "_FEW", 6)
    with host.moment_at_once("p") as moment:
        assert moment is not None
        assert len(moment.store.list_plans()) == 6
        with pytest.raises(NotAtOnce):
            moment.store.get_content(PlanName("1.md"))
        monkeypatch.setattr(store, "_FEW", 5)
        with pytest.raises(NotAtOnce):
            moment.store.list_plans()


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
def test_nothing_is_read_at_once_while_another_thread_looks(host: SqlHost) -> None:
    host.store("p").commit(Create(PLAN), USER)
    with host.moment_at_once("p") as moment:
        assert moment is None  # nobody has looked yet what there is
    host.change_of("p")
    with host._database._observing, host.moment_at_once("p") as moment:
        assert moment is None
    with host.moment_at_once("p") as moment:
        assert moment is not None
        assert host._database._observing.locked()
    assert not host._database._observing.locked()


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_over_a_network_nothing_is_read_at_once(host: SqlHost) -> None:
    host.store("p").commit(Create(PLAN), USER)
    host.change_of("p")
    with host.moment_at_once("p") as moment:
        assert moment is None


# -- connections -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_connections_that_were_lost_meanwhile_are_replaced(url: str) -> None:
    named = sqlalchemy.make_url(url).update_query_dict({APPLICATION: NAMED})
    host = opened(named.render_as_string(hide_password=False))
    server = sqlalchemy.create_engine(driven(url))
    host.store("p").commit(Create(PLAN, description="0"), USER)

    def lose_all() -> None:
        with server.connect() as connection:
            assert connection.execute(CUT, {"name": NAMED}).scalar_one() > 0

    with host.moment("p"), host.moment("p"):
        pass  # so that there are two connections
    lose_all()
    assert host.change_of("p") == 1
    lose_all()
    assert host.store("p").get_plan(PLAN).description == "0"
    lose_all()
    described(host, 1)
    lose_all()
    assert list(host.projects()) == ["p"]
    assert host.store("p").get_plan(PLAN).revision == 2
    host.close()
    server.dispose()


# -- statements ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_every_statement_gets_all_its_values_by_name(dialect: str) -> None:
    made = [
        found for found in vars(statements).values() if isinstance(found, sqlalchemy.Select | sqlalchemy.Update)
    ]
    made += [statements.live_records(2, of_topic=True), statements.live_records(0, of_topic=False)]
    assert len(made) > 10
    for statement in made:
        assert session._prepared(statement, dialect).text
    for table in METADATA.tables.values():
        columns = tuple(table.columns.keys())
        assert "RETURNING" not in session._prepared(statements.insert(table, dialect), dialect, columns).text


def test_a_statement_with_a_value_of_its_own_is_none_of_these() -> None:
    with pytest.raises(AssertionError, match="of its own"):
        session._prepared(statements.HEAD.limit(1), "sqlite")


# -- what is decoded -------------------------------------------------------------------------------------------


def test_after_a_commit_only_what_it_changed_is_decoded(host: SqlHost, monkeypatch: pytest.MonkeyPatch) -> None:
    decoded: list[str] = []

    def decode(document: dict[str, object]) -> PlanRecord:
        record = codec.decode_record(document)
        decoded.append(record.plan.filename)
        return record

    monkeypatch.setattr(rows, "decode_record", decode)
    names = [PlanName(f"{number}.md") for number in range(10)]
    asked = [Asked(project, Create(name), USER) for project in ("p", "q") for name in names]
    assert all(isinstance(answer, Outcome) for answer in host.commit_all(asked))
    assert len(host.store("p").list_plans()) == 10
    assert sorted(decoded) == names
    del decoded[:]
    first = {plan.filename: plan for plan in host.store("p").list_plans()}
    assert decoded == []
    host.store("p").commit(Update(names[3], description="x"), USER)
    second = {plan.filename: plan for plan in host.store("p").list_plans()}
    assert decoded == [names[3]]
    assert [name for name in names if first[name] is not second[name]] == [names[3]]
    assert second[names[3]].description == "x"
    assert len(host.store("q").list_plans()) == 10


def test_what_is_decoded_is_remembered_within_a_budget() -> None:
    recall = Recall(100_000)
    record = codec.decode_record({"plan": {"filename": PLAN, "status": "ready"}, "identity": "i"})
    documents = [json.dumps({"number": number, "text": "x" * 500}) for number in range(1_000)]
    recall.put(documents[0], record)
    for number, document in enumerate(documents[1:], 1):
        assert recall.get(document) is None
        recall.put(document, record)
        assert recall.get(document) is record
        assert recall.get(documents[0]) is record, number  # what is asked for stays
        kept = recall._young.keys() | recall._old.keys()
        assert sum(map(len, kept)) < 100_000
        assert recall._size <= 50_000
    assert recall.get(documents[1]) is None
    large = "x" * 10_000
    recall.put(large, record)
    assert recall.get(large) is None
