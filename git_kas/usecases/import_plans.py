"""Takes over plans from an export or an earlier state file."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from enum import StrEnum

from git_kas.domain.decide_import import Difference, compare
from git_kas.domain.exchange import read_exchange
from git_kas.domain.mutation import Import, Request
from git_kas.domain.names import PlanName
from git_kas.domain.state_file import Remark
from git_kas.ports.store import Store


class ImportEffect(StrEnum):
    """What an import does with a plan."""

    NEW = "new"
    UPDATED = "updated"
    DIFFERENT = "different"
    SAME = "same"


@dataclass(frozen=True, slots=True)
class ImportRow:
    """A plan of the file: what happens to it, and in which fields it differs from the stored one."""

    plan: PlanName
    status: str
    effect: ImportEffect
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ImportReport:
    """What an import did, or would do."""

    rows: Sequence[ImportRow]
    topics: int
    remarks: Sequence[Remark]


@dataclass(frozen=True, slots=True)
class ImportFile:
    """What is imported. ``id`` is the SHA-256 of ``data``, or empty if the store need not remember the file."""

    data: bytes
    path: str
    id: str = ""


def import_plans(
    store: Store,
    file: ImportFile,
    request: Request,
    *,
    update: bool,
    dry_run: bool,
    only: Container[PlanName] | None = None,
) -> ImportReport:
    """Take over the plans of ``file`` that the store does not have; with ``update`` also what differs.

    With ``only`` the others of the file are as if they did not stand in it.

    Raises:
        StoreCorrupt: the file cannot be understood; nothing was imported.
    """
    project, remarks = read_exchange(file.data, file.path)
    if only is not None:
        project.records = {name: record for name, record in project.records.items() if name in only}
    # Before the first change the store shows the earlier system's file, and has none of its plans yet.
    begun = not file.id or store.changes(0, 0) > 0
    stored = {plan.filename: plan for plan in store.list_plans()} if begun else {}
    with_content = bool(project.contents)
    incoming = [project.records[name] for name in sorted(project.records) if project.records[name].live]
    rows = [
        _row(compare(record.plan, stored.get(record.plan.filename), with_content=with_content), update=update)
        for record in incoming
    ]
    known = {topic.name for topic in store.list_topics()} if begun else set()
    topics = len(set(project.topics) - known)
    if not dry_run:
        source_bytes = file.data if file.id else b""
        store.commit(Import(project, file.path, update, file.id, source_bytes), request)
    return ImportReport(rows, topics, remarks)


def _row(difference: Difference, *, update: bool) -> ImportRow:
    if difference.stored is None:
        effect = ImportEffect.NEW
    elif not difference.fields:
        effect = ImportEffect.SAME
    else:
        effect = ImportEffect.UPDATED if update else ImportEffect.DIFFERENT
    plan = difference.incoming
    return ImportRow(plan.filename, str(plan.status), effect, difference.fields)
