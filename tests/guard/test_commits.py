"""What pre-commit and pre-merge-commit refuse, and what passes them; with the real git and the real program."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from git_kas.domain.hooks import HookName
from guarded import REFUSED, STATE, World, install, make_world, run

DEEP = f"docs/plans/{STATE}"


def stage(world: World, name: str, text: str = "{}\n") -> None:
    world.write(name, text)
    world.repo.git("add", "-f", "--", name)


def entry(world: World, mode: str, path: str) -> None:
    """Stage an entry of any mode without a file in the worktree."""
    id_ = world.head if mode == "160000" else world.repo.git("hash-object", "-w", "--stdin", stdin="target")
    world.repo.git("update-index", "--add", "--cacheinfo", f"{mode},{id_},{path}")


def rename_into(world: World) -> None:
    world.repo.git("mv", "README.md", STATE)


def copy_of_another(world: World) -> None:
    stage(world, DEEP, (world.path / "README.md").read_text())


ADDITIONS: dict[str, Callable[[World], None]] = {
    "at the top": lambda world: stage(world, STATE),
    "deep": lambda world: stage(world, DEEP),
    "empty": lambda world: stage(world, STATE, ""),
    "rename into": rename_into,
    "copy": copy_of_another,
    "executable": lambda world: entry(world, "100755", STATE),
    "symlink": lambda world: entry(world, "120000", DEEP),
    "submodule": lambda world: entry(world, "160000", STATE),
    "folder of that name": lambda world: stage(world, f"docs/{STATE}/notes.txt"),
    "in another case": lambda world: entry(world, "100644", "docs/Plan-State.JSON"),
    "folder in another case": lambda world: stage(world, "PLAN-STATE.json/x"),
    "odd folder": lambda world: stage(world, f"a\nb é/{STATE}"),
}


@pytest.mark.parametrize("ignorecase", ["true", "false"])
@pytest.mark.parametrize("name", ADDITIONS)
def test_adding_is_refused(world: World, name: str, ignorecase: str) -> None:
    world.guard_client()
    world.repo.git("config", "core.ignorecase", ignorecase)
    ADDITIONS[name](world)
    said = world.refused_commit()
    assert "added: " in said
    assert "git restore --staged " in said
    assert "git kas plan transition" in said
    assert "git kas signal" in said


def test_path_that_is_no_utf8(world: World) -> None:
    world.guard_client()
    (world.path / "x").write_text("{}")
    blob = world.repo.git("hash-object", "-w", "x")
    line = b"100644 " + blob.encode() + b"\tf\xffo\tlder/plan-state.json\0"
    world.git("update-index", "-z", "--index-info", stdin=line)
    assert "added: f\\xffo\\tlder/plan-state.json" in world.refused_commit()


def edit(world: World) -> None:
    stage(world, DEEP, '{"plans": {}}\n')


def make_executable(world: World) -> None:
    world.repo.git("update-index", "--chmod=+x", DEEP)


def turn_into_link(world: World) -> None:
    entry(world, "120000", DEEP)


@pytest.mark.parametrize("change", [edit, make_executable, turn_into_link])
def test_changing_is_refused(world: World, change: Callable[[World], None]) -> None:
    world.commit({DEEP: "{}\n"})
    world.guard_client()
    change(world)
    said = world.refused_commit()
    assert f"changed: {DEEP}" in said
    assert "git kas init --untrack" in said


def test_removing_passes(world: World) -> None:
    world.commit({DEEP: "{}\n", STATE: "{}\n"})
    world.guard_client()
    world.repo.git("rm", "-q", "--cached", DEEP)
    world.repo.git("commit", "-q", "-m", "untracked")
    world.repo.git("mv", STATE, "elsewhere.json")
    world.repo.git("commit", "-q", "-m", "renamed away")
    assert STATE not in world.repo.git("ls-tree", "-r", "--name-only", "HEAD")


def test_what_is_not_staged_passes(world: World) -> None:
    """Neither an untracked file, nor a changed one, nor one of git add -N is in the commit."""
    world.commit({DEEP: "{}\n"})
    world.guard_client()
    world.write(DEEP, "changed")
    world.write(STATE)
    world.repo.git("add", "-N", STATE)
    world.write("other.txt", "1")
    world.repo.git("add", "other.txt")
    told = world.git("commit", "-m", "other")
    assert (told.status, "git-kas" in told.err) == (0, False)


def test_commit_all_and_partial_commits(world: World) -> None:
    """git commit -a and git commit <path> have an index of their own, which the hook must read."""
    world.commit({DEEP: "{}\n", "other.txt": "1"})
    world.guard_client()
    world.write(DEEP, "changed")
    world.write("other.txt", "2")
    world.refused_commit("commit", "-a", "-m", "all")
    world.refused_commit("commit", "-m", "one", "--", DEEP)
    world.repo.git("add", DEEP)
    world.refused_commit("commit", "-m", "include", "-i", "other.txt")
    assert world.git("commit", "-m", "only the other", "--", "other.txt").status == 0
    world.refused_commit()


def test_amend(world: World) -> None:
    world.guard_client()
    stage(world, STATE)
    world.refused_commit("commit", "--amend", "--no-edit")
    world.repo.git("restore", "--staged", STATE)
    assert world.git("commit", "--amend", "-m", "reworded").status == 0


def test_what_the_message_says_works(world: World) -> None:
    world.guard_client()
    stage(world, DEEP)
    command = next(line for line in world.refused_commit().splitlines() if "git restore" in line)
    (world.path / "src").mkdir()
    assert world.git(*command.split()[1:], cwd=world.path / "src").status == 0
    assert world.git("commit", "--allow-empty", "-m", "without it").status == 0
    assert (world.path / DEEP).read_text() == "{}\n"


def test_first_commit(tmp_path: Path, environment: dict[str, str]) -> None:
    folder = tmp_path / "new"
    run("git", "init", "-q", str(folder), cwd=tmp_path, env=environment)
    install(folder / ".git/hooks", HookName.PRE_COMMIT)
    (folder / STATE).write_text("{}")
    run("git", "add", STATE, cwd=folder, env=environment)
    told = run("git", "commit", "-m", "first", cwd=folder, env=environment, status=1)
    assert f"added: {STATE}" in told.err
    command = next(line for line in told.err.splitlines() if "git reset" in line)
    run("git", *command.split()[1:], cwd=folder, env=environment, status=0)
    run("git", "commit", "--allow-empty", "-m", "first", cwd=folder, env=environment, status=0)


def test_linked_worktree_subfolder_and_detached_head(world: World) -> None:
    world.guard_client()
    linked = world.repo.worktree("topic")
    (linked / "docs").mkdir()
    world.write("docs/x.txt", cwd=linked)
    world.write(DEEP, cwd=linked)
    world.repo.git("add", ".", cwd=linked)
    world.refused_commit(cwd=linked / "docs")
    world.repo.git("checkout", "-q", "--detach", cwd=linked)
    world.refused_commit(cwd=linked)
    world.repo.git("restore", "--staged", DEEP, cwd=linked)
    assert world.git("commit", "-m", "x", cwd=linked / "docs").status == 0


# -- merges --------------------------------------------------------------------------------------------------


@pytest.fixture
def forked(world: World) -> World:
    """main and side have gone apart; side has the file."""
    world.repo.git("checkout", "-q", "-b", "side")
    world.commit({DEEP: "{}\n", "shared.txt": "side\n"})
    world.repo.git("checkout", "-q", "main")
    world.commit({"main.txt": "1\n"})
    world.guard_client()
    return world


def test_clean_merge(forked: World) -> None:
    forked.refused_commit("merge", "--no-edit", "side")
    forked.repo.git("merge", "--abort")


def test_conflicting_merge(forked: World) -> None:
    forked.commit({"shared.txt": "main\n"})
    assert "CONFLICT" in forked.git("merge", "side").out
    forked.repo.git("checkout", "--theirs", "shared.txt")
    forked.repo.git("add", "shared.txt")
    forked.refused_commit("commit", "--no-edit")
    forked.repo.git("rm", "-q", "--cached", DEEP)
    assert forked.git("commit", "--no-edit").status == 0


def test_evil_merge(forked: World) -> None:
    """The merge itself brings what neither side has."""
    forked.repo.git("checkout", "-q", "-b", "clean", "HEAD~1")
    forked.commit({"clean.txt": "1\n"})
    forked.repo.git("checkout", "-q", "main")
    forked.repo.git("merge", "-q", "--no-commit", "--no-ff", "clean")
    stage(forked, STATE)
    forked.refused_commit("commit", "--no-edit")


def test_merge_that_takes_ours_passes_here(forked: World) -> None:
    """It changes nothing against its first parent; what it brings along is refused at the push."""
    assert forked.git("merge", "-q", "-s", "ours", "--no-edit", "side").status == 0
    forked.guard_server()
    assert "refs/heads/main" in forked.refused_push("main")


def test_squash(forked: World) -> None:
    forked.repo.git("merge", "-q", "--squash", "side")
    forked.refused_commit()


# -- what runs no pre-commit ---------------------------------------------------------------------------------


def cherry_pick(world: World) -> None:
    world.repo.git("cherry-pick", "side")


def rebase(world: World) -> None:
    world.repo.git("checkout", "-q", "-B", "moved", "side")
    world.repo.git("rebase", "-q", "main")
    world.repo.git("checkout", "-q", "-B", "main", "moved")


def am(world: World) -> None:
    patch = world.repo.git("format-patch", "-1", "--stdout", "side")
    world.repo.git("am", "-q", stdin=patch + "\n")


def fast_forward(world: World) -> None:
    world.repo.git("reset", "-q", "--hard", "main~1")
    world.repo.git("merge", "-q", "--ff-only", "side")


def no_verify(world: World) -> None:
    stage(world, STATE)
    world.repo.git("commit", "-q", "--no-verify", "-m", "past the hook")


def plumbing(world: World, *, staged: bool = False) -> None:
    if not staged:
        stage(world, STATE)
    made = world.git("commit-tree", "-p", "HEAD", "-m", "plumbing", world.repo.git("write-tree"))
    world.repo.git("update-ref", "refs/heads/main", made.out.strip())


@pytest.mark.parametrize("way", [cherry_pick, rebase, am, fast_forward, no_verify, plumbing])
def test_what_passes_the_client_is_refused_at_the_push(forked: World, way: Callable[[World], None]) -> None:
    before = forked.head
    way(forked)
    assert forked.head != before
    forked.guard_client(HookName.PRE_PUSH)
    forked.refused_push("main")
    forked.guard_server()
    said = forked.refused_push("--no-verify", "main")
    assert f"remote: {REFUSED}" in said


# -- settings that would blind a hook ------------------------------------------------------------------------

SETTINGS = {
    "diff.ignoreSubmodules": "all",
    "diff.relative": "true",
    "diff.renames": "copies",
    "diff.external": "true",
    "diff.orderFile": "/nowhere",
    "core.quotePath": "false",
    "core.commentChar": "p",
    "color.ui": "always",
    "core.fsmonitor": "/nowhere",
    "submodule.sub.ignore": "all",
    "core.precomposeUnicode": "true",
}
VARIABLES = {
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_GLOB_PATHSPECS": "1",
    "GIT_NOGLOB_PATHSPECS": "1",
    "GIT_ICASE_PATHSPECS": "1",
    "GIT_EXTERNAL_DIFF": "true",
    "GIT_DIFF_OPTS": "-u0",
    "KAS_STORE": "no-such-store",
}
BOTH = [f"docs/{STATE}", STATE]


@pytest.mark.parametrize("setting", [*SETTINGS, *VARIABLES, "gitmodules", "no identity"])
@pytest.mark.parametrize("mode", ["100644", "160000"])
def test_settings_do_not_blind_it(world: World, setting: str, mode: str) -> None:
    world.guard_client(*HookName)
    (world.path / "docs").mkdir()
    if setting == "gitmodules":
        names = "".join(
            f'[submodule "{path}"]\n\tpath = {path}\n\turl = ../x\n\tignore = all\n' for path in BOTH
        )
        world.write(".gitmodules", names)
        world.repo.git("add", ".gitmodules")
    elif setting in SETTINGS:
        world.repo.git("config", setting, SETTINGS[setting])
    elif setting in VARIABLES:
        world.extra[setting] = VARIABLES[setting]
    else:
        world.extra |= {
            f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")
        }
        Path(world.environment["HOME"], ".gitconfig").unlink()
    for path in BOTH:
        entry(world, mode, path)
    world.refused_commit("commit", "-m", "x", cwd=world.path / "docs")
    plumbing(world, staged=True)
    world.refused_push("HEAD:refs/heads/main")
    world.guard_server()
    world.refused_push("--no-verify", "HEAD:refs/heads/main")


def test_patterns_of_ones_own(tmp_path: Path, environment: dict[str, str]) -> None:
    world = make_world(tmp_path, environment)
    patterns = ("/docs/it's/*.lock", "secret")
    from guarded import OPTIONS

    install(world.path / ".git/hooks", HookName.PRE_COMMIT, options=OPTIONS._replace(patterns=patterns))
    for pattern in patterns:
        world.repo.git("config", "--add", "kas.guard.path", pattern)
    for path in ("docs/it's/a.lock", "x/SECRET/y"):
        stage(world, path)
        assert "kas.guard.path" in world.refused_commit()
        world.repo.git("rm", "-q", "--cached", path)
    stage(world, STATE)
    stage(world, "x/docs/it's/a.lock")
    assert world.git("commit", "-m", "these pass").status == 0
