"""Merges that are tried through the port ``Contents``: what it knows, what it does not, and what it leaves."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from contract.readers import location_of
from git_kas.domain.names import ObjectId
from git_kas_gitcli.contents import PlumbingContents
from support import Repo

MISSING = ObjectId("1" * 40)


class World:
    """A base, and branches of which every second one conflicts with it."""

    def __init__(self, repo: Repo, environment: dict[str, str], count: int = 9) -> None:
        self.repo = repo
        self.environment = environment
        self.start = repo.commit("start", {f"{number}.txt": "1\n" for number in range(count)})
        self.tips = [self._branch(number) for number in range(count)]
        repo.git("switch", "-q", "main")
        self.base = ObjectId(repo.commit("base", {f"{number}.txt": "3\n" for number in range(0, count, 2)}))
        self.known = {tip: number % 2 == 0 for number, tip in enumerate(self.tips)}

    def _branch(self, number: int) -> ObjectId:
        self.repo.git("switch", "-q", "-c", f"b{number}", self.start)
        return ObjectId(self.repo.commit("work", {f"{number}.txt": "2\n"}))

    def open(self) -> PlumbingContents:
        return PlumbingContents(location_of(self.repo.path, self.environment), self.environment)

    def ask(self, *tips: ObjectId) -> dict[ObjectId, bool]:
        contents = self.open()
        try:
            return dict(contents.start_merges(self.base, tips).collect())
        finally:
            contents.close()

    def use_git(self, folder: Path, script: str) -> None:
        """Let a script go before git, which it finds as ``$REAL``."""
        real = shutil.which("git", path=self.environment["PATH"])
        folder.mkdir()
        (folder / "git").write_text(f'#!/bin/sh\nREAL=\'{real}\'\n{script}\nexec "$REAL" "$@"\n')
        (folder / "git").chmod(0o755)
        self.environment["PATH"] = f"{folder}{os.pathsep}{self.environment['PATH']}"


@pytest.fixture
def world(repo: Repo, environment: dict[str, str]) -> World:
    return World(repo, environment)


def test_every_tip_is_answered(world: World) -> None:
    assert world.ask(*world.tips) == world.known
    assert world.ask() == {}
    assert world.ask(world.tips[0]) == {world.tips[0]: True}


@pytest.mark.parametrize("place", [0, 4, 9])
def test_one_that_is_missing_takes_the_answer_from_no_other(world: World, place: int) -> None:
    assert world.ask(*world.tips[:place], MISSING, *world.tips[place:]) == world.known


@pytest.mark.parametrize("place", [0, 5, 8])
def test_one_at_which_git_crashes_takes_the_answer_from_no_other(
    world: World, tmp_path: Path, place: int
) -> None:
    crash = f"""
    for word; do case "$word" in merge-tree)
        cat >'{tmp_path}/asked'
        if grep -q {world.tips[place]} '{tmp_path}/asked'; then kill -s ABRT $$; fi
        exec "$REAL" "$@" <'{tmp_path}/asked'
    esac; done
    """
    world.use_git(tmp_path / "bin", crash)
    known = {tip: conflicts for tip, conflicts in world.known.items() if tip != world.tips[place]}
    assert world.ask(*world.tips) == known


def test_it_ends_where_every_merge_fails(world: World, tmp_path: Path) -> None:
    log = tmp_path / "log"
    fail = f'for word; do if [ "$word" = merge-tree ]; then echo x >>"{log}"; exit 128; fi; done'
    world.use_git(tmp_path / "bin", fail)
    assert world.ask(*world.tips, *(ObjectId(f"{number:040x}") for number in range(200))) == {}
    assert 9 < log.read_text().count("x") <= 40


def test_a_base_that_is_missing(world: World) -> None:
    world.base = MISSING
    assert world.ask(*world.tips) == {}


def test_attributes_that_cannot_be_read(world: World) -> None:
    world.base = ObjectId(world.repo.commit("attributes", {"deep/.gitattributes": "*.txt merge=union\n"}))
    id_ = world.repo.git("rev-parse", "HEAD:deep/.gitattributes")
    (world.repo.path / ".git/objects" / id_[:2] / id_[2:]).unlink()
    assert world.ask(*world.tips) == {}


def test_no_room_for_temporary_files(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.environment["TMPDIR"] = "/nonexistent"
    monkeypatch.setattr("tempfile.tempdir", "/nonexistent")
    assert world.ask(*world.tips) == {}


def test_what_is_not_collected_is_stopped(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.environment["TMPDIR"] = str(tmp_path)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    world.use_git(tmp_path / "bin", 'for word; do if [ "$word" = merge-tree ]; then exec sleep 60; fi; done')
    contents = world.open()
    contents.start_merges(world.base, world.tips)
    assert list(tmp_path.glob("git-kas-*"))
    contents.close()
    assert not list(tmp_path.glob("git-kas-*"))


def test_what_killed_ones_have_left_in_memory_goes(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = tmp_path / "memory"
    monkeypatch.setattr("git_kas_gitcli.trial_merges._IN_MEMORY", str(memory))
    world.environment.pop("TMPDIR", None)
    for name in ("left", "young", "held"):
        (memory / f"git-kas-merges-{name}" / "objects").mkdir(parents=True)
        if name != "young":
            os.utime(memory / f"git-kas-merges-{name}", (0, 0))
    (memory / "another").mkdir()
    (memory / "git-kas-merges-link").symlink_to(memory / "another")
    held = os.open(memory / "git-kas-merges-held", os.O_RDONLY)
    fcntl.flock(held, fcntl.LOCK_SH)
    assert world.ask(*world.tips) == world.known
    os.close(held)
    kept = {"git-kas-merges-young", "git-kas-merges-held", "git-kas-merges-link", "another"}
    assert {path.name for path in memory.iterdir()} == kept


def test_one_that_is_at_work_is_not_taken_for_left(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = tmp_path / "memory"
    memory.mkdir()
    monkeypatch.setattr("git_kas_gitcli.trial_merges._IN_MEMORY", str(memory))
    world.environment.pop("TMPDIR", None)
    contents = world.open()
    pending = contents.start_merges(world.base, world.tips)
    for path in memory.iterdir():
        os.utime(path, (0, 0))
    assert world.ask(*world.tips) == world.known
    assert pending.collect() == world.known
    contents.close()
    assert not list(memory.iterdir())


def test_objects_in_other_folders_are_found(world: World, tmp_path: Path) -> None:
    """As in a hook that is run for what is being pushed (git-receive-pack(1), QUARANTINE ENVIRONMENT)."""
    objects = world.repo.path / ".git/objects"
    elsewhere = tmp_path / 'odd: "place"'
    shutil.copytree(objects, elsewhere)
    shutil.rmtree(objects)
    for place in (objects, tmp_path / "empty"):
        (place / "pack").mkdir(parents=True)
    world.environment["GIT_OBJECT_DIRECTORY"] = str(tmp_path / "empty")
    quoted = str(elsewhere).replace('"', '\\"')
    world.environment["GIT_ALTERNATE_OBJECT_DIRECTORIES"] = f'"{quoted}"'
    assert world.ask(*world.tips) == world.known
    assert not list((tmp_path / "empty").rglob("??/*"))


def test_paths_that_lead_out_of_the_tree_are_not_laid_out(world: World, tmp_path: Path) -> None:
    blob = world.repo.git("hash-object", "-w", "--stdin", stdin="*.txt merge=union\n")
    tree = world.repo.git("mktree", stdin=f"100644 blob {blob}\t.gitattributes\n")
    for name in ("..", "x"):
        listing = f"{world.repo.git('ls-tree', 'main')}\n040000 tree {tree}\t{name}\n"
        whole = world.repo.git("mktree", stdin=listing)
        world.base = ObjectId(world.repo.git("commit-tree", "-m", "odd", "-p", world.base, whole))
    world.environment["TMPDIR"] = str(tmp_path)
    assert world.ask(*world.tips) == world.known


@pytest.mark.parametrize("folder", ["{outside}/deep", "{outside}/../outside", "x/../../../outside"])
def test_a_name_that_is_a_path_is_not_laid_out(world: World, tmp_path: Path, folder: str) -> None:
    """No Git writes such a tree, and none refuses to fetch it (git-fsck(1), fullPathname)."""
    outside = tmp_path / "outside"
    name = f"{folder.format(outside=outside)}/.gitattributes".encode()
    blob = world.repo.git("hash-object", "-w", "--stdin", stdin="*.txt merge=union\n")
    (tmp_path / "tree").write_bytes(b"100644 " + name + b"\0" + bytes.fromhex(blob))
    tree = world.repo.git("hash-object", "-w", "-t", "tree", "--literally", str(tmp_path / "tree"))
    world.base = ObjectId(world.repo.git("commit-tree", "-m", "hostile", "-p", world.base, tree))
    world.environment["TMPDIR"] = str(tmp_path)
    world.ask(world.tips[0])
    assert not outside.exists()


@pytest.mark.parametrize("along_one_line", [True, False])
def test_a_submodule_that_both_moved_on(
    new_repo: Callable[..., Repo], environment: dict[str, str], *, along_one_line: bool
) -> None:
    """Git looks into the submodule, and takes the later commit if it contains the other one."""
    library, repo = new_repo("library"), new_repo("super")
    commits = [library.commit(f"commit {number}") for number in range(2)]
    library.git("switch", "-q", "-c", "other", *([] if along_one_line else [commits[0]]))
    commits.append(library.commit("commit 2"))
    repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library.path), "module")

    def move_on(commit: str) -> ObjectId:
        repo.git("-C", "module", "switch", "-q", "--detach", commit)
        repo.git("add", "module")
        return ObjectId(repo.commit(f"to {commit}", {commit: "own\n"}))

    start, base = move_on(commits[0]), move_on(commits[1])
    repo.git("switch", "-q", "-c", "side", start)
    tip = move_on(commits[2])
    contents = PlumbingContents(location_of(repo.path, environment), environment)
    said = dict(contents.start_merges(base, [tip]).collect())
    contents.close()
    repo.git("switch", "-q", "main")
    merge = ["git", "merge", "-q", "--no-edit", "side"]
    merged = subprocess.run(merge, cwd=repo.path, env=environment, capture_output=True, check=False)
    assert (merged.returncode == 0) == along_one_line
    assert said == {tip: not along_one_line}
