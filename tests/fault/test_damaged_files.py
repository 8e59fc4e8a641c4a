"""Files beside the journal that are gone, damaged, edited or left over, and a lock that somebody holds."""

from __future__ import annotations

import os
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

import pytest

from contract.stores import USER
from fault.worlds import ONE, TWO, World
from git_kas.domain.ledger import Action
from git_kas.domain.lifecycle import Event
from git_kas.domain.mutation import Create, SetContent, Transition
from git_kas.domain.names import PlanName
from git_kas.errors import Busy, StoreCorrupt
from git_kas_json import lock

NEXT = Create(PlanName("2020-02-02-next.md"))
START = Transition(ONE, (Event.IMPLEMENT_START,))
THIRD = PlanName("2020-01-03-three.md")


@pytest.fixture
def world(tmp_path: Path, environment: dict[str, str]) -> World:
    made = World(tmp_path, environment)
    made.two_plans()
    return made


def text_file(world: World, text: bytes) -> Path:
    return world.kas_folder / "content" / f"{sha256(text).hexdigest()}.md"


# -- the state file ------------------------------------------------------------------------------------------


def test_a_deleted_state_file_is_read_from_the_journal_and_written_anew(world: World) -> None:
    before, state = world.seen(), world.state.read_bytes()
    world.state.unlink()
    assert world.seen() == before
    world.check_reading_works(ONE)
    assert not world.state.exists()
    world.commit(NEXT)
    assert world.store().history()[-1].action is Action.CREATED
    text = world.state.read_bytes()
    assert text.startswith(state[:20])
    world.check_files_agree()


def test_a_state_file_edited_by_hand_is_adopted_recorded_and_kept_as_a_copy(world: World) -> None:
    edited = world.state.read_bytes().replace(b'"status": "ready"', b'"status": "planning"')
    assert edited != world.state.read_bytes()
    world.state.write_bytes(edited)
    assert world.store().get_plan(ONE).status == "planning"
    assert world.state.read_bytes() == edited
    shown = world.kas("plan", "show", ONE, "--json")
    assert shown.data["plan"]["status"] == "planning"
    world.commit(NEXT)
    adopted = [entry for entry in world.store().history() if entry.action is Action.EDITED]
    assert [(entry.plan, entry.to_status, entry.revision) for entry in adopted] == [(ONE, "planning", 2)]
    copies = [data for name, data in world.files().items() if name.startswith("saved/")]
    assert copies == [edited]
    assert world.store().get_content(TWO) == b"# Two\n"
    world.check_files_agree()


def test_an_edit_and_the_unfinished_work_of_a_dead_process_are_both_kept(world: World) -> None:
    """Journal ahead of a state file that somebody then edited: the record is reapplied by field."""
    behind = world.state.read_bytes()
    world.commit(START)
    world.state.write_bytes(behind.replace(b'"the first"', b'"by hand"'))
    plan = world.store().get_plan(ONE)
    assert (plan.status, plan.description) == ("implementing", "by hand")
    world.commit(NEXT)
    plan = world.store().get_plan(ONE)
    assert (plan.status, plan.description) == ("implementing", "by hand")
    assert world.store().history(ONE)[-1].action is Action.EDITED
    world.check_files_agree()


