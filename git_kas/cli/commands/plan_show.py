"""``git kas plan show``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from git_kas.cli.plan_options import add_plan, add_store
from git_kas.cli.plan_view import move_text, plan_data
from git_kas.cli.result import Result
from git_kas.cli.style import Style, printable
from git_kas.domain.lifecycle import valid_events

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from git_kas.app import App
    from git_kas.domain.lifecycle import Event
    from git_kas.domain.plan_document import Task, Wave
    from git_kas.usecases.plan_texts import PlanDetails

DESCRIPTION = (
    "Show a plan: its status and how it came there, the events that are possible now, and its waves and\n"
    "tasks as its text has them. The text is the store's; where that holds none, the working copy's."
)
EXAMPLES = (
    ("git kas plan show 2026-02-28-rate-limit", "one plan"),
    ("git kas plan show rate --json | jq '.data.waves[].tasks[].title'", "its tasks, for a script"),
    ("git kas plan show rate --text", "the text as it is"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    add_plan(parser, reading=True)
    parser.add_argument("--text", action="store_true", help="print the plan's text and nothing else (as UTF-8)")
    add_store(parser)


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    from git_kas.usecases.find_plan import find_plan
    from git_kas.usecases.plan_texts import plan_details

    name = find_plan(app.store, arguments.plan)
    details = plan_details(app.store, name, app.text_places)
    events = valid_events(details.plan.status, app.actor)
    if arguments.text:
        return Result(
            "plan.show", lambda: _data(details, events), lambda _: details.text.decode("utf-8", "replace")
        )
    return Result("plan.show", lambda: _data(details, events), lambda style: _text(details, events, style))


def _data(details: PlanDetails, events: tuple[Event, ...]) -> dict[str, Any]:
    document = details.document
    return {
        "plan": plan_data(details.plan),
        "events": list(events),
        "text": details.text.decode("utf-8", "replace") if details.text_from else None,
        "text_from": details.text_from or None,
        "title": document.title,
        "goal": document.goal,
        "architecture": document.architecture,
        "tech_stack": document.tech_stack,
        "size": document.size,
        "waves": [_wave_data(wave) for wave in document.waves],
    }


def _wave_data(wave: Wave) -> dict[str, Any]:
    return {
        "number": wave.number,
        "title": wave.title,
        "line": wave.line,
        "introduction": wave.introduction,
        "tasks": [_task_data(task) for task in wave.tasks],
    }


def _task_data(task: Task) -> dict[str, Any]:
    return {
        "number": task.number,
        "label": task.label,
        "title": task.title,
        "line": task.line,
        "files": [{"action": file.action, "path": file.path} for file in task.files],
        "depends_on": [{"part": needed.part, "label": needed.label} for needed in task.depends_on],
        "body": task.body,
    }


def _text(details: PlanDetails, events: tuple[Event, ...], style: Style) -> str:
    del style
    return "".join(f"{printable(line)}\n" for line in (*_field_lines(details, events), *_wave_lines(details)))


def _field_lines(details: PlanDetails, events: tuple[Event, ...]) -> Iterator[str]:
    plan, document = details.plan, details.document
    fields = {
        "plan": plan.filename,
        "status": str(plan.status),
        "since": move_text(plan.moved) if plan.moved else "",
        "next events": ", ".join(events),
        "description": plan.description,
        "branch": plan.branch,
        "topic": plan.topic,
        "created at": plan.created_at,
        "implemented": plan.implemented,
        "revision": str(plan.revision),
        "round": str(plan.round),
        "text": details.text_from or "none",
        "goal": document.goal,
        "size": document.size,
    }
    width = max(map(len, fields))
    for name, value in fields.items():
        if value:
            yield f"{name.ljust(width)}  {value}"


def _wave_lines(details: PlanDetails) -> Iterator[str]:
    for wave in details.document.waves:
        yield f"wave {wave.number}" + (f": {wave.title}" if wave.title else "")
        for task in wave.tasks:
            yield f"  task {task.label}: {task.title}"
