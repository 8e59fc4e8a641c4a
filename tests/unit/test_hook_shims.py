"""The text of shims: made, recognised, and what of it chains."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_kas.domain.hook_layouts import CHAINED_SUFFIX
from git_kas.domain.hooks import HookName, HookSide, OwnShim, ShimOptions
from git_kas.errors import InvalidName
from git_kas_hooks.shims import SHIM_VERSION, recognise, shim
from support import Repo

OPTIONS = ShimOptions(("plan-state.json",))
SHELLS = [shell for shell in ("dash", "bash", "zsh", "busybox") if shutil.which(shell)]


@pytest.mark.parametrize("hook", HookName)
def test_recognised_as_it_was_made(hook: HookName) -> None:
    options = ShimOptions(("a", "it's/a b"), "/odd path/@SPECS@/git-kas", shell=True)  # noqa: S604 - a value
    assert recognise(shim(hook, options)) == OwnShim(hook, SHIM_VERSION, intact=True, options=options)


@pytest.mark.parametrize("hook", HookName)
@pytest.mark.parametrize("edit", ["appended", "removed", "changed", "crlf"])
def test_edited(hook: HookName, edit: str) -> None:
    made = shim(hook, OPTIONS)
    edits = {
        "appended": made + b"\n",
        "removed": made[:-1],
        "changed": made.replace(b"exit", b"true", 1),
        "crlf": made.replace(b"\n", b"\r\n"),
    }
    found = recognise(edits[edit])
    assert found is not None
    assert (found.hook, found.intact) == (hook, False)


def test_earlier_version_is_recognised() -> None:
    """Its first lines are all that must stay as they are."""
    made = shim(HookName.UPDATE, OPTIONS).replace(b"update 1 sha256", b"update 0 sha256", 1)
    assert recognise(made) == OwnShim(HookName.UPDATE, 0, intact=True, options=OPTIONS)


@given(st.binary(max_size=300))
def test_other_files_are_not_ours(data: bytes) -> None:
    assert recognise(data) is None
    assert recognise(b"#!/bin/sh\n" + data) is None


@given(st.binary(max_size=80))
def test_whatever_follows_our_first_lines_is_never_taken_for_ours(data: bytes) -> None:
    first = b"\n".join(shim(HookName.UPDATE, OPTIONS).split(b"\n")[:2])
    found = recognise(first + b"\n" + data)
    assert found is not None
    assert not found.intact


@pytest.mark.parametrize("patterns", [(), ("a[b]",), ("",), ("../x",)])
def test_what_cannot_be_guarded_is_refused(patterns: tuple[str, ...]) -> None:
    with pytest.raises(InvalidName):
        shim(HookName.PRE_COMMIT, ShimOptions(patterns))


@pytest.mark.parametrize("hook", HookName)
@pytest.mark.parametrize("shell", SHELLS)
def test_shells_can_read_it(hook: HookName, shell: str, tmp_path: Path) -> None:
    path = tmp_path / hook
    path.write_bytes(shim(hook, ShimOptions(('it\'s `odd` $(x) "y"',), "/it's $x/git-kas")))
    command = ["busybox", "sh"] if shell == "busybox" else [shell]
    subprocess.run([*command, "-n", str(path)], check=True)


def test_sides() -> None:
    client = {hook for hook in HookName if hook.side is HookSide.CLIENT}
    assert client == {HookName.PRE_COMMIT, HookName.PRE_MERGE_COMMIT, HookName.PRE_PUSH}
    assert {hook for hook in HookName if hook.reads_lines} == {HookName.PRE_PUSH, HookName.PRE_RECEIVE}


# -- the chained hook ----------------------------------------------------------------------------------------

ARGUMENTS = {HookName.PRE_PUSH: ["origin", "some url"], HookName.UPDATE: ["refs/heads/x", "{old}", "{new}"]}
INPUTS = {
    HookName.PRE_PUSH: "refs/heads/main {new} refs/heads/main {old}\n",
    HookName.PRE_RECEIVE: "{old} {new} refs/heads/main\n",
}


def run_hook(repo: Repo, hook: HookName, environment: dict[str, str], *runner: str) -> tuple[int, bytes]:
    names = {"old": repo.git("rev-parse", "HEAD~1"), "new": repo.git("rev-parse", "HEAD")}
    finished = subprocess.run(
        [*runner, f".git/hooks/{hook}", *(word.format(**names) for word in ARGUMENTS.get(hook, []))],
        cwd=repo.path,
        env={**environment, "GIT_DIR": ".git"},
        input=INPUTS.get(hook, "").format(**names).encode(),
        stdout=subprocess.PIPE,
        check=False,
    )
    return finished.returncode, finished.stdout


def write_hooks(repo: Repo, hook: HookName, script: str, mode: int, *, by_shell: bool = False) -> None:
    folder = repo.path / ".git/hooks"
    folder.mkdir(exist_ok=True)
    (folder / hook).write_bytes(shim(hook, OPTIONS._replace(shell=by_shell)))
    (folder / hook).chmod(0o755)
    (folder / f"{hook}{CHAINED_SUFFIX}").write_text(script)
    (folder / f"{hook}{CHAINED_SUFFIX}").chmod(mode)


@pytest.fixture
def history(repo: Repo) -> Repo:
    repo.commit("second")
    return repo


@pytest.mark.parametrize("hook", HookName)
@pytest.mark.parametrize("runner", [(), ("sh",), ("sh", "-e")])
@pytest.mark.parametrize("status", [0, 7])
def test_chained_hook_gets_what_git_gives_and_its_status_counts(
    history: Repo, hook: HookName, environment: dict[str, str], runner: tuple[str, ...], status: int
) -> None:
    script = f'#!/bin/sh\nprintf "%s|" "$#" "$@"\ncat\nexit {status}\n'
    write_hooks(history, hook, script, 0o755)
    direct = history.path / ".git/hooks" / f"{hook}-alone"
    direct.write_text(script)
    direct.chmod(0o755)
    expected = run_hook(history, hook, environment, "sh", "-c", 'x=$1; shift; exec "$x-alone" "$@"', "-")
    assert expected[0] == status
    assert run_hook(history, hook, environment, *runner) == expected


@pytest.mark.parametrize("hook", HookName)
def test_chained_hook_that_is_not_executable_does_not_run(
    history: Repo, hook: HookName, environment: dict[str, str]
) -> None:
    write_hooks(history, hook, "echo ran; exit 1\n", 0o644)
    assert run_hook(history, hook, environment) == (0, b"")


@pytest.mark.parametrize("hook", [HookName.PRE_COMMIT, HookName.PRE_PUSH])
def test_chained_hook_that_the_shell_runs(history: Repo, hook: HookName, environment: dict[str, str]) -> None:
    """As husky runs its files: sh -e, executable or not."""
    write_hooks(history, hook, "echo ran\nfalse\necho never\n", 0o644, by_shell=True)
    assert run_hook(history, hook, environment, "sh", "-e") == (1, b"ran\n")


def test_chained_hook_that_does_not_read(history: Repo, environment: dict[str, str]) -> None:
    write_hooks(history, HookName.PRE_RECEIVE, "#!/bin/sh\nexit 0\n", 0o755)
    assert run_hook(history, HookName.PRE_RECEIVE, environment) == (0, b"")


def test_chained_hook_keeps_the_environment(history: Repo, environment: dict[str, str]) -> None:
    write_hooks(history, HookName.PRE_COMMIT, "#!/bin/sh\nenv\n", 0o755)
    given = {**environment, "GIT_LITERAL_PATHSPECS": "1", "GIT_QUARANTINE_PATH": "q"}
    _, out = run_hook(history, HookName.PRE_COMMIT, given)
    assert b"GIT_LITERAL_PATHSPECS=1\n" in out
    assert b"GIT_NO_REPLACE_OBJECTS" not in out


@pytest.mark.parametrize("hook", [HookName.PRE_COMMIT, HookName.PRE_MERGE_COMMIT])
def test_what_a_chained_hook_stages_is_seen(history: Repo, hook: HookName, environment: dict[str, str]) -> None:
    write_hooks(
        history, hook, "#!/bin/sh\necho x >plan-state.json\ngit --work-tree=. add plan-state.json\n", 0o755
    )
    status, out = run_hook(history, hook, environment)
    assert status == 1
    assert out.startswith(b"git-kas: refused: ")