@pytest.mark.parametrize("damage", ["cut", "empty", "garbage", "not utf-8", "nul"])
def test_a_damaged_state_file_is_named_with_line_and_column_and_left_untouched(
    world: World, damage: str
) -> None:
    state = world.state.read_bytes()
    damaged = {
        "cut": state[: len(state) // 2],
        "empty": b"",
        "garbage": b'{\n  "plans": nonsense\n}\n',
        "not utf-8": state.replace(b"the first", b"the \xff\xfe first"),
        "nul": bytes(len(state)),
    }[damage]
    world.state.write_bytes(damaged)
    files = {name: data for name, data in world.files().items() if not name.startswith("lock")}
    for ask in (lambda: world.store().list_plans(), lambda: world.store().commit(NEXT, USER)):
        with pytest.raises(StoreCorrupt, match=r"plan-state\.json:\d+:\d+"):
            ask()
    answer = world.kas("plan", "transition", ONE, "implement_start", "--json")
    assert (answer.status, answer.json()["error"]["code"]) == (1, "store_corrupt")
    assert {name: data for name, data in world.files().items() if not name.startswith("lock")} == files
    world.state.unlink()
    assert world.kas("plan", "transition", ONE, "implement_start").status == 0
    world.check_files_agree()


# -- the snapshot --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("damage", ["deleted", "cut", "flipped", "empty", "a folder", "other repository"])
def test_a_snapshot_that_is_not_of_this_journal_is_ignored(
    world: World, damage: str, tmp_path: Path, environment: dict[str, str]
) -> None:
    world.commit(Create(THIRD, description="n" * 70_000))
    world.commit(START)
    before, path = world.seen(), world.kas_folder / "cache" / "plan-snapshot"
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    whole = path.read_bytes()
    path.unlink()
    if damage == "a folder":
        path.mkdir()
    elif damage == "other repository":
        path.write_bytes(foreign_snapshot(tmp_path, environment))
    elif damage != "deleted":
        path.write_bytes({"cut": whole[:-30], "flipped": bytes(data), "empty": b""}[damage])
    assert world.seen() == before
    world.commit(Transition(ONE, (Event.IMPLEMENT_FINISHED,)))
    world.commit(SetContent(ONE, b"x"))
    plan = world.store().get_plan(ONE)
    assert (plan.status, plan.revision) == ("reviewing", 4)
    assert len(world.store().list_plans()) == 3
    world.check_files_agree()


def foreign_snapshot(folder: Path, environment: dict[str, str]) -> bytes:
    """The snapshot of another repository, whose lines end at the same places."""
    (folder / "other").mkdir()
    other = World(folder / "other", environment)
    other.two_plans()
    other.commit(Create(THIRD, description="m" * 70_000))
    return (other.kas_folder / "cache" / "plan-snapshot").read_bytes()


# -- texts ---------------------------------------------------------------------------------------------------


def test_a_text_that_was_changed_is_not_given_out(world: World) -> None:
    path = text_file(world, b"# Two\n")
    path.write_bytes(b"# Too\n")
    for ask in (lambda: world.store().get_content(TWO), lambda: world.store().export()):
        with pytest.raises(StoreCorrupt, match="was changed"):
            ask()
    assert path.read_bytes() == b"# Too\n"
    assert world.kas("plan", "list").status == 0
    assert world.kas("plan", "transition", TWO, "implement_finished").status == 0


def test_a_text_that_is_missing_is_said_to_be(world: World) -> None:
    text_file(world, b"# Two\n").unlink()
    with pytest.raises(StoreCorrupt, match="is missing"):
        world.store().get_content(TWO)
    assert world.kas("plan", "list").status == 0


def test_an_export_that_lacks_a_text_is_no_success(world: World) -> None:
    """It is to give the same again; a backup without a text would be a loss that nobody noticed."""
    text_file(world, b"# Two\n").unlink()
    answer = world.kas("export", "--json")
    assert (answer.status, answer.json()["kind"]) == (1, "error")


def test_writing_a_text_again_heals_a_damaged_file(world: World) -> None:
    """The error says 'register the plan again', so that has to help."""
    text_file(world, b"# Two\n").write_bytes(b"# Too\n")
    world.commit(SetContent(TWO, b"# Other\n"))
    world.commit(SetContent(TWO, b"# Two\n"))
    assert world.store().get_content(TWO) == b"# Two\n"


# -- what dead processes leave -------------------------------------------------------------------------------


def test_leftover_files_are_no_part_of_the_store_and_do_not_pile_up(world: World) -> None:
    before = world.seen()
    for name in ("content/.writing-x", ".writing-plan-state.json", "cache/.writing-plan-snapshot"):
        path = world.kas_folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"half of it")
    assert world.seen() == before
    world.commit(START)
    assert ".writing-plan-state.json" not in world.files()
    world.check_files_agree()


# -- the lock ------------------------------------------------------------------------------------------------

HOLD_THE_LOCK = """
import sys
from git_kas_json.lock import locked
with locked(sys.argv[1], "2020-01-01T00:00:00.000000Z"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_held_lock_is_waited_for_and_its_holder_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    assert lock.PATIENCE >= 30
    before = world.files()
    command = [sys.executable, "-c", HOLD_THE_LOCK, str(world.kas_folder)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdin is not None
        assert holder.stdout.readline() == b"held\n"
        with (
            pytest.raises(Busy, match=rf"locked by process {holder.pid} \("),
            lock.locked(str(world.kas_folder), "now", patience=0.2),
        ):
            pytest.fail("there are two holders")
        assert world.kas("plan", "list").status == 0
        after = world.files()
        assert {name: data for name, data in after.items() if name != "lock-holder"} == {
            name: data for name, data in before.items() if name != "lock-holder"
        }
        holder.kill()
    assert world.kas("plan", "transition", ONE, "implement_start").status == 0


def test_a_name_in_the_lock_holder_file_locks_nothing(world: World) -> None:
    (world.kas_folder / "lock-holder").write_text(f"process {os.getpid()} (git-kas) since ever")
    (world.kas_folder / "lock").write_text("")
    world.commit(START)
    assert world.store().get_plan(ONE).revision == 2
