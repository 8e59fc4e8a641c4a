"""Incidents with disks: other file systems, mounts inside, read-only ones and full ones. They need root."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from scenario.incidents import Scene
from scenario.picture import Picture, assert_only_gone, assert_restored, assert_unchanged
from small_disks import mount, unmount
from support import Finished, Run, needs_program

SMALL = "3m"


def make_read_only(folder: Path) -> None:
    subprocess.run(["mount", "-o", "remount,ro", str(folder)], check=True)


def make_immutable(scene: Scene, folder: Path) -> None:
    """Let nobody change what the folder lists, not even root, or skip the test."""
    needs_program("chattr")
    folder.mkdir(parents=True, exist_ok=True)
    changed = subprocess.run(["chattr", "+i", str(folder)], capture_output=True, check=False)
    if changed.returncode:
        pytest.skip(f"no folder can be made immutable here: {changed.stderr.decode().strip()}")
    scene.exits.callback(subprocess.run, ["chattr", "-i", str(folder)], check=True)


@pytest.fixture
def plain_scene(tmp_path: Path, environment: dict[str, str]) -> Iterator[Scene]:
    """A repository on the file system of all tests."""
    made = Scene(tmp_path / "all/repo", environment)
    made.path.mkdir(parents=True)
    made.git("init", "-q")
    made.begin()
    with made.exits:
        yield made


@pytest.fixture
def scene(tmp_path: Path, environment: dict[str, str]) -> Iterator[Scene]:
    """A repository on a small file system of its own."""
    folder = tmp_path / "all"
    mount(folder, SMALL)
    made = Scene(folder / "repo", environment)
    made.path.mkdir()
    made.git("init", "-q")
    made.begin()
    with made.exits:
        yield made
    unmount(folder)


def cleanup(kas: Run, scene: Scene, *arguments: str) -> Finished:
    return kas("cleanup", "--worktrees", "--branches", "--json", *arguments, cwd=scene.path)


def codes(finished: Finished, place: Path) -> list[str]:
    (row,) = [row for row in finished.data["rows"] if row["name"] == str(place)]
    assert row["action"] == "keep"
    return [reason["code"] for reason in row["reasons"]]


def volume(scene: Scene) -> Path:
    """A file system beside the repository's."""
    folder = scene.around / "volume"
    mount(folder, SMALL)
    scene.exits.callback(unmount, folder)
    return folder


def test_worktree_on_another_file_system(scene: Scene, kas: Run) -> None:
    place = scene.finished(path=volume(scene) / "deep/tree")
    (place.parent / "neighbour.txt").write_text("precious")
    before = scene.picture()
    assert cleanup(kas, scene).status == 0
    assert_unchanged(before, scene.picture())
    done = cleanup(kas, scene, "--execute")
    assert all(row["done"] for row in done.data["rows"])
    assert not place.exists()
    came = sorted(set(scene.picture().files) - set(before.files))
    assert all(path.startswith(f"{scene.around}/volume/") for path in came)
    assert_only_gone(before, scene.picture(), ["plan/done"], [str(place)], trash=came[0])
    assert kas("undo", cwd=scene.path).status == 0
    assert_restored(before, scene.picture(), trash=came[0])
    left = [path for path in scene.picture().files if path.startswith(came[0]) and not os.path.isdir(path)]
    assert [os.path.basename(path) for path in left] in ([], [".gitignore"])


def test_worktree_on_a_read_only_file_system(scene: Scene, kas: Run) -> None:
    place = scene.finished(path=volume(scene) / "tree")
    make_read_only(scene.around / "volume")
    before = scene.picture()
    refused = cleanup(kas, scene, "--execute")
    assert codes(refused, place)
    assert_unchanged(before, scene.picture())


def test_file_system_mounted_inside(scene: Scene, kas: Run) -> None:
    place = scene.finished()
    mount(place / "build/data", SMALL)
    scene.exits.callback(unmount, place / "build/data")
    (place / "build/data/rows").write_text("precious")
    before = scene.picture()
    assert "mount_point" in codes(cleanup(kas, scene, "--discard-ignored", "--execute"), place)
    assert_unchanged(before, scene.picture())


