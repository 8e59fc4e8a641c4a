"""Wire protocol v1 (ORIGIN 1), with its extensions."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Final

from git_kas.domain.codec import encode_entry
from git_kas.domain.lifecycle import parse_event, read_status
from git_kas.domain.mutation import Create, CreateTopic, Remove, Rename, SetContent, Transition, Update
from git_kas.domain.names import PlanName
from git_kas.domain.wire import (
    encode,
    encode_list,
    plan_entry,
    read_new_filename,
    read_plan_entry,
    read_topic_entry,
    topic_entry,
)
from git_kas.errors import UsageError
from git_kas.server.contract import LONGEST_WAIT
from git_kas.server.events import KIND as EVENTS
from git_kas.server.events import EventStream, wants_events
from git_kas.server.exchange import JSON, MARKDOWN, TEXT, Answer, etag, is_number, json_answer, malformed
from git_kas.server.metrics import KIND as METRICS
from git_kas.version import VERSION

if TYPE_CHECKING:
    from git_kas.domain.ledger import Outcome
    from git_kas.domain.plan import Plan
    from git_kas.server.exchange import Call
    from git_kas.server.services import Services, Snapshot

PROTOCOL: Final = 1
_CREATED: Final = 201
_NO_CONTENT: Final = 204


# -- the server ------------------------------------------------------------------------------------------------


def ping(call: Call, services: Services) -> Answer:
    """``GET /v1/ping``."""
    del call
    with services.gate:
        services.host.store("ping").ping()
    return Answer(200)


def health(call: Call, services: Services) -> Answer:
    """``GET /healthz``."""
    del call, services
    return Answer(200, b"ok\n", TEXT)


def version(call: Call, services: Services) -> Answer:
    """``GET /v1/version``."""
    del call, services
    return json_answer({"name": "git-kas", "version": VERSION, "protocol": PROTOCOL})


# -- reading ---------------------------------------------------------------------------------------------------


def list_plans(call: Call, snapshot: Snapshot) -> Answer:
    """``GET …/plans``."""
    statuses = [read_status(word) for word in call.query.get("status", ())]
    plans = snapshot.store.list_plans(statuses, call.asked("topic") or None)
    if call.asked("content") == "0":
        return json_answer([plan_entry(plan) for plan in plans])
    return Answer(200, encode_list(_with_content(call.project, plan, snapshot) for plan in plans), JSON)


def get_plan(call: Call, snapshot: Snapshot) -> Answer:
    """``GET …/plans/{filename}``."""
    plan = snapshot.store.get_plan(call.plan)
    if call.asked("content") == "0":
        return json_answer(plan_entry(plan), 200, etag(plan.revision))
    return Answer(200, _with_content(call.project, plan, snapshot), JSON, (etag(plan.revision),))


def get_content(call: Call, snapshot: Snapshot) -> Answer:
    """``GET …/plans/{filename}/content``; a text's hash goes with it, and none where there is no text."""
    revision = snapshot.store.get_plan(call.plan).revision
    content = snapshot.store.get_content(call.plan)
    content_id = "" if content is None else sha256(content).hexdigest()
    return Answer(200, content or b"", MARKDOWN, (("Kas-Content-Id", content_id), etag(revision)))


def list_topics(call: Call, snapshot: Snapshot) -> Answer:
    """``GET …/topics``."""
    del call
    return json_answer([topic_entry(topic) for topic in snapshot.store.list_topics()])


def plan_history(call: Call, snapshot: Snapshot) -> Answer:
    """``GET …/plans/{filename}/history``."""
    entries = snapshot.store.history(call.plan, call.number("since"))
    return json_answer([encode_entry(entry) for entry in entries], 200, etag(snapshot.change))


def changes(call: Call, services: Services) -> Answer:
    """``GET …/changes``."""
    if wants_events(call.header("Accept")):
        return _events(call, services)
    seconds = call.seconds("wait", most=LONGEST_WAIT)
    return json_answer({"change": services.hub.wait(call.project, call.number("since"), seconds)})


