"""Whether what a store knows about a project agrees with itself: its history, its plans, its texts."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from git_kas.domain.ledger import Action

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from git_kas.domain.ledger import HistoryEntry, PlanRecord
    from git_kas.domain.project import Project

_GONE_BY = frozenset({Action.REMOVED, Action.EDITED})
"""What the last entry about a plan that was removed may say."""


def contradictions(project: Project) -> list[str]:
    """Each sentence says what does not agree with what; none if the project is sound.

    What was taken over from an earlier state file, and never changed, has no history to agree with.
    """
    found = list(_of_texts(project))
    if project.change:
        found += _of_numbers(project)
        last = {entry.identity: entry for entry in project.entries if entry.identity and entry.revision}
        moved = {entry.identity: entry for entry in project.entries if entry.identity and entry.to_status}
        for name in sorted(project.records):
            found += _of_record(project.records[name], last, moved, project)
        found += _of_lost_plans(project, last)
    return found


def _of_texts(project: Project) -> Iterator[str]:
    for content_id, data in sorted(project.contents.items()):
        if sha256(data).hexdigest() != content_id:
            yield f"The text {content_id[:12]}… was changed."
    for name, record in sorted(project.records.items()):
        content_id = record.plan.content_id
        if content_id and content_id not in project.contents:
            yield f"The text {content_id[:12]}… of {name} is missing."


def _of_numbers(project: Project) -> Iterator[str]:
    numbers = [entry.change for entry in project.entries]
    if numbers != sorted(numbers):
        yield "The history is not in the order of its change numbers."
    if missing := sorted(set(range(1, project.change + 1)).difference(numbers)):
        shown = ", ".join(map(str, missing[:5])) + (", …" if len(missing) > 5 else "")
        yield f"The history has nothing about change {shown} of {project.change}."
    if numbers and max(numbers) > project.change:
        yield f"The history goes on to change {max(numbers)}, but the last one is said to be {project.change}."


def _of_record(
    record: PlanRecord,
    last: Mapping[str, HistoryEntry],
    moved: Mapping[str, HistoryEntry],
    project: Project,
) -> Iterator[str]:
    plan, entry = record.plan, last.get(record.identity)
    if entry is None:
        yield f"The history has nothing about {plan.filename}."
        return
    if record.gone.startswith("renamed"):
        new_name = record.gone.partition(" ")[2]
        if new_name not in project.records:
            yield f"{plan.filename} was renamed to {new_name}, which is not there."
        return
    if record.gone and entry.action not in _GONE_BY:
        yield f"{plan.filename} is removed, but the last that the history has about it is '{entry.action}'."
    if (entry.plan, entry.revision) != (plan.filename, plan.revision):
        yield (
            f"{plan.filename} is at revision {plan.revision}, but the history ends with revision "
            f"{entry.revision} of {entry.plan}."
        )
    status = moved.get(record.identity)
    if status is not None and status.to_status != str(plan.status):
        yield f"{plan.filename} is '{plan.status}', but the history left it '{status.to_status}'."


def _of_lost_plans(project: Project, last: Mapping[str, HistoryEntry]) -> Iterator[str]:
    known = {record.identity for record in project.records.values()}
    for identity, entry in last.items():
        if identity not in known:
            yield f"The history tells of {entry.plan}, which is not there."
