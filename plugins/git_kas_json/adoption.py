"""Taking over what was not written through the store: earlier state files, and edits behind its back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.domain.decide_import import COMPARED_FIELDS
from git_kas.domain.ledger import PlanRecord
from git_kas.domain.mutation import AdoptEdit, Create, CreateTopic, Import
from git_kas.domain.project import Project
from git_kas.domain.state_file import passengers_of
from git_kas_json.layout import hash_of

if TYPE_CHECKING:
    from git_kas.domain.names import PlanName
    from git_kas.domain.plan import Plan
    from git_kas.domain.state_file import StateFile
    from git_kas_json.ledger import Ledger


def import_of(state: StateFile, data: bytes, source: str) -> Import:
    """The mutation that takes over a whole state file, its bytes kept as a text."""
    project = Project()
    project.records = {name: PlanRecord(plan, "") for name, plan in state.plans.items()}
    project.topics = dict(state.topics)
    project.passengers = passengers_of(state)
    return Import(project, source, source_id=hash_of(data), source_bytes=data)


def edit_of(ledger: Ledger, state: StateFile, source: str) -> AdoptEdit:
    """The mutation that takes over what ``state`` says otherwise than the ledger.

    The file may have been edited before the last commits reached it. So what it says as it was before them
    counts as not yet written, and only what it says otherwise than before as edited.
    """
    before, records = ledger.records_before_last_step(), ledger.records()
    plans: dict[PlanName, Create | None] = {}
    for name in sorted({*records, *state.plans}):
        stored = _plan_on_list(records.get(name))
        wanted = _merge(_plan_on_list(before.get(name)), stored, state.plans.get(name))
        if not _same(stored, wanted):
            plans[name] = _creation(wanted) if wanted is not None else None
    known = {topic.name for topic in ledger.topics()}
    topics = [CreateTopic(topic.name, topic.created_at) for topic in state.topics.values()]
    return AdoptEdit(plans, tuple(topic for topic in topics if topic.name not in known), source)


def _plan_on_list(record: PlanRecord | None) -> Plan | None:
    return record.plan if record is not None and record.live else None


def _merge(before: Plan | None, stored: Plan | None, found: Plan | None) -> Plan | None:
    if _same(before, found):
        return stored
    if before is None or stored is None or found is None:
        return found
    unchanged = [field for field in COMPARED_FIELDS if getattr(found, field) == getattr(before, field)]
    return found._replace(**{field: getattr(stored, field) for field in unchanged})


def _same(stored: Plan | None, wanted: Plan | None) -> bool:
    if stored is None or wanted is None:
        return stored is wanted
    return all(getattr(stored, field) == getattr(wanted, field) for field in COMPARED_FIELDS)


def _creation(plan: Plan) -> Create:
    return Create(plan.filename, **{field: getattr(plan, field) for field in COMPARED_FIELDS})
