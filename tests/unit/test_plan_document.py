"""A plan is read as people write it; nothing in it makes reading fail."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from git_kas.domain.plan_document import PlanDocument, decode_plan, parse_plan
from git_kas.domain.plan_rules import Rule

PLANS = Path(__file__).parents[1] / "fixtures/plans"


def plan_of(name: str) -> PlanDocument:
    return parse_plan((PLANS / f"{name}.md").read_text())


def outline(plan: PlanDocument) -> list[tuple[int, str, list[tuple[str, str]]]]:
    return [(wave.number, wave.title, [(task.label, task.title) for task in wave.tasks]) for wave in plan.waves]


def one_task(body: str, header: str = "### Task 1: x") -> PlanDocument:
    return parse_plan(f"# t\n\n**Goal:** g\n\n## Wave 1\n\n{header}\n\n{body}\n")


def files_of(body: str) -> list[tuple[str, str]]:
    return [(file.action, file.path) for file in one_task(body).waves[0].tasks[0].files]


def dependencies_of(body: str) -> list[str]:
    task = one_task(body).waves[0].tasks[0]
    return [f"{dependency.part} {dependency.label}" for dependency in task.depends_on]


def test_waves_of_level_2_with_fences_and_comments() -> None:
    plan = plan_of("ledger-rework")
    assert plan.title == "Ledger Rework"
    assert (
        plan.goal
        == "Keep every booking in one append-only ledger, so that a balance can be recomputed at any time."
    )
    assert plan.architecture.startswith("A new package `ledger`")
    assert plan.tech_stack == "Python 3.12, `sqlite3`"
    assert plan.declared_waves == (3, 12)
    assert outline(plan) == [
        (
            1,
            "",
            [
                ("1", "Create the `ledger` package"),
                ("2", "Lock the file \u2014 `fcntl.flock`, not a sentinel"),
            ],
        ),
        (2, "", [("3", "Move the callers over")]),
        (3, "", [("4", "Tell the agents"), ("5", "Look at everything once more")]),
    ]
    assert (plan.loose_tasks, plan.findings) == ((), ())
    first, second = plan.waves[0].tasks
    assert first.body.startswith("**Files:**\n- Create: `ledger/book.py`\n")
    assert "### Task 99" in first.body
    assert first.body.endswith("**Step 2: implement it**")
    assert second.body.endswith("2. Write.")
    assert "### Task 97" in plan.waves[2].tasks[0].body
    (moved,) = plan.waves[1].tasks
    assert [(file.action, file.path) for file in moved.files] == [
        ("modify", "accounts/api.py"),
        ("modify", "accounts/jobs.py"),
        ("modify", "accounts/views.py"),
        ("delete", "accounts/cache.py"),
    ]


def test_waves_of_level_3_with_introductions_and_an_appendix() -> None:
    plan = plan_of("notification-service")
    assert plan.size == "Large (about 7 hours, 4 tasks, 2 waves)"
    assert outline(plan) == [
        (1, "Queue", [("1", "Table of messages"), ("2", "Sender")]),
        (2, "Callers", [("3", "Shop"), ("4", "Billing")]),
    ]
    first, second = plan.waves
    assert (first.introduction, first.depends_on) == ("> Nothing here touches `shop` yet.", ())
    assert second.introduction.startswith("> **depends on wave 1:** `shop`")
    assert [(d.part, d.label, d.line) for d in second.depends_on] == [("wave", "1", 38)]
    shop, billing = second.tasks
    assert shop.body.endswith("##### Which mails\n\nOrders and refunds.")
    assert billing.body.endswith("Last words of the task.")
    assert [(f.action, f.path) for f in first.tasks[1].files] == [
        ("create", "mail/sender.py"),
        ("create", "mail/retry.py"),
        ("test", "mail/sender_test.py"),
    ]
    assert [(f.action, f.path) for f in (*shop.files, *billing.files)] == [
        ("", "shop/orders.py"),
        ("modify", "billing/invoice.py"),
    ]
    assert [d.label for d in (*shop.depends_on, *billing.depends_on)] == ["1", "1", "2"]
    assert plan.findings == ()


@pytest.mark.parametrize(
    ("header", "number", "title"),
    [
        ("## Wave 1", 1, ""),
        ("## wave 1", 1, ""),
        ("##  Wave 1", 1, ""),
        (" ## Wave 1", 1, ""),
        ("##\tWAVE  2", 2, ""),
        ("## Wave2", 2, ""),
        ("## Wave #2", 2, ""),
        ("### Wave 3: Storage", 3, "Storage"),
        ("### Wave 3 (x)", 3, "(x)"),
        ("## Wave 4 \u2014 Storage", 4, "Storage"),
        ("## Wave 4 - `a` and b ##", 4, "`a` and b"),
        ("## Wave 0", 0, ""),
        ("## Wave 007", 7, ""),
    ],
)
def test_wave_header(header: str, number: int, title: str) -> None:
    plan = parse_plan(f"{header}\n")
    assert [(wave.number, wave.title, wave.line) for wave in plan.waves] == [(number, title, 1)]
    assert plan.findings == ()


@pytest.mark.parametrize(
    ("header", "label", "title"),
    [
        ("## Task 1: Do it", "1", "Do it"),
        ("### task 1: Do it", "1", "Do it"),
        ("####   Task  1:Do it", "1", "Do it"),
        ("### Task 1. Do it", "1", "Do it"),
        ("### Task 1) Do it", "1", "Do it"),
        ("### Task 1 : Do it", "1", "Do it"),
        ("### Task 1 - Do it", "1", "Do it"),
        ("### Task 1 \u2013 Do it", "1", "Do it"),
        ("### Task 1\u2014Do it", "1", "Do it"),
        ("### Task 1 -- Do it", "1", "Do it"),
        ("### Task 1: --force is gone", "1", "--force is gone"),
        ("### Task 1: `a`: b", "1", "`a`: b"),
        ("### Task #1: Do it", "1", "Do it"),
        ("### Task 3a: Do it", "3a", "Do it"),
        ("### Task 1.2: Do it", "1.2", "Do it"),
        ("### Task 1", "1", ""),
        ("### Task 1:", "1", ""),
        ("### Task 12:   ", "12", ""),
    ],
)
def test_task_header(header: str, label: str, title: str) -> None:
    (task,) = one_task("Body.", header).waves[0].tasks
    assert (task.label, task.title, task.body, task.line) == (label, title, "Body.", 7)
    assert task.number == int(label.rstrip("a").split(".")[0])


@pytest.mark.parametrize(
    "header", ["## Wave 1b", "## Wave 1.5", "# Wave 2", "#### Wave 2", "## Wave one", "## Wave 1234567890"]
)
def test_no_wave_header(header: str) -> None:
    plan = parse_plan(f"# Title\n\n{header}\n")
    assert plan.waves == ()
    assert [(finding.line, finding.rule) for finding in plan.findings] == [(3, Rule.UNREAD_HEADER)]


@pytest.mark.parametrize(
    "header",
    [
        "### Task 1 x",
        "### Task 1ab: x",
        "# Task 1: x",
        "##### Task 1: x",
        "### \u2705 Task 1: x",
        "###Task 1: x",
    ],
)
def test_no_task_header(header: str) -> None:
    plan = parse_plan(f"# Title\n\n## Wave 1\n\n{header}\n")
    assert plan.waves[0].tasks == ()
    assert [(finding.line, finding.rule) for finding in plan.findings] == [(5, Rule.UNREAD_HEADER)]


@pytest.mark.parametrize(
    "text",
    [
        "## Waves\n",
        "## Wave overview\n",
        "### Tasks\n",
        "### Task list: all\n",
        "### Taskforce 1\n",
        "# Task 12: the title of a plan\n",
        "text about ## Wave 1\n",
        "Tasks 1 and 2 are small\n---\n",
        "    ## Wave 1\n",
        "~~~\n## Wave 1\n~~~\n",
        "<div>\n## Wave 1\n</div>\n",
    ],
)
def test_neither_header_nor_finding(text: str) -> None:
    plan = parse_plan(text)
    assert (plan.waves, plan.loose_tasks, plan.findings) == ((), (), ())


def test_fields() -> None:
    plan = parse_plan("**Goal:** one\ntwo  \n**Architecture**: a: b\n**Risks:** none\n\n**goal:** other\n")
    assert (plan.goal, plan.architecture, plan.tech_stack) == ("one two", "a: b", "")


@pytest.mark.parametrize("text", ["**Goal:**\n**Architecture:** a\n", "**Goal:**\n\n**Architecture:** a\n"])
def test_an_empty_field_stays_empty(text: str) -> None:
    plan = parse_plan(text)
    assert (plan.goal, plan.architecture) == ("", "a")


def test_the_goal_of_a_task_is_not_that_of_the_plan() -> None:
    assert one_task("**Goal:** the task's\n").goal == "g"
    assert parse_plan("## Wave 1\n### Task 1: x\n**Goal:** the task's\n").goal == ""


@pytest.mark.parametrize(
    ("text", "number"), [("2", 2), ("~2 (a, b)", 2), ("two", None), ("T1-T3 then T4", None), ("", None)]
)
def test_declared_waves(text: str, number: int | None) -> None:
    declared = parse_plan(f"# t\n**Waves:** {text}\n").declared_waves
    assert (declared and declared.number) == number


def test_a_body_ends_where_its_wave_does() -> None:
    plan = parse_plan("## Wave 1\n### Task 1: x\na\n#### More\nb\n### Same\nc\n## Notes\nd\n### Task 2: y\ne\n")
    assert [task.body for task in plan.waves[0].tasks] == ["a\n#### More\nb\n### Same\nc"]
    assert [task.body for task in plan.loose_tasks] == ["e"]


def test_an_underlined_heading_ends_nothing() -> None:
    assert one_task("a\n\nb\n---\n\nc").waves[0].tasks[0].body == "a\n\nb\n---\n\nc"


@pytest.mark.parametrize(
    ("body", "files"),
    [
        ("**Files:**\n- Create: `a.py`\n- Test: `b.py` (new)\n", [("create", "a.py"), ("test", "b.py")]),
        ("**Files:**\n\n* Modify: `./a.py:3-9`, `b.py` and `c`\n", [("modify", "a.py"), ("modify", "b.py")]),
        ("**Files**:\n- **Create:** `Makefile`\n", [("create", "Makefile")]),
        ("**Files:**\n- `a b.py`\n- src/c.py, d.py\n", [("", "a b.py"), ("", "src/c.py"), ("", "d.py")]),
        ("**Files:**\n- Modify: a.py \u2014 see b.py\n\n  more\n", [("modify", "a.py")]),
        ("**Files:** Create: `a.py`\nTest: `b.py`\n", [("create", "a.py"), ("test", "b.py")]),
        ("**Files:** none\n", []),
        ("**Files:**\n\nText.\n\n- `a.py`\n", []),
        ("```\n**Files:**\n- `a.py`\n```\n", []),
    ],
)
def test_files(body: str, files: list[tuple[str, str]]) -> None:
    assert files_of(body) == files
    assert one_task(body).findings == ()


def test_files_know_their_line() -> None:
    files = one_task("**Files:**\n- `a.py`\n\n- `b.py`\n").waves[0].tasks[0].files
    assert [file.line for file in files] == [10, 12]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Task 1", ["task 1"]),
        ("Task 1, Task 2 and 3a", ["task 1", "task 2", "task 3a"]),
        ("tasks 1 & 2; wave 1", ["task 1", "task 2", "wave 1"]),
        ("T1, #2", ["task 1", "task 2"]),
        ("1-3", ["task 1", "task 2", "task 3"]),
        ("Tasks 1 to 2 (needs 9 columns), `Task 8`", ["task 1", "task 2"]),
        ("Task 1-99999999", ["task 1", "task 99999999"]),
        ("Wave 1, 1", ["wave 1"]),
        ("none", []),
        ("\u2014", []),
        ("N/A", []),
        ("", []),
    ],
)
def test_dependencies_of_a_task(text: str, found: list[str]) -> None:
    body = f"**Depends on:** {text}\n"
    assert dependencies_of(body) == found
    assert one_task(body).findings == ()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("> depends on wave 1: because", ["1"]),
        ("> **Depends on:** waves 1 and 2", ["1", "2"]),
        ("This wave depends on Wave 1, and on the weather.", ["1"]),
        ("Long story.\nIt depends on wave 1.", ["1"]),
        ("Wave 3 depends on wave 2.", []),
        ("It does not depend on wave 1.", []),
        ("> depends on wave N-1", []),
        ("> depends on 1", []),
    ],
)
def test_dependencies_of_a_wave(text: str, found: list[str]) -> None:
    plan = parse_plan(f"## Wave 1\n\n{text}\n\n### Task 1: x\n")
    assert [dependency.label for dependency in plan.waves[0].depends_on] == found


def test_a_wave_may_say_in_its_title_what_it_depends_on() -> None:
    (wave,) = parse_plan("## Wave 2 (depends on wave 1)\n").waves
    assert [(dependency.label, dependency.line) for dependency in wave.depends_on] == [("1", 1)]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends(end: str) -> None:
    lines = ["# t", "", "## Wave 1", "### Task 1: x", "", "a", "", "b", "", "### Task 2: y", "c"]
    plan = parse_plan("\ufeff" + end.join(lines))
    assert plan.title == "t"
    assert [(task.line, task.body) for task in plan.waves[0].tasks] == [(4, f"a{end}{end}b"), (10, "c")]


@pytest.mark.parametrize("text", ["", " \n\t\r\n", "\ufeff", "\ufeff\n"])
def test_no_text(text: str) -> None:
    assert parse_plan(text) == PlanDocument(is_empty=True)


def test_bytes_that_are_not_utf8() -> None:
    assert decode_plan("caf\u00e9\n".encode()) == ("caf\u00e9\n", ())
    text, (finding,) = decode_plan(b"a\nb\n\xe9\n")
    assert text == "a\nb\n\ufffd\n"
    assert (finding.line, finding.rule) == (3, Rule.NOT_UTF8)


PIECES = st.sampled_from(
    [
        "## Wave 1", "### Wave 2: x", "### Task 1: x", "#### Task 2) `y`", "## Notes", "# t", "text", "    ",
        "```", "~~~ md", "<!--", "-->", "- ", "> ", "  ", "\t", "1. ", "[a]: b", "---", "===", "**Goal:**",
        "**Files:**", "- Create: `a/b.py`", "**Depends on:** Task 1", "depends on wave 1",
        "\n", "\r\n", "\r", "\x00", "\u2028", "\x0b",
    ]
)  # fmt: skip


@settings(deadline=None)  # the first text also loads the library
@given(st.one_of(st.lists(PIECES).map("".join), st.lists(PIECES).map("\n".join), st.text()))
def test_any_text_is_read(text: str) -> None:
    plan = parse_plan(text)
    tasks = [task for wave in plan.waves for task in wave.tasks]
    assert all(task.body in text for task in (*tasks, *plan.loose_tasks))
    assert all(wave.introduction in text for wave in plan.waves)
    lines = [line for wave in plan.waves for line in (wave.line, *(task.line for task in wave.tasks))]
    assert lines == sorted(set(lines))
    last = text.count("\n") + text.count("\r") + 1
    assert all(1 <= line <= last for line in (*lines, *(finding.line for finding in plan.findings)))


def test_the_source_of_every_task_is_there_once() -> None:
    text = (PLANS / "notification-service.md").read_text()
    plan = parse_plan(text)
    for task in (task for wave in plan.waves for task in wave.tasks):
        assert text.split("\n")[task.line - 1].endswith(task.title)
        assert text.count(task.body) == 1


@pytest.mark.parametrize(
    "text",
    [
        "## Wave 1\n### Task 1: x\n\n",
        "- a\n",
        "> a\n\n- b\n\n",
        ", depends on wave 1",
        "**Files:**\n- `a`, `/",
        "**Depends on:** (`1",
        "```\n<!--\n",
        "\x00",
    ],
)
def test_time_grows_no_faster_than_the_text(text: str) -> None:
    def seconds(count: int) -> float:
        plan = "## Wave 1\n### Task 1: x\n" + text * count
        begun = time.process_time()
        parse_plan(plan)
        return time.process_time() - begun

    small = min(seconds(500) for _ in range(3))
    assert seconds(5000) < 40 * small + 0.1


def test_deep_nesting() -> None:
    for opening in (">", "- ", "1. ", "  - "):
        parse_plan(opening * 20_000)
