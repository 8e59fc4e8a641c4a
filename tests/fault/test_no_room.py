"""A full disk and a folder that may not be written: said so, nothing lost, and over when it is over."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from fault.worlds import ONE, TWO, World
from small_disks import mount, unmount
from support import needs_program


@pytest.fixture
def world(tmp_path: Path, environment: dict[str, str]) -> World:
    made = World(tmp_path, environment)
    made.two_plans()
    return made


@pytest.fixture
def small_disk(world: World) -> Iterator[World]:
    """The store on a file system of its own with little room."""
    kept = world.kas_folder.with_name("kas-kept")
    world.kas_folder.rename(kept)
    mount(world.kas_folder, "256k")
    try:
        shutil.copytree(kept, world.kas_folder, dirs_exist_ok=True)
        yield world
    finally:
        unmount(world.kas_folder)


def fill(folder: Path) -> Path:
    """Write to a file until nothing goes in any more."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        for size in (4096, 1):
            try:
                while file.write(b"x" * size):
                    pass
            except OSError:
                continue
    return filler


@pytest.mark.parametrize(
    "command",
    [
        ("plan", "transition", ONE, "implement_start", "-m", "n" * 9000),
        ("plan", "create", "2020-01-03-three", "-F", "draft.md"),
        ("import", "export.json", "--update"),
    ],
    ids=lambda command: command[1],
)
def test_a_full_disk_loses_nothing_and_room_is_all_that_is_needed(
    small_disk: World, command: tuple[str, ...]
) -> None:
    world = small_disk
    (world.repo / "draft.md").write_text("# Three\n" * 1000)
    assert world.kas("export", "-o", "export.json").status == 0
    text = (world.repo / "export.json").read_text().replace("the first", "the first, elsewhere " * 300)
    (world.repo / "export.json").write_text(text)
    before = world.seen()
    filler = fill(world.kas_folder)
    for _ in range(2):
        answer = world.kas(*command, "--json")
        assert (answer.status, answer.json()["error"]["code"]) == (1, "store_full"), answer
        assert world.seen() == before
    world.check_reading_works(ONE)
    filler.unlink()
    assert world.kas(*command, "--json").status == 0
    assert world.seen()["change"] == before["change"] + 1
    world.check_files_agree()
    assert world.leftovers() == []


def bound_by_modes() -> dict[str, Any]:
    """Options that run the program as somebody whom the modes of files bind; root's own run passes them by."""
    if os.geteuid() != 0:
        return {}
    needs_program("setpriv")
    return {"prefix": ("setpriv", "--bounding-set=-dac_override,-dac_read_search")}


@pytest.fixture
def read_only(world: World) -> Iterator[World]:
    """A store that may be read and not written."""
    folders = [world.kas_folder, *(path for path in world.kas_folder.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
        for path in folder.iterdir():
            if path.is_file():
                path.chmod(0o444)
    yield world
    for folder in folders:
        folder.chmod(0o755)
        for path in folder.iterdir():
            path.chmod(0o755 if path.is_dir() else 0o644)


def test_a_folder_that_may_not_be_written_is_said_to_be_and_still_read(read_only: World) -> None:
    world = read_only
    before = world.files()
    for command in (
        ("plan", "transition", ONE, "implement_start", "--json"),
        ("plan", "create", "2020-01-03-three", "--json"),
        ("plan", "rename", TWO, "2020-01-02-second", "--json"),
    ):
        answer = world.kas(*command, **bound_by_modes())
        assert (answer.status, answer.json()["error"]["code"]) == (1, "read_only"), answer
    for reading in (("plan", "list"), ("plan", "history"), ("plan", "show", ONE), ("export",)):
        assert world.kas(*reading, **bound_by_modes()).status == 0, reading
    assert world.files() == before
