"""What ``git kas hooks status`` tells a person."""

from __future__ import annotations

from hooks.worlds import HookWorld


def test_what_passes_by_is_always_said(world: HookWorld) -> None:
    world.install()
    said = world.kas("status")
    assert (said.status, said.err) == (0, "")
    for words in ("asked to skip hooks", "cherry-pick", "rebase", "fast-forward", "cannot be seen from here"):
        assert words in said.out
    assert [line.split()[:2] for line in said.out.splitlines()[1:4]] == [
        ["pre-commit", "active"],
        ["pre-merge-commit", "active"],
        ["pre-push", "active"],
    ]


def test_what_is_wrong_comes_with_what_to_do(world: HookWorld) -> None:
    world.install()
    (world.hooks / "pre-commit").chmod(0o644)
    said = world.kas("status")
    assert said.status == 1
    assert (
        "pre-commit: the file is not executable, so that Git passes it by.\n  To do: git kas hooks" in said.out
    )
    world.install()
    assert world.kas("status").status == 0


def test_a_hook_that_finds_no_git_kas_refuses_what_is_in_doubt(world: HookWorld) -> None:
    world.install()
    path = world.hooks / "pre-commit"
    program = next(line for line in path.read_text().splitlines() if "program='/" in line).split("'")[1]
    moved = world.folder / "git-kas"
    moved.symlink_to(program)
    made_with = world.run(moved, "hooks", "install")
    assert made_with.status == 0
    assert str(moved) in path.read_text()
    moved.unlink()
    nowhere = {"PATH": "/usr/bin:/bin"}
    assert world.run(program, "hooks", "status", env=nowhere).status == 1
    (world.top / "plan-state.json").write_text("{}\n")
    world.ok("git", "add", "-f", "plan-state.json")
    refused = world.run("git", "commit", "-qm", "x", env=nowhere)
    assert refused.status != 0
    assert "git-kas" in refused.err
    world.ok("git", "reset", "-q")
    (world.top / "other.txt").write_text("x\n")
    world.ok("git", "add", "other.txt")
    assert world.run("git", "commit", "-qm", "x", env=nowhere).status == 0


def test_other_hooks_of_ours_are_shown(world: HookWorld) -> None:
    world.install("--hook", "update")
    states = world.states()
    assert states["update"]["force"] == "active"
    assert states["pre-commit"]["force"] == "inactive"
    assert list(world.states("--hook", "pre-receive")) == ["pre-receive"]
