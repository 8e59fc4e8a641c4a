"""Each rule is broken by one text and kept by a similar one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from git_kas.domain.plan_document import decode_plan, parse_plan
from git_kas.domain.plan_lint import lint_plan
from git_kas.domain.plan_rules import Finding, Rule, Severity

ROOT = Path(__file__).parents[2]
HEAD = "# t\n\n**Goal:** g\n\n"
WAVE = f"{HEAD}## Wave 1\n"
TASK = f"{WAVE}### Task 1: x\na\n"


class Case(NamedTuple):
    """A text that breaks the rule in ``line``, and one that breaks none at all."""

    broken: str | bytes
    line: int
    message: str
    kept: str


def numbered(*numbers: str) -> str:
    """A plan with one wave for each number, each with one task."""
    waves = [f"## Wave {number}\n### Task {task}: x\na\n" for task, number in enumerate(numbers, 1)]
    return HEAD + "".join(waves)


def tasks(*labels: str) -> str:
    """A plan with one wave and these tasks."""
    return WAVE + "".join(f"### Task {label}: x\na\n" for label in labels)


def waves_of_tasks(*waves: str) -> str:
    """A plan with these waves; each letter is a task's number."""
    texts = ("".join(f"### Task {label}: x\na\n" for label in labels) for labels in waves)
    return HEAD + "".join(f"## Wave {number}\n{text}" for number, text in enumerate(texts, 1))


