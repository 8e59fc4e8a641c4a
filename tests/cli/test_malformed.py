"""Whatever is typed or stored: one clear sentence, the right exit status, and a harmless output."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import signal
import subprocess
import sys
import termios
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import pytest

from git_kas.cli.main import main
from support import GIT_KAS, Finished, Repo, Run, heed_interrupts


class Mistyped(NamedTuple):
    """A command line, its exit status and code, and what its complaint must name."""

    arguments: tuple[str, ...]
    named: tuple[str, ...]
    status: int = 2
    code: str = "usage"


MISTYPED = {
    "unknown command": Mistyped(("frobnicate",), ("'frobnicate'", "git kas -h")),
    "command with a slip": Mistyped(("tirage",), ("'tirage'", "Did you mean", "git kas triage")),
    "another slip": Mistyped(("plugin",), ("'plugin'", "git kas plugins")),
    "empty command": Mistyped(("",), ("''",)),
    "option for a command": Mistyped(("--frob",), ("'--frob'",)),
    "group alone": Mistyped(("plan",), ("git kas plan", "list")),
    "unknown subcommand": Mistyped(("plan", "lst"), ("'lst'", "list")),
    "unknown option": Mistyped(("triage", "--frob"), ("git kas triage", "--frob")),
    "abbreviated option": Mistyped(("triage", "--stat", "ready"), ("--stat",)),
    "unknown short option": Mistyped(("plan", "list", "-x"), ("git kas plan list", "-x")),
    "missing value": Mistyped(("triage", "--sort"), ("--sort",)),
    "missing value before an option": Mistyped(("plan", "list", "--status", "--topic", "x"), ("--status",)),
    "value for a switch": Mistyped(("triage", "--dirty=yes"), ("--dirty",)),
    "unknown sort": Mistyped(("triage", "--sort", "size"), ("'size'", "age")),
    "extra argument": Mistyped(("plan", "list", "extra"), ("extra",)),
    "extra arguments": Mistyped(("version", "a", "b"), ("a b",)),
    "missing argument": Mistyped(("completion",), ("SHELL",)),
    "unknown shell": Mistyped(("completion", "tcsh"), ("'tcsh'", "fish")),
    "unknown colour word": Mistyped(("triage", "--color", "sometimes"), ("'sometimes'", "never")),
    "no status": Mistyped(
        ("triage", "--status", "bogus"), ("'bogus'", "ready", "cancelled"), 2, "invalid_status"
    ),
    "legacy status": Mistyped(
        ("plan", "list", "--status", "in_progress"), ("'in_progress'",), 2, "invalid_status"
    ),
    "empty status": Mistyped(("plan", "list", "--status="), ("''", "ready"), 2, "invalid_status"),
    "no flag": Mistyped(("triage", "--flag", "bogus"), ("'bogus'", "stalled")),
    "no verdict": Mistyped(("triage", "--verdict", "merged"), ("'merged'", "ancestor")),
    "no configuration key": Mistyped(("config", "bogus"), ("'bogus'", "store")),
    "nobody to ask": Mistyped(("triage", "-i"), ("terminal",)),
    "not UTF-8": Mistyped(("frob\udcff",), ("frob",)),
    "control characters": Mistyped(("a\x1b[31mb\nc\x07",), ("31m",)),
    "control characters in a value": Mistyped(("triage", "--flag", "\x1b]0;x\x07"), ("0;x",)),
    "control characters in a status": Mistyped(("plan", "list", "--status", "\r\x9b"), (), 2, "invalid_status"),
}
# Nothing of this may reach a terminal: C0 but the line end, DEL, C1, and what turns the direction of text.
DANGEROUS = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def is_one_error_document(finished: Finished, expected: Mistyped) -> bool:
    document = finished.json()
    assert document.keys() == {"schema", "kind", "error"}
    assert (document["schema"], document["kind"]) == (1, "error")
    error = document["error"]
    assert error.keys() == {"code", "exit", "message", "next"}
    assert (error["code"], error["exit"], finished.status) == (expected.code, expected.status, expected.status)
    assert finished.err == ""
    assert [word for word in expected.named if word not in f"{error['message']} {error['next']}"] == []
    return True


@pytest.fixture
def run_here(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """The program in this process, in an empty folder: a complaint about arguments needs no more."""
    monkeypatch.chdir(tmp_path)
    for name in ("KAS_JSON", "KAS_DEBUG"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str) -> Finished:
        status = main(arguments)
        return Finished(status, *capsys.readouterr())

    return run


@pytest.mark.parametrize("mistyped", MISTYPED.values(), ids=MISTYPED)
def test_what_is_mistyped_is_named_in_a_sentence(run_here: Run, mistyped: Mistyped) -> None:
    finished = run_here(*mistyped.arguments)
    assert (finished.status, finished.out) == (mistyped.status, "")
    lines = finished.err.splitlines()
    assert 1 <= len(lines) <= 2
    assert all(line.startswith("git-kas: ") and line.endswith((".", "?")) for line in lines)
    assert [word for word in mistyped.named if word not in finished.err] == []
    assert not DANGEROUS.search(finished.err)


@pytest.mark.parametrize("mistyped", MISTYPED.values(), ids=MISTYPED)
def test_what_is_mistyped_is_one_document(run_here: Run, mistyped: Mistyped) -> None:
    assert is_one_error_document(run_here(*mistyped.arguments, "--json"), mistyped)


@pytest.mark.parametrize("name", ["command with a slip", "no flag", "not UTF-8", "control characters"])
def test_the_process_says_the_same(kas: Run, run_here: Run, name: str) -> None:
    mistyped = MISTYPED[name]
    assert kas(*mistyped.arguments) == run_here(*mistyped.arguments)
    assert is_one_error_document(kas(*mistyped.arguments, env={"KAS_JSON": "1"}), mistyped)
    assert is_one_error_document(run_here("--json", *mistyped.arguments), mistyped)


def test_the_variable_asks_for_documents_of_success(kas: Run, repo: Repo) -> None:
    for value in ("1", "yes"):
        document = kas("plan", "list", cwd=repo.path, env={"KAS_JSON": value}).json()
        assert document == {"schema": 1, "kind": "plan.list", "data": [], "warnings": []}
    for value in ("0", ""):
        assert kas("plan", "list", cwd=repo.path, env={"KAS_JSON": value}) == Finished(0, "", "")


@pytest.mark.parametrize("command", [("plan", "list"), ("triage",), ("where",)])
def test_outside_a_repository(kas: Run, tmp_path: Path, command: tuple[str, ...]) -> None:
    text = kas(*command, cwd=tmp_path)
    assert (text.status, text.out) == (3, "")
    assert str(tmp_path) in text.err
    expected = Mistyped(command, (str(tmp_path),), 3, "not_a_repository")
    assert is_one_error_document(kas(*command, "--json", cwd=tmp_path), expected)


EVIL = "a\x1b[31mb\x07\x08\r\x9b5m\u202e\u2066\x7f\tc"
ODD_STATE = {
    "plans": {
        "evil.md": {"status": EVIL, "description": EVIL, "branch": f"plan/{EVIL}", "topic": EVIL, EVIL: EVIL},
        "\u202elmth.md": {"status": "ready", "branch": "a\nb"},
        "lonely.md": {"status": "reviewing", "description": "\ud83d", "branch": "\udcff", "topic": "\ud800"},
        "implementing.md": {"status": "implementing", "branch": f"x{EVIL}"},
        f"bad{EVIL}.md": {},
        "\ud800.md": {},
    },
    "topics": {EVIL: {}},
}


def store(repo: Repo, state: Mapping[str, object]) -> None:
    path = repo.path / ".git/kas/plan-state.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(state))


@pytest.fixture
def evil(repo: Repo) -> Repo:
    """A repository in which everything that a person can name carries terminal escapes."""
    store(repo, ODD_STATE)
    folder = repo.path.parent / "wt-\x1b[31mred\x1b[0m"
    repo.git("worktree", "add", "-q", "-b", "linked", str(folder))
    repo.git("worktree", "lock", "--reason", f"one\ntwo {EVIL}", str(folder))
    repo.git("branch", "right-to-left-\u202e-branch")
    repo.git("config", "kas.project", EVIL)
    repo.git("config", "kas.plans", "docs/\u202eplans")
    return repo


COMMANDS = (
    ("plan", "list"),
    ("triage",),
    ("triage", "--all"),
    ("where",),
    ("config",),
    ("config", "--show-origin"),
)


@pytest.mark.parametrize("command", COMMANDS)
def test_nothing_stored_reaches_a_pipe_raw(kas: Run, evil: Repo, command: tuple[str, ...]) -> None:
    finished = kas(*command, cwd=evil.path)
    assert finished.status == 0, finished.err
    assert not DANGEROUS.search(finished.out), DANGEROUS.findall(finished.out)
    assert not DANGEROUS.search(finished.err), DANGEROUS.findall(finished.err)
    document = kas(*command, "--json", cwd=evil.path)
    assert document.out.isascii()
    assert document.json()["kind"] != "error"
    assert document.err == ""


@pytest.mark.parametrize("command", [("plan", "list"), ("triage",)])
def test_nothing_stored_reaches_a_terminal_raw(
    environment: Mapping[str, str], evil: Repo, command: tuple[str, ...]
) -> None:
    master, slave = pty.openpty()
    plain = {**environment, "NO_COLOR": "1", "COLUMNS": "500", "TERM": "xterm"}
    process = subprocess.Popen([GIT_KAS, *command], cwd=evil.path, env=plain, stdout=slave, stderr=slave)
    os.close(slave)
    shown = b""
    try:
        while data := os.read(master, 65_536):
            shown += data
    except OSError:  # Linux says so when the last writer has gone
        pass
    os.close(master)
    assert process.wait(timeout=60) == 0
    text = shown.decode().replace("\r\n", "\n")
    assert "evil.md" in text
    assert not DANGEROUS.search(text), DANGEROUS.findall(text)


def test_a_stored_line_end_does_not_make_a_row(kas: Run, repo: Repo) -> None:
    store(repo, {"plans": {"a.md": {"status": "x\ny", "branch": "b\nc", "topic": "t\nu"}}})
    assert len(kas("plan", "list", cwd=repo.path).out.splitlines()) == 1
    assert len([line for line in kas("triage", cwd=repo.path).out.splitlines() if "a.md" in line]) == 1


def test_a_folder_that_is_not_utf8(kas: Run, repo: Repo) -> None:
    folder = repo.path / "caf\udce9"
    folder.mkdir()
    for command in (("triage",), ("where",)):
        assert kas(*command, cwd=folder).status == 0
        assert kas(*command, "--json", cwd=folder).json()["kind"] != "error"
    outside = repo.path.parent / "caf\udce9"
    outside.mkdir()
    assert kas("where", cwd=outside).status == 3
    assert kas("where", "--json", cwd=outside).json()["error"]["exit"] == 3


def test_output_that_is_not_unicode(kas: Run, repo: Repo) -> None:
    store(repo, {"plans": {"é.md": {"status": "ready", "branch": "plan/日本"}}})
    ascii_only = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONIOENCODING": "ascii"}
    listed = kas("plan", "list", cwd=repo.path, env=ascii_only)
    assert listed.status == 0
    assert listed.out.isascii()
    assert "plan/\\u65e5\\u672c" in listed.out


def run_into(output: int, environment: Mapping[str, str], folder: Path, *arguments: str) -> tuple[int, str]:
    """Exit status and error output of a run whose output goes to the descriptor ``output``."""
    finished = subprocess.run(
        [GIT_KAS, *arguments],
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.PIPE,
        check=False,
        text=True,
    )
    return finished.returncode, finished.stderr


@pytest.mark.parametrize("options", [(), ("--json",)])
@pytest.mark.parametrize("count", [1, 3000])
def test_nobody_reads_the_output(
    environment: Mapping[str, str], repo: Repo, options: tuple[str, ...], count: int
) -> None:
    store(repo, {"plans": {f"{number}.md": {"status": "ready"} for number in range(count)}})
    reader, writer = os.pipe()
    os.close(reader)
    status, complaint = run_into(writer, environment, repo.path, "plan", "list", *options)
    os.close(writer)
    assert (status, complaint) == (141, "")


@pytest.mark.parametrize(
    "arguments", [("frobnicate", "--json"), ("-h",), ("triage", "-h"), ("completion", "bash")]
)
def test_nobody_reads_the_complaint_or_the_help(
    environment: Mapping[str, str], repo: Repo, arguments: tuple[str, ...]
) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    status, complaint = run_into(writer, environment, repo.path, *arguments)
    os.close(writer)
    assert complaint == ""
    assert status in {2, 141}


@pytest.mark.skipif(not hasattr(fcntl, "F_SETPIPE_SZ"), reason="this system's pipes cannot be made small")
def test_an_interrupt_ends_output_that_nobody_reads(environment: Mapping[str, str], repo: Repo) -> None:
    store(repo, {"plans": {f"{number}.md": {"status": "ready"} for number in range(1000)}})
    reader, writer = os.pipe()
    size = fcntl.fcntl(writer, fcntl.F_SETPIPE_SZ, 4096)
    process = subprocess.Popen(
        [GIT_KAS, "plan", "list"],
        cwd=repo.path,
        env=dict(environment),
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_interrupts,  # noqa: PLW1509 - no other thread runs
    )
    while int.from_bytes(fcntl.ioctl(reader, termios.FIONREAD, bytes(4)), sys.byteorder) < size:
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    _, complaint = process.communicate(timeout=20)
    os.close(reader)
    os.close(writer)
    assert (process.returncode, complaint) == (130, "git-kas: Interrupted.\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("options", [(), ("--json",)])
def test_a_full_disk_is_no_success(
    environment: Mapping[str, str], repo: Repo, options: tuple[str, ...]
) -> None:
    store(repo, {"plans": {"a.md": {"status": "ready"}}})
    full = os.open("/dev/full", os.O_WRONLY)
    status, complaint = run_into(full, environment, repo.path, "plan", "list", *options)
    os.close(full)
    assert status != 0
    assert [line for line in complaint.splitlines() if not line.startswith("git-kas: ")] == []
    assert "defect" not in complaint


def test_a_closed_output_is_no_defect(environment: Mapping[str, str], repo: Repo) -> None:
    store(repo, {"plans": {"a.md": {"status": "ready"}}})
    finished = subprocess.run(
        ["sh", "-c", 'exec "$0" plan list >&-', str(GIT_KAS)],
        cwd=repo.path,
        env=dict(environment),
        stderr=subprocess.PIPE,
        check=False,
        text=True,
    )
    assert "Traceback" not in finished.stderr
    assert "defect" not in finished.stderr