def _events(call: Call, services: Services) -> Answer:
    """The same as a stream; who comes again says by ``Last-Event-ID`` what it was told last."""
    last = call.header("Last-Event-ID")
    if last and not is_number(last):
        raise UsageError("Last-Event-ID is none of ours.", next_step="Leave it out to begin anew.")
    since = int(last) if last else call.number("since")
    headers = (("Cache-Control", "no-store"), ("X-Accel-Buffering", "no"))
    if call.environ["REQUEST_METHOD"] == "HEAD":
        return Answer(200, b"", EVENTS, headers)
    return Answer(200, b"", EVENTS, headers, EventStream(services.hub.follow(call.project, since)))


def metrics(call: Call, services: Services) -> Answer:
    """``GET /metrics``."""
    del call
    return Answer(200, services.metrics.text(services.hub.watchers), METRICS)


def _with_content(project: str, plan: Plan, snapshot: Snapshot) -> bytes:
    """The entry with its text, as JSON."""
    entry = snapshot.entries.get(project, plan)
    if entry is None:
        content = b""
        if plan.content_id:
            content = snapshot.contents.text(plan.content_id, lambda: snapshot.store.get_content(plan.filename))
        entry = encode(plan_entry(plan, content))
        if content or not plan.content_id:
            snapshot.entries.put(project, plan, entry)
    return entry


# -- writing ---------------------------------------------------------------------------------------------------


def create_plan(call: Call, services: Services) -> Answer:
    """``POST …/plans``."""
    entry = read_plan_entry(call.body)
    outcome = services.commit(
        call,
        Create(
            PlanName(entry.filename),
            entry.status,
            entry.description,
            entry.branch,
            entry.topic,
            entry.created_at,
            entry.implemented,
            entry.extra,
            entry.content,
        ),
    )
    return _changed(outcome, _CREATED, entry.content)


def put_plan(call: Call, services: Services) -> Answer:
    """``PUT …/plans/{filename}``: all of the entry but a text and unknown members that it does not hold."""
    services.insist_on_precondition(call)
    entry = read_plan_entry(call.body)
    outcome = services.commit(
        call,
        Update(
            call.plan,
            entry.description,
            entry.branch,
            entry.topic,
            entry.created_at,
            entry.implemented,
            entry.extra or None,
            entry.status,
            entry.content,
            call.if_revision(),
        ),
    )
    return _changed(outcome, 200, entry.content)


def put_content(call: Call, services: Services) -> Answer:
    """``PUT …/plans/{filename}/content``."""
    services.insist_on_precondition(call)
    return _done(services.commit(call, SetContent(call.plan, call.body, call.if_revision())), 200)


def rename_plan(call: Call, services: Services) -> Answer:
    """``POST …/plans/{filename}/rename``."""
    mutation = Rename(call.plan, read_new_filename(call.body), call.if_revision())
    return _done(services.commit(call, mutation), 200)


def transition_plan(call: Call, services: Services) -> Answer:
    """``POST …/plans/{filename}/transition``."""
    document = call.document()
    event, note = document.get("event"), document.get("note") or ""
    if not isinstance(event, str) or not isinstance(note, str):
        raise malformed("'event' and 'note' are texts")
    mutation = Transition(call.plan, (parse_event(event),), None, call.if_revision())
    return _changed(services.commit(call, mutation, note), 200)


def remove_plan(call: Call, services: Services) -> Answer:
    """``DELETE …/plans/{filename}``."""
    return _done(services.commit(call, Remove(call.plan, call.if_revision())), _NO_CONTENT)


def create_topic(call: Call, services: Services) -> Answer:
    """``POST …/topics``."""
    topic = read_topic_entry(call.body)
    services.commit(call, CreateTopic(topic.name, topic.created_at))
    return json_answer(topic_entry(topic), _CREATED)


def _changed(outcome: Outcome, status: int, content: bytes | None = None) -> Answer:
    """The plan as it is stored now, with the text that the request brought."""
    plan = outcome.plan
    if plan is None:  # no mutation of a plan leaves none
        return Answer(status)
    return json_answer(plan_entry(plan, content), status, etag(plan.revision))


def _done(outcome: Outcome, status: int) -> Answer:
    """Nothing but the plan's new revision."""
    return Answer(status, headers=(etag(outcome.plan.revision),) if outcome.plan else ())