CASES = {
    Rule.NOT_UTF8: Case(
        TASK.encode() + b"\xff", 8, "byte 0xff is not UTF-8; save the file as UTF-8", f"{TASK}\u00ff"
    ),
    Rule.EMPTY_TEXT: Case("\n \n", 1, "there is no text; write the plan", TASK),
    Rule.CONTROL_CHARACTER: Case(
        f"{TASK}a\n\x1b[31m\x00",
        9,
        "the character U+001B acts on a terminal or hides text; remove it",
        f"{TASK}\t\n",
    ),
    Rule.UNCLOSED_BLOCK: Case(
        f"{TASK}```sh\nb\n",
        8,
        "this code fence has no end; write '```' where it ends",
        f"{TASK}```sh\nb\n```\n",
    ),
    Rule.NESTED_FENCE: Case(
        f"{TASK}```md\n```sh\nb\n```\n\n```\nc\n```\n",
        9,
        "a code fence begins inside that of line 8; make the outer one longer",
        f"{TASK}````md\n```sh\nb\n```\n````\n",
    ),
    Rule.UNREAD_HEADER: Case(
        f"{TASK}### Task 2 y\nb\n",
        8,
        "'Task 2 y' is not read as '## Wave 1: title' or '### Task 1: title'",
        f"{TASK}### Task 2: y\nb\n",
    ),
    Rule.DOUBTFUL_HEADER: Case(
        f"{TASK}> ### Task 2: y\n",
        8,
        "'Task 2: y' is text here, because it is in a list or quotation, underlined or only bold",
        f"{TASK}> ### Other\n",
    ),
    Rule.NO_GOAL: Case(
        "# t\n\n**Goal:**\n\n## Wave 1\n### Task 1: x\na\n",
        1,
        "the plan has no goal; write '**Goal:** \u2026' below the title",
        TASK,
    ),
    Rule.NO_WAVES: Case(HEAD, 1, "no wave headers found, so one coder gets the whole plan", TASK),
    Rule.WAVE_COUNT: Case(
        TASK.replace("## W", "**Waves:** 3\n\n## W"),
        5,
        "this says 3, and the plan has 1",
        TASK.replace("## W", "**Waves:** 1 (T1)\n\n## W"),
    ),
    Rule.NUMBER_ZERO: Case(tasks("0", "1"), 6, "tasks are counted from 1", tasks("1", "2")),
    Rule.EMPTY_WAVE: Case(f"{TASK}## Wave 2\n", 8, "wave 2 has no task; add one or remove the wave", TASK),
    Rule.WAVE_DUPLICATE: Case(numbered("1", "01"), 8, "wave 1 is in line 5 already", numbered("1", "2")),
    Rule.WAVE_ORDER: Case(numbered("2", "1"), 8, "wave 1 comes after wave 2", numbered("1", "2")),
    Rule.WAVE_GAP: Case(
        numbered("1", "3"), 8, "wave 3 comes without a wave 2 before it", numbered("1", "2", "3")
    ),
    Rule.TASK_OUTSIDE_WAVE: Case(
        f"{TASK}## Notes\n### Task 2: y\nb\n",
        9,
        "task 2 is in no wave and would never be started; move it into one",
        f"{TASK}### Task 2: y\nb\n## Notes\n",
    ),
    Rule.TASK_DUPLICATE: Case(tasks("1", "1"), 8, "task 1 is in this wave already, in line 6", tasks("1", "2")),
    Rule.TASK_REPEATED: Case(
        waves_of_tasks("1", "1"),
        9,
        "task 1 is in line 6 already; number on through all waves",
        waves_of_tasks("1", "2"),
    ),
    Rule.TASK_ORDER: Case(tasks("1", "3"), 8, "task 3 comes after task 1", waves_of_tasks("12", "3")),
    Rule.TASK_LABEL: Case(
        tasks("1", "1a", "2"),
        8,
        "'1a' is no whole number, which is what other programs expect",
        tasks("1", "02"),
    ),
    Rule.TASK_TITLE: Case(f"{WAVE}### Task 1:\na\n", 6, "task 1 has no title", f"{WAVE}### Task 1: `a`\na\n"),
    Rule.EMPTY_TASK: Case(f"{WAVE}### Task 1: x\n\n", 6, "task 1 does not say what to do", TASK),
    Rule.SHARED_FILE: Case(
        f"{TASK}**Files:**\n- Create: `a.py`\n### Task 2: y\n**Files:**\n- `b.py`\n- Test: `./a.py:3`\n",
        13,
        "'a.py' is named by task 1 of this wave, too; move one to a later wave",
        f"{TASK}**Files:**\n- `a.py`\n- `a.py`\n## Wave 2\n### Task 2: y\n**Files:**\n- `a.py`\n",
    ),
    Rule.UNREAD_FILE: Case(
        f"{TASK}**Files:**\n- Create: `a.py`\n- Create: the store\n",
        10,
        "no path can be read here; write it in backticks, as in 'Create: `path`'",
        f"{TASK}**Files:**\n- Create:\n  - `a.py`\n",
    ),
    Rule.UNREAD_DEPENDENCY: Case(
        f"{TASK}**Depends on:** the store\n",
        8,
        "no task or wave can be read here; write 'Task 1, Task 2' or 'none'",
        f"{TASK}**Depends on:** nothing\n",
    ),
    Rule.UNKNOWN_DEPENDENCY: Case(
        f"{TASK}## Wave 2\n> depends on wave 3\n### Task 2: y\nb\n",
        9,
        "there is no wave 3 to depend on",
        f"{TASK}## Wave 2\n> depends on wave 01\n### Task 2: y\nb\n",
    ),
    Rule.LATER_DEPENDENCY: Case(
        f"{TASK}**Depends on:** task 2\n## Wave 2\n### Task 2: y\nb\n",
        8,
        "task 2 does not come before this",
        f"{TASK}## Wave 2\n### Task 2: y\n**Depends on:** task 1, wave 1\n",
    ),
    Rule.DEPENDENCY_IN_WAVE: Case(
        f"{TASK}### Task 2: y\n**Depends on:** task 1\n",
        9,
        "task 1 is in the same wave, whose tasks run side by side",
        f"{TASK}## Wave 2\n### Task 2: y\n**Depends on:** task 1\n",
    ),
}


def lint(text: str | bytes) -> list[Finding]:
    decoded, findings = decode_plan(text if isinstance(text, bytes) else text.encode())
    return sorted([*findings, *lint_plan(parse_plan(decoded))])


def test_every_rule_of_a_text_has_a_case() -> None:
    assert set(CASES) == set(Rule) - {Rule.UNREADABLE}  # which is about files


@pytest.mark.parametrize("rule", CASES)
def test_rule_is_broken(rule: Rule) -> None:
    case = CASES[rule]
    assert Finding(case.line, rule, case.message) in lint(case.broken)


@pytest.mark.parametrize("rule", CASES)
def test_rule_is_kept(rule: Rule) -> None:
    assert lint(CASES[rule].kept) == []


@pytest.mark.parametrize("name", ["ledger-rework", "notification-service"])
def test_plans_as_people_write_them_have_no_findings(name: str) -> None:
    assert lint((ROOT / f"tests/fixtures/plans/{name}.md").read_bytes()) == []


