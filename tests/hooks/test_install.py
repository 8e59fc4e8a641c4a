"""Installing beside what is there, in every kind of place, and taking away without a trace."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from hooks.worlds import NOBODY, STATE, HookWorld, Seen, snapshot

HOOKS = ("pre-commit", "pre-merge-commit", "pre-push")


def test_a_hook_by_hand_keeps_running_and_comes_back(world: HookWorld) -> None:
    for hook in HOOKS:
        world.write_hook(hook)
    before = snapshot(world.hooks)
    reference = [world.commit("a.txt"), world.merge(), world.push()]
    assert [seen.status for seen in reference] == [0, 0, 0]
    assert world.troubles() == ["not_installed"]
    assert [row["effect"] for row in world.install()] == ["installed"] * 3
    installed = snapshot(world.hooks)
    assert {f"{hook}.chained-by-git-kas" for hook in HOOKS} | set(HOOKS) == set(installed)
    seen = [world.commit("b.txt"), world.merge(), world.push()]
    assert [one.status for one in seen] == [0, 0, 0]
    assert seen[:2] == reference[:2]
    assert seen[2].log.split()[:3] == reference[2].log.split()[:3]
    world.check_guarded()
    assert [row["effect"] for row in world.install()] == ["unchanged"] * 3
    assert snapshot(world.hooks) == installed
    removed = world.kas("uninstall", "--json").data
    assert [row["effect"] for row in removed] == ["restored"] * 3
    assert snapshot(world.hooks) == before
    assert not world.refuses_commit()
    assert world.kas("uninstall", "--json").data == []
    assert snapshot(world.hooks) == before


@pytest.mark.parametrize("status", [0, 1, 3, 77])
@pytest.mark.parametrize("hook", ["pre-push", "pre-receive"])
def test_arguments_input_and_exit_status_are_kept(world: HookWorld, hook: str, status: int) -> None:
    path = world.write_hook(hook)
    tip = world.repo.git("rev-parse", "HEAD")
    line = f"{NOBODY} {tip} refs/heads/x" if hook == "pre-receive" else f"HEAD~0 {tip} refs/heads/x {NOBODY}"
    lines = f"{line}\n".encode()
    world.end_with(status)
    arguments = ("a remote", "file:///x y", "*", "") if hook == "pre-push" else ()
    for stdin in (lines, lines * 3, b""):
        reference = world.call(path, *arguments, stdin=stdin, cwd=world.top / ".git")
        assert reference.status == status
        world.install("--hook", hook)
        assert world.call(path, *arguments, stdin=stdin, cwd=world.top / ".git") == reference
        assert world.kas("uninstall").status == 0


def test_one_that_git_does_not_run_stays_so(world: HookWorld) -> None:
    world.write_hook("pre-commit", mode=0o644)
    before = snapshot(world.hooks)
    world.install()
    assert world.commit("a.txt") == Seen(0, "")
    assert world.refuses_commit()
    assert world.kas("uninstall").status == 0
    assert snapshot(world.hooks) == before


@pytest.mark.parametrize("target", ["../../scripts/hook", "somewhere-else", "/nowhere"])
def test_links(world: HookWorld, target: str) -> None:
    (world.top / "scripts").mkdir()
    world.write_hook("hook", "linked", world.top / "scripts")
    world.write_hook("somewhere-else", "linked")
    (world.hooks / "pre-commit").symlink_to(target)
    before = snapshot(world.hooks)
    reference = world.commit("a.txt")
    assert reference == Seen(0, "" if target == "/nowhere" else "linked\n")
    world.install()
    assert world.commit("b.txt") == reference
    assert world.refuses_commit()
    assert world.kas("uninstall").status == 0
    assert snapshot(world.hooks) == before


def test_other_hooks_that_are_links_to_it(world: HookWorld) -> None:
    world.write_hook("pre-commit")
    (world.hooks / "commit-msg").symlink_to("pre-commit")
    before = snapshot(world.hooks)
    refused = world.kas("install")
    assert refused.status == 8
    assert "commit-msg" in refused.err
    assert snapshot(world.hooks) == before
    assert world.kas("install", "--hook", "pre-push").status == 0


@pytest.mark.parametrize(
    ("shebang", "looks"),
    [("/bin/sh", 'basename "$0"'), ("/usr/bin/env bash", "basename $0"), ("/bin/sh -e", "n")],
)
def test_a_hook_that_looks_at_its_own_name(world: HookWorld, shebang: str, looks: str) -> None:
    path = world.hooks / "pre-commit"
    name = f"$({looks})" if looks != "n" else "${0##*/}"
    path.write_text(
        f'#!{shebang}\necho "$(dirname "$0") {name}" >> "{world.log}"\nexec "{world.recorder}" x "$@"\n'
    )
    path.chmod(0o755)
    before = snapshot(world.hooks)
    reference = world.commit("a.txt")
    assert reference == Seen(0, ".git/hooks pre-commit\nx\n")
    world.install()
    assert world.commit("b.txt") == reference
    world.end_with(9)
    assert world.call(path) == Seen(9, f"{world.hooks} pre-commit\nx\n")
    world.end_with(0)
    world.check_guarded()
    assert world.kas("uninstall").status == 0
    assert snapshot(world.hooks) == before


def test_folders_that_are_missing_or_linked(world: HookWorld) -> None:
    elsewhere = world.folder / "elsewhere"
    world.hooks.rename(elsewhere)
    world.install()
    world.check_guarded()
    assert world.kas("uninstall").status == 0
    assert not world.hooks.exists()
    world.hooks.symlink_to(elsewhere)
    before = snapshot(elsewhere)
    world.install()
    assert world.hooks.is_symlink()
    world.check_guarded()
    assert world.kas("uninstall").status == 0
    assert snapshot(elsewhere) == before


def test_something_else_in_the_way(world: HookWorld) -> None:
    (world.hooks / "pre-push").mkdir()
    before = snapshot(world.hooks)
    refused = world.kas("install", "--json")
    assert refused.status == 4
    assert "pre-push is no file" in refused.json()["error"]["message"]
    assert snapshot(world.hooks) == before


def test_a_path_with_anything_in_it(tmp_path: Path, environment: dict[str, str]) -> None:
    world = HookWorld(tmp_path / "a 'quoted'\nplace", environment, 'the "repo" $x')
    world.write_hook("pre-commit")
    world.install()
    world.check_guarded()
    assert world.kas("uninstall").status == 0


def test_linked_worktrees_share_hooks(world: HookWorld) -> None:
    linked = world.repo.worktree("linked")
    world.install(cwd=linked)
    assert world.refuses_commit(cwd=linked)
    world.check_guarded()
    assert world.troubles(cwd=linked) == []
    assert world.kas("uninstall").status == 0
    assert not world.refuses_commit(cwd=linked)


def test_a_submodule_has_hooks_of_its_own(
    world: HookWorld, tmp_path: Path, environment: dict[str, str]
) -> None:
    other = HookWorld(tmp_path / "other", environment)
    world.repo.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other.top), "sub")
    inside = world.top / "sub"
    world.install(cwd=inside)
    assert world.refuses_commit(cwd=inside)
    assert not world.refuses_commit()
    assert world.kas("uninstall", cwd=inside).status == 0
    assert not world.refuses_commit(cwd=inside)


def test_a_bare_repository_needs_the_server_hook(world: HookWorld) -> None:
    refused = world.kas("install", cwd=world.remote)
    assert refused.status == 2
    assert "--server" in refused.err
    assert world.states(cwd=world.remote)["pre-receive"]["force"] == "inactive"
    before = snapshot(world.remote / "hooks")
    world.write_hook("pre-receive", folder=world.remote / "hooks")
    world.install("--server", cwd=world.remote)
    assert world.states(cwd=world.remote)["pre-receive"]["force"] == "active"
    assert world.refuses_push()
    assert world.commit("a.txt").status == 0
    pushed = world.push()
    assert pushed.status == 0
    tip = world.repo.git("rev-parse", "HEAD")
    assert pushed.log == f"mine-pre-receive\n{NOBODY} {tip} refs/heads/pushed-0\n"
    assert world.kas("uninstall", cwd=world.remote).status == 0
    (world.remote / "hooks/pre-receive").unlink()
    assert snapshot(world.remote / "hooks") == before


def test_an_edited_hook_is_left(world: HookWorld) -> None:
    world.install()
    path = world.hooks / "pre-push"
    path.write_text(path.read_text() + "echo more\n")
    before = snapshot(world.hooks)
    for command in ("install", "uninstall"):
        refused = world.kas(command)
        assert refused.status == 8
        assert "changed by somebody" in refused.err
        assert "pre-push.chained-by-git-kas" in refused.err
        assert snapshot(world.hooks) == before
    assert world.troubles("pre-push")[0] == "edited"
    assert world.kas("uninstall", "--hook", "pre-commit", "--hook", "pre-merge-commit").status == 0
    assert set(snapshot(world.hooks)) == {"pre-push"}


def test_patterns_are_renewed(world: HookWorld) -> None:
    world.write_hook("pre-commit")
    world.install()
    world.repo.git("config", "--add", "kas.guard.path", "secret/*.txt")
    assert world.troubles() == ["other_patterns"]
    assert world.kas("status").status == 1
    assert [row["effect"] for row in world.install()] == ["renewed"] * 3
    assert world.kas("status").status == 0
    assert world.commit("secret/a.txt").status != 0
    assert world.commit("x/a.txt") == Seen(0, "mine-pre-commit\n")


def test_an_older_one_is_replaced(world: HookWorld) -> None:
    from git_kas.domain.hooks import HookName, ShimOptions
    from git_kas_hooks.shims import shim

    world.write_hook("pre-commit", folder=world.hooks).rename(world.chained("pre-commit"))
    old = world.hooks / "pre-commit"
    old.write_bytes(shim(HookName.PRE_COMMIT, ShimOptions((STATE,), reader="/bin/sh")))
    old.chmod(0o755)
    assert "outdated" in world.troubles()
    assert [row["effect"] for row in world.install("--hook", "pre-commit")] == ["renewed"]
    assert world.commit("a.txt") == Seen(0, "mine-pre-commit\n")


def test_local_hooks_path(world: HookWorld) -> None:
    own = world.top / "tools/git hooks"
    world.write_hook("pre-commit", folder=own)
    world.repo.git("config", "core.hooksPath", "./tools/git hooks/")
    before = snapshot(own)
    said = world.kas("install")
    assert said.status == 0
    assert "shared through Git" in said.err
    assert b"program='/" not in (own / "pre-commit").read_bytes()
    world.check_guarded()
    assert world.states()["pre-commit"]["place"] == "local-path"
    subfolder = world.top / "docs"
    subfolder.mkdir(exist_ok=True)
    assert world.troubles(cwd=subfolder) == []
    linked = world.repo.worktree("linked")
    assert world.troubles(cwd=linked) == ["not_installed"]
    assert world.kas("uninstall").status == 0
    assert snapshot(own) == before
    assert not (set(HOOKS) & set(snapshot(world.hooks)))


def test_hooks_path_that_is_set_later(world: HookWorld) -> None:
    world.install()
    own = world.folder / "outside"
    own.mkdir()
    world.repo.git("config", "core.hooksPath", str(own))
    assert not world.refuses_commit()
    assert world.troubles() == ["other_folder"]
    said = world.kas("install")
    assert said.status == 0
    assert "outside of this repository" in said.err
    world.check_guarded()
    assert world.kas("uninstall").status == 0
    assert snapshot(own) == {}
    assert not (set(HOOKS) & set(snapshot(world.hooks)))


def test_hooks_path_of_a_worktree(world: HookWorld) -> None:
    linked = world.repo.worktree("linked")
    world.repo.git("config", "extensions.worktreeConfig", "true")
    own = world.folder / "own"
    world.repo.git("config", "--worktree", "core.hooksPath", str(own), cwd=linked)
    world.install(cwd=linked)
    assert world.states(cwd=linked)["pre-commit"]["place"] == "worktree-path"
    assert world.refuses_commit(cwd=linked)
    assert not world.refuses_commit()
    assert world.troubles() == ["not_installed"]
    assert world.kas("uninstall", cwd=linked).status == 0
    assert not own.exists()


def test_hooks_path_of_all_repositories(world: HookWorld) -> None:
    world.repo.git("config", "--global", "core.hooksPath", "~/all hooks")
    shared = Path(world.environment["HOME"]) / "all hooks"
    world.write_hook("pre-commit", folder=shared)
    before = snapshot(shared)
    refused = world.kas("install")
    assert refused.status == 2
    assert "every repository" in refused.err
    assert "--shared" in refused.err
    assert snapshot(shared) == before
    assert world.states()["pre-commit"]["folder"] == str(shared)
    world.install("--shared")
    world.check_guarded()
    assert "--shared" in world.kas("uninstall").err
    assert world.refuses_commit()
    assert world.kas("uninstall", "--shared").status == 0
    assert snapshot(shared) == before


def test_hooks_path_of_one_command_and_of_nothing(world: HookWorld) -> None:
    given = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "core.hooksPath", "GIT_CONFIG_VALUE_0": "/tmp/x"}
    assert world.kas("install", env=given).status == 2
    world.repo.git("config", "core.hooksPath", "")
    refused = world.kas("install")
    assert refused.status == 2
    assert "core.hooksPath is empty" in refused.err
    world.repo.git("config", "core.hooksPath", os.devnull)
    assert world.troubles() == ["not_installed"]
    assert world.kas("install").status == 4


def test_a_printed_hook_works_in_a_folder_of_a_forge(world: HookWorld) -> None:
    printed = world.kas("install", "--print", "pre-receive")
    assert printed.status == 0
    folder = world.remote / "hooks/pre-receive.d"
    folder.mkdir(parents=True)
    (folder / "git-kas").write_text(printed.out)
    (folder / "git-kas").chmod(0o755)
    dispatcher = world.remote / "hooks/pre-receive"
    dispatcher.write_text(
        '#!/bin/sh\nlines=$(cat)\nfor one in "$0.d"/*; do echo "$lines" | "$one" || exit 1; done\n'
    )
    dispatcher.chmod(0o755)
    assert world.refuses_push()
    assert world.commit("a.txt").status == 0
    assert world.push().status == 0
    assert world.kas("install", "--print", "pre-receive", "--json").data["script"] == printed.out


def test_outside_of_a_repository(world: HookWorld, tmp_path: Path) -> None:
    for command in ("install", "status", "uninstall"):
        assert world.kas(command, cwd=tmp_path).status == 3
    assert world.kas("install", "--hook", "post-commit").status == 2
    assert world.kas("install", "--hook", "update", "--server").status == 2


def test_two_at_once(world: HookWorld) -> None:
    from support import GIT_KAS

    world.write_hook("pre-commit")
    before = snapshot(world.hooks)
    for command in ("install", "uninstall"):
        running = [
            subprocess.Popen(
                [str(GIT_KAS), "hooks", command],
                cwd=world.top,
                env=world.environment,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
            for _ in range(4)
        ]
        for process in running:
            _, errors = process.communicate(timeout=60)
            assert process.returncode == 0, errors
        if command == "install":
            world.check_guarded()
    assert snapshot(world.hooks) == before
