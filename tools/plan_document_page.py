"""The page about the texts of plans, from the tables of the code."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from git_kas.domain.plan_document import parse_plan
from git_kas.domain.plan_headers import TASK_LEVELS, WAVE_LEVELS
from git_kas.domain.plan_rules import Rule

Table = Callable[[Sequence[str], Iterable[Sequence[str]]], str]

PLAN_ELEMENTS = (
    ("title", "`# Title`", "the first heading of level 1"),
    (
        "fields",
        "`**Goal:** text`, also `Architecture`, `Tech Stack`, `Size`, `Waves`",
        "outside waves; the first of a name counts, to the end of the paragraph or the next field",
    ),
    (
        "wave",
        "`## Wave 1: title`",
        (
            f"level {min(WAVE_LEVELS)} or {max(WAVE_LEVELS)}; it ends at the next wave, or at another heading "
            "of its own level or above, so that an appendix belongs to no task"
        ),
    ),
    (
        "introduction",
        "text between a wave and its first task",
        "what a sentence in it names that begins with `depends on wave 1` comes before the wave",
    ),
    (
        "task",
        "`### Task 1: title`",
        f"level {min(TASK_LEVELS)} to {max(TASK_LEVELS)}; it ends at the next task, or with its wave",
    ),
    (
        "files",
        "`**Files:**` and a list of entries such as ``Create: `path` (remark)``",
        (
            "in a task; the action may be any word or none, an entry may name several paths, lines "
            "(`path:10-20`) are left out, and a list below `Create:` takes that action"
        ),
    ),
    (
        "dependencies",
        "`**Depends on:** task 1, tasks 3-4, wave 1`",
        "in a task, as text or as a list; a number alone is a task; `none` and `-` are nothing",
    ),
)

HEADING_SAMPLES = (
    "## Wave 1",
    "##   wave 2: Storage",
    "### Wave 3 (last)",
    "## Wave 4 \u2014 Clean up",
    "## Wave 1b",
    "## Wave one",
    "# Wave 1",
    "### Task 1: Make `store.py` first",
    "#### Task 2 \u2014 Serve it",
    "### Task 3) Use it",
    "### Task 4. Use it",
    "### task 5:Use it",
    "### Task 6 - Use it",
    "### Task 3a: Use it",
    "### Task 7:",
    "### Task 8 Use it",
    "### **Task 9: Use it**",
    "###Task 10: Use it",
    "> ### Task 11: Use it",
    "Task 12: Use it\n---",
    "**Task 13: Use it**",
)


def plan_document_page(notice: str, table: Table) -> str:
    """The form of a plan's text, and the rules of ``git kas lint``."""
    headings = [(_code(sample), _read_as(sample)) for sample in HEADING_SAMPLES]
    rules = [(f"`{rule}`", rule.severity, rule.meaning) for rule in Rule]
    return (
        f"# Plan documents\n\n{notice}"
        "A plan is a markdown text (CommonMark, UTF-8). What stands in code or in a comment is never a header. "
        "Waves and tasks keep the order of the text, whatever their numbers.\n\n"
        + table(("element", "form", "remarks"), PLAN_ELEMENTS)
        + "\n## Headings\n\n"
        + table(("written", "read as"), headings)
        + "\n## Rules of `git kas lint`\n\n"
        + table(("rule", "severity", "meaning"), rules)
    )


def _read_as(sample: str) -> str:
    """What a heading is read as, by really reading it below the title of a plan."""
    plan = parse_plan(f"# Plan\n\n{sample}\n")
    named = [f"wave {wave.number}, {wave.title or 'no title'}" for wave in plan.waves]
    named += [f"task {task.label}, {task.title or 'no title'}" for task in plan.loose_tasks]
    return "; ".join(named) or f"text, reported: {', '.join(finding.rule for finding in plan.findings)}"


def _code(sample: str) -> str:
    marks = "``" if "`" in sample else "`"
    return f"{marks}{sample}{marks}".replace("\n", f"{marks} above {marks}")
