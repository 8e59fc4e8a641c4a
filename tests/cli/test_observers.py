"""Who is told of a plan's change of status, and that nothing depends on it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from git_kas.domain.transitions import OBSERVER_VARIABLES
from plan_commands import Plans
from third_party import offer

NOTES_DOWN = 'cat >> "$LOG"; echo >> "$LOG"'
OBSERVER = """
def kas_plan_transitioned(transition):
    with open({log!r}, "a") as log:
        log.write({name!r} + " " + transition.event + " " + transition.to_status + "\\n")
    {then}
"""


class Observed(Plans):
    """A repository in which a command notes down what it is told."""

    def watch(self, log: Path, command: str = NOTES_DOWN) -> None:
        self.log = log
        self.environment = {**self.environment, "LOG": str(log)}
        self.repo.git("config", "kas.onTransition", command)

    def told(self) -> list[dict[str, Any]]:
        lines = self.log.read_text().splitlines() if self.log.exists() else []
        return [json.loads(line) for line in lines]

    def events(self) -> list[str]:
        return [told["event"] for told in self.told()]


@pytest.fixture
def observed(plans: Plans, tmp_path: Path) -> Observed:
    made = Observed(plans.repo, plans.environment)
    made.watch(tmp_path / "log")
    made.out("plan", "create", "a")
    return made


@pytest.fixture
def path(tmp_path: Path) -> Mapping[str, str]:
    (tmp_path / "shop").mkdir()
    return {"PYTHONPATH": str(tmp_path / "shop")}


def test_a_command_is_told_everything(observed: Observed) -> None:
    observed.out("plan", "transition", "a", "implement_start", "-m", "be quick\nplease")
    (told,) = observed.told()
    (entry,) = [row for row in observed.data("plan", "history", "a") if row["event"]]
    assert told == {
        "schema": 1,
        "project": "repo",
        "plan": "a.md",
        "event": "implement_start",
        "from_status": "ready",
        "to_status": "implementing",
        "actor": "user",
        "by": "Ada",
        "revision": 2,
        "round": 0,
        "change": entry["change"],
        "time": entry["time"],
        "note": "be quick\nplease",
    }


def test_the_variables_say_the_same(observed: Observed) -> None:
    observed.watch(observed.log, 'env | grep ^KAS_ | sort > "$LOG"; pwd >> "$LOG"')
    linked = observed.repo.worktree("linked")
    observed.out(
        "plan", "transition", "a", "plan_start", cwd=linked, env={"GIT_DIR": str(observed.path / ".git")}
    )
    *variables, folder = observed.log.read_text().splitlines()
    found = dict(line.split("=", 1) for line in variables)
    assert set(found) == {*OBSERVER_VARIABLES, "KAS_OBSERVING"}
    assert (found["KAS_PLAN"], found["KAS_EVENT"], found["KAS_TO"]) == ("a.md", "plan_start", "planning")
    assert folder == str(observed.path)


def test_a_note_that_no_variable_can_hold_comes_whole_on_standard_input(observed: Observed) -> None:
    note = "ü" * 100_000
    (observed.path / "note").write_text(note)
    observed.out("plan", "transition", "a", "implement_start", "implement_finished")
    observed.log.unlink()
    observed.watch(observed.log, f'printf %s "$KAS_NOTE" | wc -c >&2; {NOTES_DOWN}')
    observed.out("signal", "review_changes", "a", "-F", "note")
    finished = observed("signals", "apply")
    assert finished.status == 0
    assert observed.told()[0]["note"].strip() == note
    assert finished.err.strip() == "16384"


def test_once_for_each_move_in_their_order(observed: Observed) -> None:
    observed.out("plan", "transition", "a", "implement_start", "implement_finished", "review_approved")
    observed.out("reset-plan", "a", "reviewing")
    assert observed.events() == ["implement_start", "implement_finished", "review_approved", ""]
    assert [told["to_status"] for told in observed.told()][-2:] == ["done", "reviewing"]
    assert len({told["change"] for told in observed.told()[:3]}) == 1


def test_signals_and_finish_tell_as_well(observed: Observed) -> None:
    observed.out("plan", "transition", "a", "implement_start")
    observed.out("plan", "create", "b")
    observed.out("plan", "transition", "b", "implement_start")
    observed.log.unlink()
    observed.out("signal", "implement_finished", "a")
    observed.out("signal", "implement_finished", "b")
    assert observed.events() == []
    observed("signals", "apply")
    assert observed.events() == ["implement_finished"] * 2
    observed("signals", "apply")
    observed("finish", "a", "--keep")
    assert observed.events() == [*["implement_finished"] * 2, "review_approved"]


def test_nobody_is_told_of_what_did_not_happen_now(observed: Observed) -> None:
    for _ in range(2):  # the second time it answers and changes nothing
        observed.out("plan", "transition", "a", "implement_start", "--key", "k")
    assert observed.events() == ["implement_start"]
    observed.refused("plan", "transition", "a", "implement_start")
    observed.out("plan", "list")
    observed.out("plan", "create", "b")
    observed.out("plan", "topic", "b", "api")
    observed.out("plan", "rename", "b", "c")
    assert observed.events() == ["implement_start"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("exit 3", "ended with status 3"),
        ("kill -TERM $$", "ended with signal 15"),
        ("no-such-program", "status 127"),
    ],
)
def test_a_command_that_fails_is_a_warning(observed: Observed, command: str, said: str) -> None:
    observed.watch(observed.log, command)
    finished = observed("plan", "transition", "a", "implement_start")
    assert (finished.status, finished.out) == (0, "a.md → implementing\n")
    assert f"{said}. The transition of a.md itself is done." in finished.err
    document = observed("plan", "transition", "a", "implement_finished", "--json").json()
    assert document["data"]["to"] == "reviewing"
    assert len(document["warnings"]) == 1


def test_what_a_command_prints_does_not_get_into_the_answer(observed: Observed) -> None:
    observed.watch(observed.log, "echo hello")
    finished = observed("plan", "transition", "a", "implement_start", "--json")
    assert finished.data["to"] == "implementing"
    assert finished.err == "hello\n"


def test_it_is_not_run_within_itself(observed: Observed) -> None:
    observed.watch(observed.log, f"{NOTES_DOWN}; git kas plan transition a plan_start")
    observed("plan", "transition", "a", "plan_start")
    assert observed.events() == ["plan_start"]
    moves = [row for row in observed.data("plan", "history", "a") if row["event"]]
    assert len(moves) == 2


def test_a_committed_file_cannot_choose_the_command(observed: Observed) -> None:
    observed.repo.git("config", "--unset", "kas.onTransition")
    observed.repo.commit("policy", {".kas.toml": "on_transition = 'touch /tmp/owned'\n"})
    observed.out("plan", "transition", "a", "implement_start")
    assert observed.events() == []
    assert "a committed file may not choose a command to run" in observed("config").err


def test_plugins_are_told_in_the_order_of_their_names_and_a_broken_one_harms_nobody(
    observed: Observed, tmp_path: Path, path: Mapping[str, str]
) -> None:
    shop, notes = tmp_path / "shop", tmp_path / "notes"
    crash, leave = "raise ValueError('no luck')", "raise SystemExit(7)"
    for name, then in (("zeta", ""), ("beta", crash), ("gamma", leave), ("alpha", "print('hello')")):
        offer(shop, name, OBSERVER.format(log=str(notes), name=name, then=then or "pass"))
    offer(shop, "delta", "def kas_plan_transitioned(colour):\n    pass\n")
    offer(shop, "epsilon", "raise RuntimeError('half a plugin')\n")
    finished = observed("plan", "transition", "a", "implement_start", "implement_finished", env=path)
    assert (finished.status, finished.out) == (0, "a.md → reviewing\n")
    told = notes.read_text().splitlines()
    order = ["alpha", "beta", "gamma", "zeta"]
    assert told == [
        *(f"{name} implement_start implementing" for name in order),
        *(f"{name} implement_finished reviewing" for name in order),
    ]
    assert observed.events() == ["implement_start", "implement_finished"]
    assert "The observer 'beta' failed: ValueError: no luck." in finished.err
    assert "The observer 'gamma' failed: SystemExit: 7." in finished.err
    assert "'delta' was not told of a transition" in finished.err
    assert "'epsilon' cannot be loaded: RuntimeError: half a plugin." in finished.err
    assert finished.err.startswith("hello\n")


def test_without_a_command_the_library_that_calls_observers_is_not_loaded(observed: Observed) -> None:
    observed.repo.git("config", "--unset", "kas.onTransition")
    finished = observed.raw("plan", "transition", "a", "implement_start", env={"PYTHONPROFILEIMPORTTIME": "1"})
    assert b"git_kas.usecases.observed_store" in finished.stderr
    assert b"pluggy" not in finished.stderr
