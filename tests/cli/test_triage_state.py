"""What triage shows of the store: how a plan moved, its text, signals, and state files that say otherwise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from support import Finished, Repo, Run

EARLIER = "docs/plans/plan-state.json"


@pytest.fixture
def stage(repo: Repo, kas: Run) -> Repo:
    """A registered plan whose text is committed."""
    repo.commit("plan", {"docs/plans/a.md": "# a\n"})
    assert kas("plan", "register", "a", cwd=repo.path).status == 0
    return repo


def row(finished: Finished, plan: str = "a.md") -> dict[str, Any]:
    (found,) = [row for row in finished.data["rows"] if row["plan"] == plan]
    assert isinstance(found, dict)
    return found


def triage(kas: Run, folder: Path) -> Finished:
    return kas("triage", "--json", cwd=folder)


def test_how_a_plan_moved_and_by_whom(stage: Repo, kas: Run) -> None:
    assert row(triage(kas, stage.path))["moved"] is None
    kas("plan", "transition", "a", "implement_start", cwd=stage.path, env={"KAS_ACTOR": "agent"})
    moved = row(triage(kas, stage.path))["moved"]
    expected = {"event": "implement_start", "from": "ready", "actor": "agent", "by": "Ada"}
    assert moved == expected | {"time": moved["time"]}
    line = next(line for line in kas("triage", cwd=stage.path).out.splitlines() if line.startswith("a.md"))
    assert f"{moved['time']} agent Ada" in line


def test_a_changed_text(stage: Repo, kas: Run) -> None:
    assert "text_changed" not in row(triage(kas, stage.path))["flags"]
    (stage.path / "docs/plans/a.md").write_text("# a, changed\n")
    changed = row(triage(kas, stage.path))
    assert changed["notes"]["text_changed"] == f"{stage.path}/docs/plans/a.md"
    assert changed["next"] == "git kas plan register a.md --update"
    assert kas(*changed["next"].split()[2:], cwd=stage.path).status == 0
    assert "text_changed" not in row(triage(kas, stage.path))["flags"]


def test_the_plans_own_worktree_counts_before_the_main_one(stage: Repo, kas: Run) -> None:
    own = stage.worktree("plan/a")
    (stage.path / "docs/plans/a.md").write_text("# a, changed in main\n")
    assert "text_changed" not in row(triage(kas, stage.path))["flags"]
    (own / "docs/plans/a.md").write_text("# a, changed on its branch\n")
    assert row(triage(kas, stage.path))["notes"]["text_changed"] == f"{own}/docs/plans/a.md"


def test_a_finished_plan_may_have_any_text(stage: Repo, kas: Run) -> None:
    kas("reset-plan", "a", "done", cwd=stage.path)
    (stage.path / "docs/plans/a.md").write_text("# a, changed\n")
    assert "text_changed" not in row(triage(kas, stage.path))["flags"]


def test_a_text_that_only_the_store_holds_is_not_missing(stage: Repo, kas: Run) -> None:
    stage.git("rm", "-q", "docs/plans/a.md")
    stage.git("commit", "-q", "-m", "without")
    assert "missing_plan_file" not in row(triage(kas, stage.path))["flags"]


def test_signals(stage: Repo, kas: Run) -> None:
    kas("reset-plan", "a", "reviewing", cwd=stage.path)
    folder = stage.path / ".kasmos/signals"
    folder.mkdir(parents=True)
    (folder / "planner-finished-a.md").write_text("done\n")
    (folder / "planner-finished-nobody.md").write_text("done\n")
    found = triage(kas, stage.path)
    assert row(found)["notes"]["signals_waiting"] == "planner_finished"
    assert row(found)["next"] == "git kas signals apply"
    (warning,) = [text for text in found.json()["warnings"] if "signal" in text]
    assert (
        warning
        == "1 file lies in signal folders that concerns no plan of the list; see 'git kas signals list'."
    )
    assert kas("signals", "apply", cwd=stage.path).status == 1
    rejected = row(triage(kas, stage.path))
    assert "signals_waiting" not in rejected["flags"]
    assert "planner_finished" in rejected["notes"]["signals_rejected"]
    assert rejected["next"] == "git kas signals list"


def test_an_earlier_state_file_that_changes_later(repo: Repo, kas: Run) -> None:
    repo.commit("plans", {"docs/plans/a.md": "# a\n", "docs/plans/b.md": "# b\n"})
    plans = {"a.md": {"status": "ready"}, "b.md": {"status": "ready"}}
    path = repo.write_state(plans, shared=False)
    kas("plan", "transition", "a", "implement_start", cwd=repo.path)
    assert "state_file_differs" not in row(triage(kas, repo.path))["flags"], "it was imported as it is"
    plans["b.md"]["status"] = "done"
    path.write_text(json.dumps({"plans": plans}))
    found = triage(kas, repo.path)
    assert "state_file_differs" not in row(found)["flags"], "what it says of a is what it said then"
    assert row(found, "b.md")["notes"]["state_file_differs"] == f"{path} says 'done'"
    assert row(found, "b.md")["next"] == "git kas import --update --dry-run"
    assert kas("plan", "list", "--status", "done", cwd=repo.path).out == ""
    assert kas("import", "--update", cwd=repo.path).status == 0
    after = triage(kas, repo.path)
    assert row(after, "b.md")["status"] == "done"
    assert not {flag for row in after.data["rows"] for flag in row["flags"]} & {"state_file_differs"}


def test_an_edited_state_file_is_said_and_taken_over(stage: Repo, kas: Run) -> None:
    state = stage.path / ".git/kas/plan-state.json"
    state.write_text(state.read_text().replace('"ready"', '"cancelled"'))
    found = triage(kas, stage.path)
    assert row(found)["status"] == "cancelled"
    (warning,) = found.json()["warnings"]
    assert warning == f"{state} was changed outside git-kas; the next change records that."
    kas("plan", "create", "b", cwd=stage.path)
    assert triage(kas, stage.path).json()["warnings"] == []
    actions = [entry["action"] for entry in kas("plan", "history", "a", "--json", cwd=stage.path).data]
    assert actions == ["created", "edited"]
