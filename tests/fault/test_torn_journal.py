"""A journal that was cut short, or damaged: a torn last line is dropped, anything else is left untouched."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from contract.stores import USER, by
from fault.tracing import run_traced
from fault.worlds import ONE, TWO, World
from git_kas.domain.ledger import Outcome
from git_kas.domain.lifecycle import Actor, Event
from git_kas.domain.mutation import Create, Mutation, Request, SetContent, Transition, Update
from git_kas.domain.names import PlanName
from git_kas.errors import AlreadyExists, StoreCorrupt
from support import needs_program

NEXT = Create(PlanName("2020-02-02-next.md"))
LAST = Transition(ONE, (Event.IMPLEMENT_START,))


@pytest.fixture
def world(tmp_path: Path, environment: dict[str, str]) -> World:
    made = World(tmp_path, environment)
    made.two_plans()
    return made


def test_a_line_cut_at_every_byte_is_there_or_not_and_the_next_commit_works(world: World) -> None:
    before, state_before, whole_before = world.seen(), world.state.read_bytes(), world.journal.read_bytes()
    world.commit(LAST)
    after, whole_after = world.seen(), world.journal.read_bytes()
    for length in range(len(whole_before), len(whole_after) + 1):
        world.state.write_bytes(state_before)
        world.journal.write_bytes(whole_after[:length])
        expected = after if length == len(whole_after) else before
        assert world.seen() == expected, length
        assert world.journal.read_bytes() == whole_after[:length]
        near_an_end = min(length - len(whole_before), len(whole_after) - length) < 20
        if not (near_an_end or length % 16 == 0):
            continue  # writing takes long, and meets what was read just now
        world.commit(NEXT)
        world.check_files_agree()
        assert world.lines()[-1]["change"] == expected["change"] + 1
        assert world.leftovers() == []


def test_commits_of_one_step_are_there_together_wherever_it_was_cut(world: World) -> None:
    before, state_before, whole_before = world.seen(), world.state.read_bytes(), world.journal.read_bytes()
    asked: list[tuple[Mutation, Request]] = [
        (LAST, by(Actor.USER, key="first")),
        (NEXT, USER),
        (SetContent(TWO, b"new"), USER),
    ]
    world.store().commit_all(asked)
    after, whole_after = world.seen(), world.journal.read_bytes()
    assert after["change"] == before["change"] + 3
    assert whole_after[len(whole_before) :].count(b"\n") == 3
    ends = [index + 1 for index, byte in enumerate(whole_after) if byte == 10 and index >= len(whole_before)]
    cuts = {cut + shift for cut in ends for shift in (-1, 0, 1)} | set(range(len(whole_before), ends[-1], 97))
    for length in sorted(cuts):
        world.state.write_bytes(state_before)
        world.journal.write_bytes(whole_after[:length])
        is_whole = length >= len(whole_after)
        assert world.seen() == (after if is_whole else before), length
        assert (world.store().outcome_of("first") is not None) == is_whole
        first, second, third = world.store().commit_all(asked)
        assert isinstance(first, Outcome)
        assert isinstance(third, Outcome)
        assert first.replayed == isinstance(second, AlreadyExists) == is_whole
        assert [entry.key for entry in world.store().history()].count("first") == 1
        assert world.store().get_content(TWO) == b"new"
        world.check_files_agree()


@pytest.mark.parametrize("tail", [b"garbage", b"\0" * 4096, b'{"check":"', b"\xff\xfe", b'{"check":"00"}'])
def test_a_tail_without_a_line_end_is_dropped(world: World, tail: bytes) -> None:
    before, whole = world.seen(), world.journal.read_bytes()
    world.journal.write_bytes(whole + tail)
    assert world.seen() == before
    assert world.journal.read_bytes() == whole + tail
    world.commit(LAST)
    assert world.journal.read_bytes().startswith(whole + b'{"check"')
    assert world.store().get_plan(ONE).status == "implementing"
    world.check_files_agree()


@pytest.mark.parametrize("tail", [b"garbage\n", b"\0" * 512 + b"\n", b"\n"])
def test_a_tail_with_a_line_end_is_dropped_where_the_state_file_shows_it_was_never_acknowledged(
    world: World, tail: bytes
) -> None:
    before, whole = world.seen(), world.journal.read_bytes()
    world.journal.write_bytes(whole + tail)
    assert world.seen() == before
    world.commit(LAST)
    world.check_files_agree()


def test_an_acknowledged_last_line_that_was_damaged_is_not_dropped(world: World) -> None:
    world.commit(LAST)
    data = bytearray(world.journal.read_bytes())
    data[-40] ^= 1
    check_corrupt(world, bytes(data), "")


def test_a_key_in_a_damaged_line_behind_the_snapshot_is_not_taken_for_unused(world: World) -> None:
    asked = Update(ONE, description="x" * 70_000)
    world.store().commit(asked, by(Actor.USER, key="the key"))
    assert (world.kas_folder / "cache/plan-snapshot").exists()
    world.commit(LAST)
    world.journal.write_bytes(world.journal.read_bytes().replace(b"xxxx", b"xyxx", 1))
    before = world.files()
    for key in ("the key", "another"):
        try:
            outcome = world.store().commit(asked, by(Actor.USER, key=key))
        except StoreCorrupt:
            assert key == "the key"
            assert world.files() == before
        else:
            assert key == "another"
            assert not outcome.replayed


@pytest.mark.parametrize("where", ["first", "middle"])
@pytest.mark.parametrize("damage", ["flipped", "nul", "cut", "blank"])
def test_a_damaged_line_before_the_last_is_reported_with_its_number(
    world: World, where: str, damage: str
) -> None:
    world.commit(LAST)
    lines = world.journal.read_bytes().splitlines(keepends=True)
    number = 0 if where == "first" else len(lines) // 2
    line = bytearray(lines[number])
    if damage == "flipped":
        line[len(line) // 2] ^= 1
    elif damage == "nul":
        line[10:200] = bytes(190)
    elif damage == "cut":
        line = line[:50] + b"\n"
    else:
        line = bytearray(b"\n")
    lines[number] = bytes(line)
    check_corrupt(world, b"".join(lines), f"plan-journal.jsonl:{number + 1}:")


def check_corrupt(world: World, journal: bytes, says: str) -> None:
    """Reading and writing say so; nothing is written; the program says it with exit 1."""
    world.journal.write_bytes(journal)
    files = {name: data for name, data in world.files().items() if not name.startswith("lock")}
    for ask in (lambda: world.store().list_plans(), lambda: world.store().commit(NEXT, USER)):
        with pytest.raises(StoreCorrupt) as caught:
            ask()
        assert says in caught.value.message
        assert caught.value.next_step
    answer = world.kas("plan", "transition", TWO, "implement_finished", "--json")
    assert (answer.status, answer.json()["error"]["code"]) == (1, "store_corrupt")
    assert {name: data for name, data in world.files().items() if not name.startswith("lock")} == files


def test_a_change_of_every_byte_of_an_acknowledged_journal_is_noticed_or_harmless(world: World) -> None:
    """With the state file as it should be: no reading may show another project than the one committed."""
    world.commit(LAST)
    whole, before = world.journal.read_bytes(), world.seen()
    for position in range(0, len(whole), 7):
        data = bytearray(whole)
        data[position] ^= 0x20
        world.journal.write_bytes(bytes(data))
        try:
            assert world.seen() == before, position
        except StoreCorrupt:
            continue


@pytest.mark.parametrize("room", [1, 100, 400])
def test_a_disk_that_takes_part_of_a_line_is_full_and_the_journal_as_it_was(world: World, room: int) -> None:
    before, whole = world.seen(), world.journal.read_bytes()
    limit = len(whole) + room

    def no_more() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    answer = world.kas("plan", "transition", ONE, "implement_start", "--json", preexec_fn=no_more)
    assert (answer.status, answer.json()["error"]["code"]) == (1, "store_full")
    assert world.journal.read_bytes() == whole
    assert world.seen() == before
    assert world.kas("plan", "transition", ONE, "implement_start").status == 0


def test_a_process_killed_within_a_line_leaves_a_line_that_the_next_one_takes_away(world: World) -> None:
    needs_program("strace")
    needs_program("prlimit")
    before, whole = world.seen(), world.journal.read_bytes()
    command = ("plan", "transition", str(ONE), "implement_start")
    first_write = world.number_of("pwrite64", "plan-journal.jsonl", *command)
    killed = run_traced(
        command,
        world.repo,
        world.environment,
        "prlimit",
        f"--fsize={len(whole) + 200}",
        inject=f"pwrite64:signal=SIGKILL:when={first_write + 1}",
    )
    assert killed.finished.status == -9
    assert len(world.journal.read_bytes()) == len(whole) + 200
    assert world.seen() == before
    world.check_reading_works(ONE)
    assert world.kas("plan", "transition", ONE, "implement_start").status == 0
    world.check_files_agree()
    assert world.journal.read_bytes().startswith(whole)
