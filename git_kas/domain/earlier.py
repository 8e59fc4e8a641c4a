"""What the earlier system kept in a database (ORIGIN 1.4), read into plans and topics."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain.checks import is_time
from git_kas.domain.ledger import PlanRecord
from git_kas.domain.lifecycle import read_status
from git_kas.domain.names import PlanName
from git_kas.domain.plan import ZERO_TIME, Plan, Topic
from git_kas.domain.project import Project
from git_kas.domain.state_file import Remark, RemarkKind, remark_on_status
from git_kas.errors import InvalidName, NotFound, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DATABASE_HEADER: Final = b"SQLite format 3\0"
"""What such a file begins with (https://www.sqlite.org/fileformat.html)."""

_LONGEST_QUOTE: Final = 40
_NO_TOPICS: Final[Mapping[str, str]] = MappingProxyType({})


class EarlierPlan(NamedTuple):
    """A row of its plans, the words as they are stored; ``content`` is empty where there is no text."""

    filename: str
    status: str = ""
    description: str = ""
    branch: str = ""
    topic: str = ""
    created_at: str = ""
    implemented: str = ""
    content: bytes = b""


class EarlierProject(NamedTuple):
    """The rows of one project; ``topics`` maps names to times, which may be empty."""

    plans: Sequence[EarlierPlan] = ()
    topics: Mapping[str, str] = _NO_TOPICS


def choose_project(names: Sequence[str], wanted: str | None, own: str, place: str) -> str | None:
    """Which of the projects in ``place`` is meant: ``wanted``, else ``own``, else the only one; None of none.

    Raises:
        NotFound: there is none of the name ``wanted``.
        UsageError: there are several, none of them ``own``.
    """
    if wanted is not None and wanted not in names:
        raise NotFound(f"There is no project '{wanted}' in {place}.", next_step=_name_one_of(names))
    if wanted is not None or own in names:
        return own if wanted is None else wanted
    if len(names) > 1:
        raise UsageError(
            f"There are {len(names)} projects in {place}, and none is called '{own}'.",
            next_step=_name_one_of(names),
        )
    return names[0] if names else None


def _name_one_of(names: Sequence[str]) -> str:
    return f"Name one with --from-project: {', '.join(names) or 'there is none'}."


def read_earlier(found: EarlierProject) -> tuple[Project, list[Remark]]:
    """The project that the rows stand for, and what there is to say about them."""
    reading = _Reading()
    for row in sorted(found.plans):
        reading.plan(row)
    for name, created_at in sorted(found.topics.items()):
        reading.project.topics[name] = Topic(name, reading.time(created_at, f"the topic '{name}'", None))
    if reading.unread:
        reading.project.passengers = {"unread": reading.unread}
    return reading.project, reading.remarks


def remarks_on_others(rows: Mapping[str, int]) -> list[Remark]:
    """What there is to say about tables of which nothing is taken over."""
    return [
        Remark(RemarkKind.LEFT_BEHIND, f"the table {table} is left behind, with {_count(rows[table])}")
        for table in sorted(rows)
    ]


def _count(number: int) -> str:
    return "1 row" if number == 1 else f"{number} rows"


class _Reading:
    """One pass over the rows of one project."""

    def __init__(self) -> None:
        self.project = Project()
        self.remarks: list[Remark] = []
        self.unread: dict[str, object] = {}

    def plan(self, row: EarlierPlan) -> None:
        try:
            name = PlanName(row.filename)
        except InvalidName as error:
            self.unread[row.filename] = _as_found(row)
            text = f"not read as a plan: {error.message.rstrip('.')}"
            self.remarks.append(Remark(RemarkKind.UNREADABLE_NAME, text))
            return
        if remark := remark_on_status(name, row.status):
            self.remarks.append(remark)
        plan = Plan(
            name,
            read_status(row.status),
            row.description,
            row.branch,
            row.topic,
            self.time(row.created_at, "it", name),
            row.implemented,
            content_id=self._keep(row.content),
        )
        self.project.records[name] = PlanRecord(plan, "")

    def time(self, text: str, what: str, plan: PlanName | None) -> str:
        """A time as it is stored; what is none was none for the earlier system, too (ORIGIN 1.1)."""
        if text and not is_time(text):
            told = f"{what} was created at {text[:_LONGEST_QUOTE]!r}, which is no time, and is taken for none"
            self.remarks.append(Remark(RemarkKind.UNREADABLE_TIME, told, plan))
            return ZERO_TIME
        return text or ZERO_TIME

    def _keep(self, content: bytes) -> str:
        if not content:
            return ""
        content_id = sha256(content).hexdigest()
        self.project.contents[content_id] = content
        return content_id


def _as_found(row: EarlierPlan) -> dict[str, object]:
    """A row that is no plan, as an entry of a state file."""
    entry: dict[str, object] = {name: value for name, value in row._asdict().items() if value}
    entry.pop("filename", None)
    if row.content:
        try:
            entry["content"] = row.content.decode("utf-8")
        except UnicodeDecodeError:
            entry["content"] = {"base64": b64encode(row.content).decode("ascii")}
    return entry
