"""The corpus of verdicts: is everything that a branch changes in its base (DESIGN 7)?"""

from __future__ import annotations

from pathlib import Path

import pytest

from scenario import (
    verdict_cases_files,
    verdict_cases_landed,
    verdict_cases_merges,
    verdict_cases_parts,
    verdict_cases_places,
    verdict_cases_renames,
    verdict_cases_text,
)
from scenario.rows import READERS, configuration, differences, listing
from scenario.verdict_corpus import Case, History, Row, check_with_git, lines
from support import Run

MODULES = (
    verdict_cases_landed,
    verdict_cases_parts,
    verdict_cases_merges,
    verdict_cases_files,
    verdict_cases_renames,
    verdict_cases_text,
    verdict_cases_places,
)
CORPUS = [case for module in MODULES for case in module.CASES]


def judge(kas: Run, folder: Path, *branches: str, reader: str | None = None) -> dict[str, Row]:
    """What ``git kas verdict`` says of these branches, by their names; without any, of all."""
    env = configuration(kas__reader=reader) if reader else None
    finished = kas("verdict", *branches, "--json", cwd=folder, env=env)
    if reader and finished.status == 1 and finished.json()["error"]["code"] == "unsupported_repository":
        return judge(kas, folder, *branches)  # it refuses rather than answer wrongly
    assert finished.status == 0, finished
    return {row["branch"]: row for row in finished.data}


@pytest.mark.parametrize("case", CORPUS, ids=lambda case: case.name)
def test_verdict(case: Case, history: History, kas: Run) -> None:
    expected = case.build(history)
    if not case.git_differs:
        check_with_git(history, expected)
    folder, branch = expected.folder or history.path, expected.branch
    first = CORPUS.index(case)
    for number in (first, first + 1):  # the second reader may find what the first one remembered
        reader = READERS[number % len(READERS)]
        row = judge(kas, folder, branch, reader=reader)[branch]
        assert expected.allows(row), (case.reason, reader, row, expected)


def test_there_are_cases_of_every_kind() -> None:
    assert len(CORPUS) >= 150
    assert len({case.name for case in CORPUS}) == len(CORPUS)


# -- what one answer must not make of the next -------------------------------------------------------------

WORK = {"story.txt": lines({10: "ten"}), "new.txt": "new\n"}


def verdict(kas: Run, history: History) -> tuple[str | None, ...]:
    row = judge(kas, history.path, "side")["side"]
    return row["verdict"], row["landed_at"], row["now"]


def test_later_answers_follow_the_base(history: History, kas: Run) -> None:
    history.side(WORK)
    assert verdict(kas, history) == ("unmerged", None, None)
    history.go_on()
    assert verdict(kas, history) == ("unmerged", None, None)
    at = history.squash()
    assert verdict(kas, history) == ("landed", at, "present")
    history.put({"story.txt": lines({10: "zehn"})})
    assert verdict(kas, history) == ("landed", at, "edited")
    history.git("reset", "-q", "--hard", at)
    history.revert(at)
    assert verdict(kas, history) == ("landed", at, "reverted")
    history.git("reset", "-q", "--hard", f"{at}~1")
    assert verdict(kas, history) == ("unmerged", None, None)


def test_later_answers_follow_the_branch(history: History, kas: Run) -> None:
    history.side(WORK)
    at = history.squash()
    assert verdict(kas, history) == ("landed", at, "present")
    history.side({"after.txt": "after the squash\n"})
    assert verdict(kas, history) == ("partial", None, None)
    history.git("branch", "-f", "side", "side~1")
    assert verdict(kas, history) == ("landed", at, "present")
    history.git("branch", "-f", "side", "main")
    assert verdict(kas, history)[0] in {"ancestor", "fresh"}


def test_later_answers_follow_the_choice_of_the_base(history: History, kas: Run) -> None:
    history.side(WORK)
    history.git("branch", "develop")
    at = history.squash()
    assert verdict(kas, history) == ("landed", at, "present")
    history.git("config", "kas.base", "develop")
    assert verdict(kas, history) == ("unmerged", None, None)


