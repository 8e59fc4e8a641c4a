"""Runs of agents under each runner, with real processes: what begins, with what, and how it ends."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.agents import PATIENCE, RUN, RUNNERS, Agents, agents, wait_until
from git_kas.domain.run_ids import RunId
from git_kas.domain.timestamps import nanoseconds_of
from git_kas.errors import ProgramFailed
from git_kas.ports.agent_runs import RunReport, RunState

RACERS = 8
ODD_NAMES = (
    "with a space", "two\nlines", "tab\tand \x1b[1m", "größer 計画", "'single' \"double\" `back`", "-dash",
    "--", "$(touch pwned) $HOME", "#(touch pwned)", "ends;", ";", "a.b:c.1", "=exact", "@1", "%2", "*", "~",
    "x" * 255, "é" * 127,
)  # fmt: skip
PREAMBLE = """
import json, os, sys, time
from contract.agents import open_runner
from git_kas.domain.run_ids import RunId
kind, common_dir, run_id, argv, folder = json.loads(sys.argv[1])
runner = open_runner(kind, common_dir, os.environ)
"""
SURVIVED = """
runner.start(RunId(run_id), argv, folder)
print("started", flush=True)
time.sleep(600)
"""
RACING = f"""
ready, tell_ready = os.pipe()
wait_for_go, go = os.pipe()
children = []
for number in range({RACERS}):
    if not (child := os.fork()):
        try:
            os.write(tell_ready, b".")
            os.read(wait_for_go, 1)
            runner.start(RunId(run_id), argv, folder)
        except BaseException:
            os._exit(1)
        os._exit(0)
    children.append(child)
there = 0
while there < {RACERS}:
    there += len(os.read(ready, 100))
os.write(go, b"." * {RACERS})
print([os.waitpid(child, 0)[1] for child in children])
"""


@pytest.fixture(params=RUNNERS)
def made(request: pytest.FixtureRequest, tmp_path: Path, environment: dict[str, str]) -> Iterator[Agents]:
    with agents(request.param, tmp_path, environment) as made:
        yield made


@pytest.mark.parametrize(
    ("command", "status"),
    [
        ("true", 0),
        ("exit 1", 1),
        ("exit 255", 255),
        ("no-such-program-anywhere", 127),
        ("kill -KILL $$", -9),
        ("kill -SEGV $$", -11),
        ("sh -c 'kill -KILL $$'; exit $?", 137),
        ("a command\0of two", 127),
    ],
)
def test_the_exit_status(made: Agents, command: str, status: int) -> None:
    assert made.report() == RunReport(RunState.NEVER)
    made.start(command)
    report = made.wait_for(RunState.EXITED)
    assert report.status == status
    assert nanoseconds_of(report.began) < nanoseconds_of(report.ended)


def test_a_run_is_running_as_long_as_its_agent_is(made: Agents) -> None:
    made.start("mkfifo go; echo > there; read _ < go; exit 5")
    made.written("there")
    report = made.report()
    assert (report.state, report.status, report.ended) == (RunState.RUNNING, None, "")
    assert nanoseconds_of(report.began)
    (made.folder / "go").write_text("go\n")
    assert made.exit_status() == 5
    assert made.report().began == report.began


def test_a_folder_that_is_gone(made: Agents) -> None:
    argv = made.prepare("true")
    made.folder.rmdir()
    with pytest.raises(ProgramFailed):
        made.runner.start(RUN, argv, str(made.folder))
    assert made.report().state is RunState.NEVER
    subprocess.run(argv, env=made.environment, check=False, stdin=subprocess.DEVNULL)
    assert made.report().status == 127


def run_script(made: Agents, script: str, argv: list[str]) -> subprocess.Popen[bytes]:
    """Start a script of the above with the runner's kind and what to start."""
    given = json.dumps([made.kind, str(made.common_dir), RUN, argv, str(made.folder)])
    return subprocess.Popen(
        [sys.executable, "-c", PREAMBLE + script, given],
        env={**made.environment, "PYTHONPATH": str(Path(__file__).parents[1])},
        stdout=subprocess.PIPE,
        start_new_session=True,
    )


def test_of_many_starts_one_runs_the_command(made: Agents) -> None:
    argv = made.prepare("echo $$ >> count; sleep 0.3")
    with run_script(made, RACING, argv) as racers:
        assert racers.communicate(timeout=PATIENCE)[0].decode() == f"{[0] * RACERS}\n"
    assert made.exit_status() == 0
    made.runner.start(RUN, argv, str(made.folder))
    wait_until(made.is_free, "the end of all that was started")
    assert len((made.folder / "count").read_text().split()) == 1


def test_preparing_again_changes_nothing(made: Agents) -> None:
    first = made.prepare("echo first > out", prompt="one")
    assert made.prepare("echo second > out", prompt="two") == first
    made.runner.start(RUN, first, str(made.folder))
    assert made.exit_status() == 0
    assert made.written("out") == "first"
    assert made.file(RUN, "prompt.md").read_text() == "one"
    assert os.listdir(made.common_dir / "kas/runs.unfinished") == []


