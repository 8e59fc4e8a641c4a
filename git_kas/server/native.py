"""The routes of our own client: values as :mod:`git_kas.domain.codec` has them, one round trip an operation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from git_kas.domain.codec import encode_entry, encode_outcome, encode_plan, encode_project, encode_record
from git_kas.domain.ledger import PlanRecord
from git_kas.domain.lifecycle import read_status
from git_kas.domain.mutation import Author
from git_kas.domain.mutation_codec import decode_asked, encode_answer
from git_kas.domain.names import PlanName
from git_kas.errors import KasError, UsageError
from git_kas.ports.store_host import Asked
from git_kas.server.access import Role, acting, require
from git_kas.server.exchange import etag, json_answer, json_object, malformed, plain_json_answer
from git_kas.server.failures import without_place

if TYPE_CHECKING:
    from git_kas.domain.ledger import Outcome
    from git_kas.server.exchange import Answer, Call
    from git_kas.server.services import Services, Snapshot

_MOST_COMMITS: Final = 10_000
_MOST_PIECES: Final = 1_000


def state(call: Call, snapshot: Snapshot) -> Answer:
    """``GET …/state``."""
    statuses = [read_status(word) for word in call.query.get("status", ())]
    plans = snapshot.store.list_plans(statuses, call.asked("topic"))
    return json_answer(
        {
            "change": snapshot.change,
            "plans": [encode_plan(plan) for plan in plans],
            "remarks": _remarks(snapshot),
        }
    )


def state_of_plan(call: Call, snapshot: Snapshot) -> Answer:
    """``GET …/state/{filename}``."""
    plan = snapshot.store.get_plan(call.plan)
    record = PlanRecord(plan, "", snapshot.store.get_run(plan.filename))
    return json_answer({"change": snapshot.change, "record": encode_record(record)}, 200, etag(snapshot.change))


def history(call: Call, snapshot: Snapshot) -> Answer:
    """``GET …/history``."""
    plan = call.asked("plan")
    entries = snapshot.store.history(PlanName(plan) if plan is not None else None, call.number("since"))
    document = {"change": snapshot.change, "entries": [encode_entry(entry) for entry in entries]}
    return json_answer(document, 200, etag(snapshot.change))


def remarks(call: Call, snapshot: Snapshot) -> Answer:
    """``GET …/remarks``."""
    del call
    return json_answer(_remarks(snapshot))


def _remarks(snapshot: Snapshot) -> list[dict[str, object]]:
    return [{"kind": one.kind, "text": one.text, "plan": one.plan} for one in snapshot.store.remarks()]


def outcomes(call: Call, services: Services) -> Answer:
    """``GET …/outcomes``."""
    key = call.asked("key")
    if not key:
        raise UsageError("No key was named.", next_step="Ask for outcomes?key=….")
    with services.gate:
        found = services.host.store(call.project).outcome_of(key)
    return json_answer({"outcome": encode_outcome(found) if found else None})


def export(call: Call, services: Services) -> Answer:
    """``GET …/export``."""
    with services.gate:
        document = encode_project(services.host.store(call.project).export())
    return plain_json_answer(document)


def keep_piece(call: Call, services: Services) -> Answer:
    """``POST …/pieces``."""
    return json_answer({"id": services.keep_piece(call.project, call.body)})


def commits(call: Call, services: Services) -> Answer:
    """``POST …/commits``; the document may have come before, in pieces that the body names."""
    document = call.document()
    if "pieces" not in document:
        return _commit(call, services, document)
    require(call.grant, Role.USER)
    ids = document["pieces"]
    if not isinstance(ids, list) or len(ids) > _MOST_PIECES or not all(isinstance(id_, str) for id_ in ids):
        raise malformed(f"'pieces' is a list of up to {_MOST_PIECES} ids")
    with services.assembled(call.project, ids) as body:
        return _commit(call, services, json_object(body))


def _commit(call: Call, services: Services, document: dict[str, Any]) -> Answer:
    asked = document.get("commits")
    if not isinstance(asked, list) or len(asked) > _MOST_COMMITS:
        raise malformed(f"'commits' is a list of up to {_MOST_COMMITS}")
    questions = [_question(call, document) for document in asked]
    found = iter(services.commit_all([one for one in questions if isinstance(one, Asked)]))
    place = services.host.describe()
    answers: list[Outcome | KasError] = []
    for question in questions:
        answer = next(found) if isinstance(question, Asked) else question
        answers.append(without_place(answer, place) if isinstance(answer, KasError) else answer)
    return json_answer({"answers": [encode_answer(answer) for answer in answers]})


def _question(call: Call, document: Any) -> Asked | KasError:  # noqa: ANN401 - JSON
    """What one member of ``commits`` asks, or why it can be asked of no store."""
    try:
        mutation, request = decode_asked(document)
    except KasError as error:
        return error
    actor = acting(call.grant, request.by.actor)
    author = Author(actor, request.by.name or call.grant.name)
    return Asked(call.project, mutation, request._replace(by=author), call.repository())