def test_the_plan_of_the_how_to_has_no_findings() -> None:
    match = re.search(r"(?s)````markdown\n(.*?)````\n", (ROOT / "docs/how-to/write-a-plan.md").read_text())
    assert match
    assert len(parse_plan(match.group(1)).waves) == 2
    assert lint(match.group(1)) == []


def rules(text: str) -> list[tuple[int, Rule]]:
    return [(finding.line, finding.rule) for finding in lint(text)]


def test_findings_are_in_the_order_of_lines() -> None:
    text = "## Wave 2\n### Task 2:\n## Wave 2\n### Wave 0\n```\n"
    assert rules(text) == [
        (1, Rule.NO_GOAL),
        (1, Rule.WAVE_GAP),
        (2, Rule.EMPTY_TASK),
        (2, Rule.TASK_ORDER),
        (2, Rule.TASK_TITLE),
        (3, Rule.EMPTY_WAVE),
        (3, Rule.WAVE_DUPLICATE),
        (4, Rule.EMPTY_WAVE),
        (4, Rule.NUMBER_ZERO),
        (4, Rule.WAVE_ORDER),
        (5, Rule.UNCLOSED_BLOCK),
    ]


def test_severity_is_that_of_the_rule() -> None:
    assert Finding(1, Rule.EMPTY_WAVE, "").severity is Severity.ERROR
    assert Finding(1, Rule.NO_WAVES, "").severity is Severity.WARNING


def test_tasks_without_any_wave_are_no_error() -> None:
    assert rules(f"{HEAD}### Task 1: x\na\n") == [(1, Rule.NO_WAVES)]


@pytest.mark.parametrize("labels", [("1", "2", "2a", "3"), ("1", "1.1", "2")])
def test_a_task_may_be_put_between_two(labels: tuple[str, ...]) -> None:
    assert {rule for _, rule in rules(tasks(*labels))} == {Rule.TASK_LABEL}


def test_numbering_anew_in_each_wave_is_only_a_warning() -> None:
    found = lint(waves_of_tasks("12", "12"))
    assert {finding.rule for finding in found} == {Rule.TASK_REPEATED}
    assert {finding.severity for finding in found} == {Severity.WARNING}


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (f"{TASK}- ### Task 2: y\n", 8),
        (f"{TASK}\nTask 2: y\n---\n", 9),
        (f"{TASK}\n**Task 2: y**\n", 9),
        (f"{TASK}\n**Wave 2**\n", 9),
    ],
)
def test_doubtful_headers(text: str, line: int) -> None:
    assert rules(text) == [(line, Rule.DOUBTFUL_HEADER)]


@pytest.mark.parametrize(
    "text", ["a\n    ### Task 2: y", "a\n\n##Wave 2: y", "### Tasks 2-3: y", "### Task A: y"]
)
def test_unread_headers(text: str) -> None:
    line = 7 + len(text.split("\n"))
    assert rules(f"{TASK}{text}\n") == [(line, Rule.UNREAD_HEADER)]


def test_a_comment_without_an_end() -> None:
    assert rules(f"{TASK}<!-- a\n## Wave 2\n") == [(8, Rule.UNCLOSED_BLOCK)]


def test_a_fence_that_ends_with_its_list_hides_nothing() -> None:
    assert rules(f"{TASK}\n- ```\n  b\n\n### Task 2: y\nc\n") == []


@pytest.mark.parametrize("name", ["task 1", "wave 1"])
def test_nothing_depends_on_itself(name: str) -> None:
    assert rules(f"{TASK}**Depends on:** {name}\n") == [(8, Rule.LATER_DEPENDENCY)]


def test_a_wave_may_depend_on_a_task_of_an_earlier_one() -> None:
    later = "## Wave 2\n> depends on task {}\n### Task 2: y\nb\n"
    assert rules(TASK + later.format(1)) == []
    assert rules(TASK + later.format(2)) == [(9, Rule.LATER_DEPENDENCY)]
    assert rules(TASK + later.format(3)) == [(9, Rule.UNKNOWN_DEPENDENCY)]


def test_long_headers_are_cut_in_messages() -> None:
    (finding,) = lint(f"{TASK}### Task 2 {'y' * 100}\n")
    assert f"'Task 2 {'y' * 53}\u2026' is not read" in finding.message
