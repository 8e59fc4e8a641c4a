"""The statements of plans, made once: SQLAlchemy takes longer to make one than to run it.

The project is bound as ``in_project``; what else a ``WHERE`` binds is named like its column.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import bindparam, literal_column, select
from sqlalchemy.dialects import postgresql, sqlite

from git_kas_sql.schema import CONTENTS, HISTORY, KEYS, PLANS, PROJECTS, SCHEMA, TOPICS

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Select, Table


def of_project(table: Any) -> ColumnElement[bool]:  # noqa: ANN401 - a table with a column "project"
    """The rows of the project ``in_project``."""
    found: ColumnElement[bool] = table.c.project == bindparam("in_project")
    return found


HEAD: Final = select(PROJECTS.c.id, PROJECTS.c.change, PROJECTS.c.last_time, PROJECTS.c.passengers).where(
    PROJECTS.c.name == bindparam("name")
)
CHANGE: Final = select(PROJECTS.c.change).where(PROJECTS.c.name == bindparam("name"))
HEAD_TO_WRITE: Final = HEAD.add_columns(PROJECTS.c.repository).with_for_update()
"""Only writers read it, as older schemas have none."""
VERSIONS: Final = select(SCHEMA.c.version)
RECORD: Final = select(PLANS.c.document).where(of_project(PLANS), PLANS.c.name == bindparam("name"))
RECORDS: Final = select(PLANS.c.document).where(of_project(PLANS))
PLAN_AFTER: Final = (
    select(PLANS.c.name).where(of_project(PLANS)).limit(literal_column("1")).offset(bindparam("number"))
)
"""A plan, gone or not, if there are more than that number."""
TOPICS_OF_PROJECT: Final = select(TOPICS.c.name, TOPICS.c.created_at).where(of_project(TOPICS))
TOPIC: Final = select(TOPICS.c.created_at).where(of_project(TOPICS), TOPICS.c.name == bindparam("name"))
ALL_KEYED: Final = select(KEYS.c.key, KEYS.c.document).where(of_project(KEYS))
KEYED: Final = select(KEYS.c.document).where(of_project(KEYS), KEYS.c.key == bindparam("key"))
ALL_CONTENTS: Final = select(CONTENTS.c.id, CONTENTS.c.data).where(of_project(CONTENTS))
CONTENT: Final = select(CONTENTS.c.data).where(of_project(CONTENTS), CONTENTS.c.id == bindparam("id"))
ENTRIES: Final = (
    select(HISTORY.c.document)
    .where(of_project(HISTORY), HISTORY.c.change > bindparam("since"))
    .order_by(HISTORY.c.change, HISTORY.c.position)
)
ENTRIES_OF_PLAN: Final = ENTRIES.where(HISTORY.c.identity == bindparam("identity"))

SET_HEAD: Final = (
    PROJECTS.update()
    .where(PROJECTS.c.id == bindparam("in_project"))
    .values(
        change=bindparam("new_change"),
        last_time=bindparam("new_time"),
        passengers=bindparam("new_passengers"),
        repository=bindparam("new_repository"),
    )
)

_KEYS: Final = {
    PROJECTS: ("name",),
    PLANS: ("project", "name"),
    TOPICS: ("project", "name"),
    CONTENTS: ("project", "id"),
}
_UPDATED: Final = {PLANS: ("live", "status", "topic", "document"), TOPICS: ("created_at",)}


@lru_cache(64)
def live_records(statuses: int, *, of_topic: bool) -> Select[Any]:
    """The plans on the list; in one of so many statuses, bound as ``status_0`` and so on, unless it is none."""
    asked = RECORDS.where(PLANS.c.live)
    if statuses:
        asked = asked.where(PLANS.c.status.in_([bindparam(f"status_{number}") for number in range(statuses)]))
    return asked.where(PLANS.c.topic == bindparam("topic")) if of_topic else asked


@cache
def insert(table: Table, dialect: str) -> Any:  # noqa: ANN401 - an INSERT of either dialect
    """Insert rows into ``table``; plans and topics that are there get the new values, others stay as they are.

    A history entry or a key that is there already is an error.
    """
    make = sqlite.insert if dialect == "sqlite" else postgresql.insert
    statement = make(table).inline()
    keys = list(_KEYS.get(table, ()))
    if updated := _UPDATED.get(table):
        new = {column: statement.excluded[column] for column in updated}
        return statement.on_conflict_do_update(index_elements=keys, set_=new)
    return statement.on_conflict_do_nothing(index_elements=keys) if keys else statement
