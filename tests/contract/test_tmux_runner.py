"""The runner over tmux: what is in its way, and what a person sees."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.agents import RUN, Agents, agents, open_runner, wait_until
from git_kas.domain.run_ids import RunId
from git_kas.errors import ProgramFailed
from git_kas.ports.agent_runs import RunState
from git_kas_tmux.runner import session_name, socket_name


@pytest.fixture
def made(tmp_path: Path, environment: dict[str, str]) -> Iterator[Agents]:
    with agents("tmux", tmp_path, environment) as made:
        yield made


def sessions(made: Agents) -> list[str]:
    return made.tmux("list-sessions", "-F", "#{session_name}", check=False).split()


def test_names_that_tmux_leaves_as_they_are() -> None:
    ids = [
        "plain-W1-T2-1",
        "under_score",
        "a.b",
        "a:b",
        "a b",
        "-a",
        "_a",
        "=a",
        "x" * 255,
        "x" * 254,
        "ü",
        "\n",
    ]
    names = [session_name(RunId(text)) for text in ids]
    assert names[:2] == ids[:2]
    assert len(set(names)) == len(ids)
    for name in names:
        assert re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,99}", name)


def test_a_repository_has_one_server_by_whatever_path(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path)
    assert socket_name(str(tmp_path)) == socket_name(str(tmp_path / "link"))
    assert socket_name(str(tmp_path)) != socket_name(str(tmp_path / "other"))


def test_an_agent_has_the_terminal(made: Agents) -> None:
    made.start('test -t 0 && test -t 1 && test -t 2 && tty > tty; read -r line; echo "$line" > line; exit 2')
    assert made.written("tty").startswith("/dev/")
    made.tmux("send-keys", "-t", f"={RUN}:", "typed words", "Enter")
    assert made.written("line") == "typed words"
    assert made.exit_status() == 2


def test_keys_reach_the_agent_and_not_its_wrapper(made: Agents) -> None:
    made.start(
        "trap 'echo interrupted > caught' INT; echo > there; while [ ! -e caught ]; do sleep 0.01; done; exit 9"
    )
    made.written("there")
    made.tmux("send-keys", "-t", f"={RUN}:", "C-z")  # which would leave nobody to go on with it
    made.tmux("send-keys", "-t", f"={RUN}:", "C-c")
    assert made.written("caught") == "interrupted"
    assert made.exit_status() == 9


def test_what_went_wrong_stays_to_be_looked_at_and_nothing_else(made: Agents) -> None:
    ids = {name: RunId(name) for name in ("good", "bad", "killed", "stopped")}
    made.start("echo fine", ids["good"])
    made.start("echo what a pity; exit 3", ids["bad"])
    made.start("kill -KILL $$", ids["killed"])
    made.start("echo > there; exec sleep 600", ids["stopped"])
    made.written("there")
    made.runs.stop(ids["stopped"])
    for run_id in ids.values():
        made.exit_status(run_id)
    wait_until(lambda: sorted(sessions(made)) == ["bad", "killed"], "closing")
    panes = made.tmux("list-panes", "-a", "-F", "#{session_name} #{pane_dead} #{pane_dead_status}")
    wait_until(lambda: panes.split() == ["bad", "1", "3", "killed", "1", "137"], panes)
    assert made.tmux("capture-pane", "-p", "-S", "-", "-t", "=bad:").startswith("what a pity\n")
    made.tmux("kill-session", "-t", "=bad")
    made.tmux("kill-session", "-t", "=killed")
    wait_until(lambda: made.tmux("list-sessions", check=False) == "", "the end of the server")


@pytest.mark.parametrize("command", [("kill-session", "-t", f"={RUN}"), ("kill-server",)])
def test_a_session_that_is_killed(made: Agents, command: tuple[str, ...]) -> None:
    made.start("echo > there; exec sleep 600")
    made.written("there")
    made.tmux(*command)
    assert made.exit_status() == -int(signal.SIGHUP)


def test_a_server_that_is_killed_at_once(made: Agents) -> None:
    made.start("echo > there; exec sleep 600")
    made.written("there")
    os.kill(int(made.tmux("display-message", "-p", "#{pid}")), signal.SIGKILL)
    assert made.exit_status() == -int(signal.SIGHUP)
    made.start("exit 4", RunId("next"))
    assert made.exit_status(RunId("next")) == 4


def test_inside_of_another_tmux(made: Agents) -> None:
    made.environment |= {"TMUX": "/elsewhere/socket,1,0", "TMUX_PANE": "%7"}
    made.__post_init__()
    made.start("exit 4")
    assert made.exit_status() == 4


@pytest.mark.parametrize("left", ["sleep 600", "exit 1"])
def test_a_session_of_that_name_is_no_hindrance(made: Agents, left: str) -> None:
    """A user's own, or what is left of a start that failed before the run began."""
    made.start("exit 1", RunId("first"))  # so that the server has our configuration
    made.tmux("new-session", "-d", "-s", RUN, left)
    made.start("echo here > out; exit 5")
    assert made.written("out") == "here"
    assert made.exit_status() == 5
    assert RUN in sessions(made)


def test_where_tmux_is_not_installed(made: Agents, tmp_path: Path) -> None:
    argv = made.prepare("true")
    runner = open_runner("tmux", str(made.common_dir), {**made.environment, "PATH": str(tmp_path)})
    with pytest.raises(ProgramFailed, match="tmux is not on PATH") as raised:
        runner.start(RUN, argv, str(made.folder))
    assert "kas.runner process" in raised.value.next_step
    assert made.report().state is RunState.NEVER


def test_where_tmux_does_not_work(made: Agents, tmp_path: Path) -> None:
    argv = made.prepare("true")
    sockets = tmp_path / "no-folder"
    sockets.write_text("")
    runner = open_runner("tmux", str(made.common_dir), {**made.environment, "TMUX_TMPDIR": str(sockets)})
    with pytest.raises(ProgramFailed, match=RUN) as raised:
        runner.start(RUN, argv, str(made.folder))
    assert "kas.runner process" in raised.value.next_step


def test_the_users_own_server_and_configuration_are_not_touched(made: Agents) -> None:
    (Path(made.environment["HOME"]) / ".tmux.conf").write_text(
        "set-hook -g session-created 'kill-server'\nset -g default-command 'exit 9'\n"
    )
    made.start("echo > there; exec sleep 600")
    made.written("there")
    listed = subprocess.run(["tmux", "list-sessions"], env=made.environment, capture_output=True, check=False)
    assert listed.returncode != 0
    assert made.report().state is RunState.RUNNING


def test_the_hint_shows_the_agent_even_inside_of_tmux(made: Agents) -> None:
    run_id = RunId("a 'name'.1")
    made.start("echo look at me; exec sleep 600", run_id)
    made.wait_for(RunState.RUNNING, run_id)
    outer = ["tmux", "-L", "outer", "-f", "/dev/null"]
    environment = {**made.environment, "TERM": "xterm-256color"}
    hint = made.runner.attach_hint(run_id)
    assert shlex.split(hint)[:3] == ["env", "-u", "TMUX"]
    subprocess.run([*outer, "new-session", "-d", "-x", "120", "-y", "20", hint], env=environment, check=True)
    try:
        wait_until(
            lambda: (
                b"look at me"
                in subprocess.run(
                    [*outer, "capture-pane", "-p"], env=environment, capture_output=True, check=True
                ).stdout
            ),
            "the agent's words",
        )
    finally:
        subprocess.run([*outer, "kill-server"], env=environment, check=False)
