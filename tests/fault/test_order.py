"""What is acknowledged is durable: seen from outside, in the order of the system calls."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from fault.cases import CASES, Case
from fault.tracing import Call
from fault.walk import Walk
from fault.worlds import World
from support import needs_program

TEMPORARY_STATE = "/kas/.writing-plan-state.json"
WRITING = [case for case in CASES if case.name in {"first-mutation-takes-over", "create-with-text", "import"}]


def place(calls: list[Call], kind: str, part: str, after: int = -1) -> int:
    """The first call of that kind behind ``after`` whose text holds ``part``."""
    found = (at for at, call in enumerate(calls) if at > after and call.kind == kind and part in call.text)
    position = next(found, None)
    assert position is not None, f"no {kind} of {part} behind call {after}:\n" + "\n".join(
        call.text for call in calls
    )
    return position


@pytest.mark.parametrize("case", WRITING, ids=str)
def test_an_answer_is_printed_when_everything_is_on_the_disk(
    case: Case, tmp_path: Path, environment: dict[str, str]
) -> None:
    needs_program("strace")
    calls = Walk(case, tmp_path, environment).undisturbed.steps
    journal_written = place(calls, "pwrite64", "/kas/plan-journal.jsonl>")
    committed = place(calls, "fsync", "/kas/plan-journal.jsonl>", journal_written)
    state_written = place(calls, "write", f"{TEMPORARY_STATE}>", committed)
    state_synced = place(calls, "fsync", f"{TEMPORARY_STATE}>", state_written)
    renamed = place(calls, "rename", TEMPORARY_STATE, state_synced)
    folder_synced = place(calls, "fsync", "/.git/kas>", renamed)
    place(calls, "write", "write(1<", folder_synced)
    early_answers = [call for call in calls[:folder_synced] if call.text.startswith("write(1<")]
    assert early_answers == []
    assert not any("/content/" in call.text for call in calls[journal_written:])
    assert not any("plan-state.json" in call.text for call in calls[:journal_written])


def test_texts_are_durable_before_the_commit_that_names_them(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    needs_program("strace")
    case = next(case for case in CASES if case.name == "create-with-text")
    walk = Walk(case, tmp_path, environment)
    calls = walk.undisturbed.steps
    text_synced = place(calls, "fsync", "/kas/content/.writing-")
    text_named = place(calls, "rename", "/kas/content/", text_synced)
    folder_synced = place(calls, "fsync", "/kas/content>", text_named)
    place(calls, "pwrite64", "/kas/plan-journal.jsonl>", folder_synced)


def test_reading_commands_change_no_file(tmp_path: Path, environment: dict[str, str]) -> None:
    needs_program("strace")
    case = next(case for case in CASES if case.name == "state-file-redone")
    world = Walk(case, tmp_path, environment).world
    world.put_back()
    for command in (("plan", "list"), ("plan", "history"), ("plan", "show", case.subject), ("export",)):
        run = world.kas_traced(*command)
        assert run.finished.status == 0
        changing = [call.text for call in run.steps if not call.is_output and call.kind != "fsync"]
        assert changing == []


def test_what_a_dead_process_left_unsynced_is_synced_before_it_is_shown(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    needs_program("strace")
    case = next(case for case in CASES if case.name == "transition")
    walk = Walk(case, tmp_path, environment)
    walk.world.put_back()
    killed = walk.run(Call("fsync", 1, ""), "signal=SIGKILL")
    assert "plan-journal.jsonl" in killed.calls[-1].text
    calls = walk.world.kas_traced("plan", "list").steps
    place(calls, "write", "write(1<", place(calls, "fsync", "/kas/plan-journal.jsonl>"))


NAMES_THAT_COUNT = ("/.git/kas", "/kas/content", "/kas/plan-journal.jsonl", ".md")  # the rest is derived
CREATING = {"mkdir": r'^mkdir\("([^"]+)"', "rename": r'^rename\("[^"]+", "([^"]+)"', "openat": r'"([^"]+)", O_'}


def happened(call: Call) -> bool:
    """Whether it came to the call, and it did not fail; one that killed has no result."""
    return call.changes_something and re.search(r"\) += \d+(<|$)", call.text) is not None


def names_made(calls: list[Call]) -> Iterator[tuple[int, str]]:
    """What stands in a folder since a call, and has to stay there."""
    opened: set[str] = set()
    for at, call in enumerate(calls):
        if found := re.search(CREATING.get(call.kind, "(?!)"), call.text):
            name = found.group(1)
            if name.endswith(NAMES_THAT_COUNT) and "/.writing-" not in name and name not in opened:
                yield at, name
            if call.kind == "openat":
                opened.add(name)


def unsynced_names(calls: list[Call]) -> list[str]:
    """What was made in a folder that was not synced afterwards."""
    done = [call for call in calls if happened(call)]
    synced = [
        (name, any(call.kind == "fsync" and f"<{Path(name).parent}>" in call.text for call in done[at:]))
        for at, name in names_made(done)
    ]
    assert len({name for name, _ in synced}) == 4, synced
    return [name for name, is_synced in synced if not is_synced]


def test_names_that_a_dead_process_made_are_durable_before_the_answer_of_the_next(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    """Killed before any fsync of a folder in a first mutation: nothing that it left is taken on trust."""
    needs_program("strace")
    world = World(tmp_path, environment)
    (world.repo / "draft.md").write_text("# A plan\n")
    command = ("plan", "create", "one", "-F", "draft.md", "--key", "k")
    world.keep()
    undisturbed = world.kas_traced(*command).calls
    assert unsynced_names(list(undisturbed)) == []
    folders = [
        call for call in undisturbed if call.kind == "fsync" and re.search(r"<[^.]*/\.git[^.]*>", call.text)
    ]
    assert len(folders) >= 5, folders
    problems = []
    for step in folders:
        world.put_back()
        killed = world.kas_traced(*command, inject=f"fsync:signal=SIGKILL:when={step.number}")
        second = world.kas_traced(*command)
        assert (killed.finished.status, second.finished.status) == (-9, 0)
        problems += [(step.text, name) for name in unsynced_names([*killed.calls, *second.calls])]
    assert problems == [], "made before the kill, and not synced before the next answer"