def test_repository_on_a_read_only_file_system(scene: Scene, kas: Run) -> None:
    place = scene.finished()
    before = scene.picture()
    make_read_only(scene.around)
    dry = cleanup(kas, scene)
    assert {row["name"]: row["action"] for row in dry.data["rows"]}[str(place)] == "remove"
    refused = cleanup(kas, scene, "--execute")
    assert refused.status != 0
    assert_unchanged(before, scene.picture())
    assert refused.err or refused.json()["kind"] == "error"


FOLDERS = [
    "place",
    "place/..",
    "repo",
    "repo/.git",
    "repo/.git/worktrees",
    "repo/.git/worktrees/tree",
    "repo/.git/refs/heads",
    "repo/.git/refs/heads/plan",
    "repo/.git/logs/refs/heads/plan",
    "repo/.git/objects",
    "repo/.git/kas",
    "repo/.git/kas/operations",
    "repo/.git/kas/trash",
]


@pytest.mark.parametrize("name", FOLDERS)
def test_folder_that_cannot_be_written(plain_scene: Scene, kas: Run, name: str) -> None:
    """Nothing is lost, and once the folder can be written again undo or another cleanup ends it."""
    scene = plain_scene
    place = scene.finished(path=scene.around / "places/tree")
    scene.work_in(place, {"deep/a.txt": "a"})
    scene.squash("plan/done")
    scene.git("config", "branch.plan/done.description", "kept with the branch")
    (place / ".env").write_text("TOKEN=1\n")
    folder = scene.around / name if name.startswith("repo") else place / name.removeprefix("place").strip("/")
    folder.mkdir(parents=True, exist_ok=True)
    before = scene.picture()
    make_immutable(scene, folder)
    refused = cleanup(kas, scene, "--discard-ignored", "--execute")
    if refused.json()["kind"] != "error":
        failed = [row for row in refused.data["rows"] if not row["done"]]
        assert all(row["reasons"] for row in failed)
    subprocess.run(["chattr", "-i", str(folder)], check=True)
    scene.git("fsck", "--connectivity-only")
    check_nothing_lost(kas, scene, before, place)
    done = cleanup(kas, scene, "--discard-ignored", "--execute")
    assert all(row["done"] for row in done.data["rows"]), done
    assert kas("undo", cwd=scene.path).status == 0
    check_nothing_lost(kas, scene, before, place)


def leave_room(folder: Path, room: int) -> Path:
    """Fill the file system but for so many bytes."""
    filler = folder / "repo/.git/kas/filler"
    free = os.statvfs(folder)
    with filler.open("wb") as file:
        file.write(b"\0" * max(0, free.f_bavail * free.f_bsize - room))
    return filler


ROOMS = [0, 4 << 10, 8 << 10, 16 << 10, 24 << 10, 32 << 10, 48 << 10, 64 << 10, 96 << 10, 128 << 10, 256 << 10]


def test_full_disk_in_the_middle(scene: Scene, kas: Run) -> None:
    """Whatever room there is: nothing is lost, and once there is room again undo or another cleanup ends it."""
    place = scene.finished()
    scene.side({"b.txt": "b\n"}, name="landed")
    scene.squash("landed")
    (place / ".env").write_text("TOKEN=1\n")
    before = scene.picture()
    outcomes = {}
    for room in ROOMS:
        filler = leave_room(scene.around, room)
        finished = cleanup(kas, scene, "--discard-ignored", "--execute")
        filler.unlink()
        outcomes[room] = finished.status
        scene.git("fsck", "--connectivity-only")
        check_nothing_lost(kas, scene, before, place)
    print(f"room in bytes and exit status: {outcomes}")
    assert outcomes[ROOMS[0]] != 0
    assert outcomes[ROOMS[-1]] == 0


def check_nothing_lost(kas: Run, scene: Scene, before: Picture, place: Path) -> None:
    after = scene.picture()
    if (after.refs, after.worktrees) != (before.refs, before.worktrees) or not place.exists():
        undone = kas("undo", cwd=scene.path)
        assert undone.status == 0, undone
    after = scene.picture()
    assert after.files == before.files
    assert after.refs == before.refs
    assert after.worktrees == before.worktrees
    assert after.config == before.config
    for name, log in before.reflogs.items():
        assert after.reflogs[name].startswith(log)
