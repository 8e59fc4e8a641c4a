"""The texts that finishing leaves behind: commit messages, titles and bodies of pull requests."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from git_kas.domain.ledger import HistoryEntry
    from git_kas.domain.names import BranchName
    from git_kas.domain.plan import Plan
    from git_kas.domain.plan_document import PlanDocument, Wave

LONGEST_TITLE: Final = 72
LONGEST_BODY: Final = 60_000
"""In characters; GitHub takes 65,536."""
MOST_COMMITS_LISTED: Final = 100
_MOST_MOVES_LISTED: Final = 50
_SENTENCE_END: Final = re.compile(r"(?<=[.!?])\s")
_NOT_IN_LINE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_NOT_IN_TEXT: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]+")


def plan_title(plan: Plan, document: PlanDocument) -> str:
    """What to call a plan in one line of up to 72 characters, cut between words."""
    text = document.title or plan.description or plan.filename.display_name
    line = " ".join(_NOT_IN_LINE.sub(" ", text).split())
    first = _SENTENCE_END.split(line, maxsplit=1)[0].rstrip(".") or plan.filename.key
    if len(first) <= LONGEST_TITLE:
        return first
    cut = first[:LONGEST_TITLE]
    return cut.rpartition(" ")[0] or cut


def merge_message(branch: BranchName, title: str) -> str:
    """The message of a merge commit."""
    return f"merge plan branch {branch}\n\n{title}\n"


def squash_message(branch: BranchName, title: str, subjects: Sequence[str], count: int) -> str:
    """The message of the one commit; ``subjects`` are the first of ``count`` commits, oldest first."""
    lines = [f"* {' '.join(_NOT_IN_LINE.sub(' ', subject).split())}" for subject in subjects]
    if count > len(subjects):
        lines.append(f"* and {count - len(subjects)} more")
    return merge_message(branch, title) + "\n" + "\n".join(lines) + "\n"


def request_body(plan: Plan, document: PlanDocument, history: Sequence[HistoryEntry]) -> str:
    """The text of a pull request: what the plan says of itself, its waves and tasks, and its history."""
    parts = [plan.description if plan.description != document.title else "", document.goal]
    fields = (("Architecture", document.architecture), ("Tech stack", document.tech_stack))
    parts += [f"**{name}:** {text}" for name, text in fields if text]
    parts += [_wave_text(wave) for wave in document.waves]
    moves = [entry for entry in history if entry.event is not None]
    if moves:
        lines = [_move_text(entry) for entry in moves[-_MOST_MOVES_LISTED:]]
        parts.append("\n".join(["### History", "", *lines]))
    parts.append(f"Plan: `{plan.filename}`")
    text = _NOT_IN_TEXT.sub(" ", "\n\n".join(part.strip() for part in parts if part.strip()))
    if len(text) <= LONGEST_BODY:
        return text + "\n"
    return text[:LONGEST_BODY].rpartition("\n")[0] + "\n\n… (cut off)\n"


def complaint(errors: str) -> str:
    """What Git complains about, in one line without a full stop; with the paths that it lists below."""
    lines = [line for line in errors.splitlines() if line.strip()]
    start = next((at for at, line in enumerate(lines) if line.startswith(("fatal: ", "error: "))), 0)
    if not lines:
        return "it gave no reason"
    first = lines[start].removeprefix("fatal: ").removeprefix("error: ").strip().rstrip(".")
    listed = []
    for line in lines[start + 1 :]:
        if not line.startswith("\t"):
            break
        listed.append(line.strip())
    return f"{first.rstrip(':')}: {', '.join(listed)}" if listed else first


def _wave_text(wave: Wave) -> str:
    title = f"### Wave {wave.number}" + (f": {wave.title}" if wave.title else "")
    return "\n".join([title, "", *(f"- Task {task.label}: {task.title}" for task in wave.tasks)])


def _move_text(entry: HistoryEntry) -> str:
    note = " ".join(entry.note.split())
    return f"- {entry.time[:10]} {entry.event} → {entry.to_status}" + (f": {note[:200]}" if note else "")