def test_it_survives_whoever_started_it(made: Agents) -> None:
    argv = made.prepare("mkfifo go; echo > there; read _ < go; exit 6")
    with run_script(made, SURVIVED, argv) as starter:
        assert starter.stdout is not None
        assert starter.stdout.readline() == b"started\n"
        made.written("there")
        os.killpg(starter.pid, signal.SIGKILL)
    assert made.report().state is RunState.RUNNING
    (made.folder / "go").write_text("go\n")
    assert made.exit_status() == 6


def test_the_environment_of_an_agent(made: Agents) -> None:
    bound = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY")
    own = {"KAS_ROLE": "coder", "KAS_PEERS": "two\nlines", "KAS_TASK": "'1' \"$HOME\" `x` ü", "KAS_EMPTY": ""}
    kept = made.environment | {"KAS_ACTOR": "user", "MINE": "\udcff;", "TMUX": "/elsewhere,1,0", "TERM": "dumb"}
    withheld = dict.fromkeys(bound, "/elsewhere") | {"KAS_TOKEN": "s3cret", "KAS_TOKEN_FILE": "/s3cret"}
    made.environment |= kept | withheld
    made.__post_init__()
    made.start("env -0 > environment", variables=own)
    assert made.exit_status() == 0
    found = (made.folder / "environment").read_bytes().decode("utf-8", "surrogateescape")
    variables = dict(line.split("=", 1) for line in found.split("\0") if line)
    expected = kept | own | {"KAS_ACTOR": "agent", "KAS_PROMPT_FILE": str(made.file(RUN, "prompt.md"))}
    set_by_the_shell = {"PWD": str(made.folder)}
    if made.kind == "tmux":
        assert variables["TMUX"].startswith(made.environment["TMUX_TMPDIR"])
        assert variables["TERM"].startswith(("screen", "tmux"))
        terminals = ("TERM", "TERM_PROGRAM", "TERM_PROGRAM_VERSION", "TMUX", "TMUX_PANE")
        expected |= {name: variables[name] for name in terminals}
    assert variables == expected | set_by_the_shell


def test_nothing_of_a_run_is_for_others(made: Agents) -> None:
    made.environment["KAS_TOKEN"] = "s3cret"  # noqa: S105 - that is the point
    made.environment["API_KEY"] = "precious"
    made.__post_init__()
    made.start("mkfifo go; echo $$ > there; read _ < go", prompt="quiet")
    processes = (made.wrapper(), made.written("there"))
    folder = made.file(RUN, "lock").parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600, path
        assert b"precious" not in path.read_bytes(), path
    for process in processes:
        for place in (f"/proc/{process}/cmdline", f"/proc/{process}/environ"):
            assert b"s3cret" not in Path(place).read_bytes()
        assert b"precious" not in Path(f"/proc/{process}/cmdline").read_bytes()
    if made.kind == "tmux":
        server = made.tmux("display-message", "-p", "#{pid}")
        assert b"s3cret" not in Path(f"/proc/{server}/environ").read_bytes()
        assert "s3cret" not in made.tmux("show-environment", "-g")


def test_names_of_all_kinds(made: Agents) -> None:
    made.folder = made.folder / "#{pid} #(touch pwned) 'x' \"y\" ;"
    made.folder.mkdir()
    made.__post_init__()
    for number, name in enumerate(ODD_NAMES):
        made.start(f"pwd > {number}; exit {number}", RunId(name))
    for number, name in enumerate(ODD_NAMES):
        assert made.exit_status(RunId(name)) == number
        assert made.written(str(number)) == str(made.folder)
    assert list(made.folder.parent.rglob("pwned")) == []


def test_a_long_prompt(made: Agents) -> None:
    prompt = "line of it, ünï 計画\n" * 60_000
    made.start('cmp "$KAS_PROMPT_FILE" expected && echo same > result', prompt=prompt)
    (made.folder / "expected").write_text(prompt)  # the agent may be quicker
    made.exit_status()
    assert made.file(RUN, "prompt.md").read_text() == prompt
    made.start('cmp "$KAS_PROMPT_FILE" expected', RunId("again"), prompt=prompt)
    assert made.exit_status(RunId("again")) == 0


def test_what_a_process_prints_is_kept(tmp_path: Path, environment: dict[str, str]) -> None:
    with agents("process", tmp_path, environment) as made:
        assert made.runner.attach_hint(RUN) == ""
        made.start("cat; echo out; echo err >&2")
        made.exit_status()
        assert made.file(RUN, "log").read_text() == "out\nerr\n"
        assert made.runner.attach_hint(RUN) == f"tail -n +1 -f {made.file(RUN, 'log')}"


def test_many_reports_start_nothing(made: Agents) -> None:
    ids = [RunId(f"plan-W1-T{number}-1") for number in range(300)]
    made.start("sleep 600", ids[7])
    made.wait_for(RunState.RUNNING, ids[7])
    reports = made.runs.reports(ids)
    assert {run_id for run_id, report in reports.items() if report.state is not RunState.NEVER} == {ids[7]}
    assert list(reports) == ids