def test_same_answer_after_gc(history: History, kas: Run) -> None:
    history.side(WORK)
    history.put({"story.txt": lines({3: "three"})})
    at = history.squash()
    before = verdict(kas, history)
    history.git("gc", "-q", "--prune=now")
    assert verdict(kas, history) == before == ("landed", at, "present")


def test_damaged_cache_changes_no_answer(history: History, kas: Run) -> None:
    history.side(WORK)
    at = history.squash()
    history.side({"b.txt": "b\n"}, name="two")
    asked = judge(kas, history.path)
    kept = [path for path in (history.path / ".git/kas").rglob("*") if path.is_file()]
    for damage in (b"", b"garbage", b"{}\n"):
        for path in kept:
            path.write_bytes(damage)
        assert judge(kas, history.path) == asked
    assert asked["side"]["landed_at"] == at


# -- many branches at once ---------------------------------------------------------------------------------


def crowded(history: History) -> dict[str, str]:
    """Branches of every kind in one repository, and what is true of them."""
    truth = {}
    for number, kind in enumerate(["landed", "partial", "unmerged", "ancestor"] * 3):
        name = f"{kind}-{number}"
        first, _ = history.side({f"{number}.txt": f"{number}\n"}, {f"{name}.txt": f"{name}\n"}, name=name)
        if kind == "landed":
            history.squash(name)
        elif kind == "partial":
            history.pick(first)
        elif kind == "ancestor":
            history.merge(name)
        truth[name] = kind
    history.git("branch", "fresh")
    history.side({}, name="empty")
    return truth | {"fresh": "fresh", "empty": "empty"}


def test_all_branches_are_judged_as_each_alone(history: History, kas: Run) -> None:
    truth = crowded(history)
    rows = judge(kas, history.path)
    assert {name: row["verdict"] for name, row in rows.items() if name != "main"} == truth
    for name in truth:
        assert judge(kas, history.path, name) == {name: rows[name]}
    named = sorted(truth)[:3]
    assert judge(kas, history.path, *named) == {name: rows[name] for name in named}


def test_triage_says_the_same(history: History, kas: Run) -> None:
    crowded(history)
    rows = judge(kas, history.path)
    shown = {row["branch"]: row for row in kas("triage", "--json", cwd=history.path).data["rows"]}
    for name in rows.keys() - {"main"}:
        assert (shown[name]["verdict"], shown[name]["reason"]) == (rows[name]["verdict"], rows[name]["reason"])
        assert (shown[name]["ahead"], shown[name]["behind"]) == (rows[name]["ahead"], rows[name]["behind"])
        assert shown[name]["tip"] == rows[name]["tip"]


def test_judging_writes_no_object_and_no_reference(history: History, kas: Run) -> None:
    crowded(history)
    watched = [history.path / ".git" / name for name in ("objects", "refs", "logs", "worktrees", "info")]
    before = listing(*watched, *(path for path in history.path.iterdir() if path.is_dir()))
    judge(kas, history.path)
    after = listing(*watched, *(path for path in history.path.iterdir() if path.is_dir()))
    assert [path for path in differences(before, after) if "/.git/kas" not in path] == []


def test_read_only_repository_is_judged(history: History, kas: Run) -> None:
    truth = crowded(history)
    (history.path / ".git/kas").write_text("a file where the folder would be")
    assert {name: row["verdict"] for name, row in judge(kas, history.path).items() if name != "main"} == truth


@pytest.mark.parametrize("how", [[], ["--explain"]], ids=["short", "explained"])
def test_text_names_verdict_and_commit(history: History, kas: Run, how: list[str]) -> None:
    history.side(WORK)
    at = history.squash()
    finished = kas("verdict", "side", *how, cwd=history.path)
    assert finished.status == 0
    assert "side" in finished.out
    assert "landed" in finished.out
    assert (at[:7] in finished.out) or not how


def test_explanation_of_every_kind(history: History, kas: Run) -> None:
    crowded(history)
    finished = kas("verdict", "--explain", "--json", cwd=history.path)
    for row in finished.data:
        assert row["explanation"], row
        assert all(isinstance(text, str) and text for text in row["explanation"])


def test_branch_that_is_not_there(history: History, kas: Run) -> None:
    finished = kas("verdict", "nothing", cwd=history.path)
    assert (finished.status, finished.out) == (3, "")
    assert "nothing" in finished.err
