"""Takes over plans from an export, an earlier state file or database, or another store."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from enum import StrEnum

from git_kas.domain.decide_import import Difference, compare
from git_kas.domain.earlier import choose_project, read_earlier, remarks_on_others
from git_kas.domain.exchange import read_exchange
from git_kas.domain.mutation import Import, Request
from git_kas.domain.names import PlanName
from git_kas.domain.project import Project
from git_kas.domain.state_file import Remark
from git_kas.errors import NotFound, UsageError
from git_kas.ports.earlier_database import EarlierDatabase
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


@dataclass(frozen=True, slots=True)
class Incoming:
    """A project that is to be taken over, where it comes from, and what there is to say about it.

    ``name`` is what it is called there, None where there is only one; ``file`` is what the store remembers.
    """

    project: Project
    source: str
    remarks: Sequence[Remark] = ()
    name: str | None = None
    file: ImportFile | None = None

    @property
    def told_source(self) -> str:
        """The source, with the project in it."""
        return self.source if self.name is None else f"{self.source} (project {self.name})"


def from_file(file: ImportFile) -> Incoming:
    """What stands in an export or a state file.

    Raises:
        StoreCorrupt: it cannot be understood.
    """
    project, remarks = read_exchange(file.data, file.path)
    return Incoming(project, file.path, remarks, file=file if file.id else None)


def from_database(database: EarlierDatabase, path: str, wanted: str | None, own: str) -> Incoming:
    """What the earlier system's database at ``path`` holds of the project ``wanted``, or else of ``own``.

    Raises:
        NotFound, UsageError: see :func:`git_kas.domain.earlier.choose_project`.
        StoreCorrupt: a row cannot be understood.
    """
    name = choose_project(database.projects(), wanted, own, path)
    project, remarks = read_earlier(database.read(name)) if name is not None else (Project(), [])
    return Incoming(project, path, [*remarks, *remarks_on_others(database.other_rows())], name)


def from_store(source: Store, target: Store, name: str, *, is_same_project: bool) -> Incoming:
    """What another store holds of the project ``name``.

    Raises:
        UsageError: it is the target. NotFound: it holds nothing of the project.
    """
    kind, place = source.describe()
    if is_same_project and target.describe() == (kind, place):
        raise UsageError(
            f"The plans are to come from {place}, and that is where they are to go.",
            next_step="Name another store with --from or --store, or another project with --from-project.",
        )
    remarks = source.remarks()
    project = source.export()
    if not project.change and not project.records and not project.topics:
        raise NotFound(
            f"There is no project '{name}' in {place}, or there is nothing in it.",
            next_step="Name another one with --from-project.",
        )
    return Incoming(project, place, remarks, name)


def import_plans(
    store: Store,
    file: ImportFile,
    request: Request,
    *,
    update: bool,
    dry_run: bool,
    only: Container[PlanName] | None = None,
) -> ImportReport:
    """As :func:`import_project`; with ``only`` the other plans of ``file`` are as if they did not stand in it.

    Raises:
        StoreCorrupt: the file cannot be understood; nothing was imported.
    """
    incoming = from_file(file)
    project = incoming.project
    if only is not None:
        project.records = {name: record for name, record in project.records.items() if name in only}
    return import_project(store, incoming, request, update=update, dry_run=dry_run)


def import_project(
    store: Store, incoming: Incoming, request: Request, *, update: bool, dry_run: bool
) -> ImportReport:
    """Take over the plans that the store does not have; with ``update`` also what differs."""
    project, file = incoming.project, incoming.file
    # Before the first change the store shows the earlier system's file, and has none of its plans yet.
    begun = file is None or store.changes(0, 0) > 0
    stored = {plan.filename: plan for plan in store.list_plans()} if begun else {}
    with_content = bool(project.contents)
    records = [project.records[name] for name in sorted(project.records) if project.records[name].live]
    rows = [
        _row(compare(record.plan, stored.get(record.plan.filename), with_content=with_content), update=update)
        for record in records
    ]
    known = {topic.name for topic in store.list_topics()} if begun else set()
    topics = len(set(project.topics) - known)
    if not dry_run:
        id_, data = (file.id, file.data) if file else ("", b"")
        store.commit(Import(project, incoming.told_source, update, id_, data), request)
    return ImportReport(rows, topics, incoming.remarks)


def _row(difference: Difference, *, update: bool) -> ImportRow:
    if difference.stored is None:
        effect = ImportEffect.NEW
    elif not difference.fields:
        effect = ImportEffect.SAME
    else:
        effect = ImportEffect.UPDATED if update else ImportEffect.DIFFERENT
    plan = difference.incoming
    return ImportRow(plan.filename, str(plan.status), effect, difference.fields)
