"""The port ``ProcessTable`` over ``/proc``, with real processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from git_kas.domain.lock_files import SeenProcess
from git_kas_process import table
from git_kas_process.table import ProcProcessTable

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")
HOLD = "import sys; held = open('held file', 'w'); print('ready', flush=True); sys.stdin.read()"


@pytest.fixture
def child(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A process that works in ``tmp_path`` and has a file open there."""
    command = [sys.executable, "-c", HOLD]
    with subprocess.Popen(
        command, cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process


def seen(pid: int) -> SeenProcess | None:
    return next((process for process in ProcProcessTable().processes() if process.pid == pid), None)


def test_process_is_seen_with_its_folder_and_files(child: subprocess.Popen[str], tmp_path: Path) -> None:
    process = seen(child.pid)
    assert process is not None
    assert process.places == frozenset({str(tmp_path)})
    assert str(tmp_path / "held file") in process.files
    assert not process.is_ancestor


def test_we_are_not_seen_and_who_started_us_is_marked() -> None:
    assert seen(os.getpid()) is None
    parent = seen(os.getppid())
    assert parent is not None
    assert parent.is_ancestor


def test_process_that_has_ended_is_gone_before_it_is_waited_for(child: subprocess.Popen[str]) -> None:
    own = ProcProcessTable()
    begun = own.start_of(child.pid)
    assert begun is not None
    assert begun >= (own.start_of(os.getpid()) or 0)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert own.start_of(child.pid) is None
    assert seen(child.pid) is None


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (["--git-dir", "there/.git"], {}),
        (["--git-dir=there/.git"], {}),
        ([], {"GIT_DIR": "there/.git"}),
        ([], {"GIT_INDEX_FILE": "there/.git/index"}),
    ],
)
def test_git_is_also_where_it_was_told_to_work(
    tmp_path: Path, arguments: list[str], variables: dict[str, str]
) -> None:
    (tmp_path / "there").mkdir()
    subprocess.run(["git", "init", "-q", "there"], cwd=tmp_path, check=True)
    with subprocess.Popen(
        ["git", *arguments, "cat-file", "--batch"],
        cwd=tmp_path,
        env=os.environ | variables | ({} if arguments or "GIT_DIR" in variables else {"GIT_DIR": "there/.git"}),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as git:
        assert git.stdin is not None
        assert git.stdout is not None
        git.stdin.write(b"HEAD\n")
        git.stdin.flush()
        git.stdout.readline()  # it has begun
        process = seen(git.pid)
        git.stdin.close()
    assert process is not None
    assert process.places is not None
    assert {str(tmp_path / "there/.git"), str(tmp_path / "there/.git/index")} & process.places


# -- what cannot be seen -----------------------------------------------------------------------------------

MOUNTS = """\
20 1 254:0 / / rw - ext4 /dev/vda rw
21 20 0:21 / /proc rw,nosuid - proc proc rw{hidden}
22 20 0:22 / /mnt/far\\040away rw - nfs4 server:/x rw
23 20 0:23 / /mnt/local rw shared:1 - ext4 /dev/vdb rw
24 20 0:24 / /mnt/local/ssh rw - fuse.sshfs host:/ rw
"""


@pytest.fixture
def proc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A ``/proc`` of our own making."""
    folder = tmp_path / "proc"
    (folder / "self/ns").mkdir(parents=True)
    (folder / "self/ns/pid").symlink_to("pid:[4026531836]")
    (folder / "self/mountinfo").write_text(MOUNTS.format(hidden=""))
    monkeypatch.setattr(table, "_PROC", str(folder))
    return folder


@pytest.mark.parametrize(
    ("path", "clause"),
    [
        ("/home/x", ""),
        ("/mnt/local/x", ""),
        ("/mnt/localx", ""),
        ("/mnt/far away/x", "nfs4"),
        ("/mnt/local/ssh", "fuse.sshfs"),
    ],
)
def test_file_systems_that_other_machines_share(
    proc: Path, monkeypatch: pytest.MonkeyPatch, path: str, clause: str
) -> None:
    unseen = ProcProcessTable().unseen(path)
    assert (clause in unseen) if clause else unseen == ""


def test_container_cannot_see_out(proc: Path) -> None:
    (proc / "self/ns/pid").unlink()
    (proc / "self/ns/pid").symlink_to("pid:[4026532001]")
    assert "container" in ProcProcessTable().unseen("/home")


def test_system_without_proc(proc: Path) -> None:
    (proc / "self/ns/pid").unlink()
    assert "/proc" in ProcProcessTable().unseen("/home")


@pytest.mark.parametrize(("user", "told"), [(0, False), (1000, True)])
def test_hidden_processes(proc: Path, monkeypatch: pytest.MonkeyPatch, user: int, *, told: bool) -> None:
    monkeypatch.setattr(table, "_PROC", "/proc")
    mounts = proc / "self/mountinfo"
    mounts.write_text(MOUNTS.format(hidden=",hidepid=invisible"))
    monkeypatch.setattr(table, "_mounts", lambda: iter(parsed(mounts, proc, monkeypatch)))
    monkeypatch.setattr(os, "geteuid", lambda: user)
    assert bool(ProcProcessTable().unseen("/home")) == told


def parsed(mounts: Path, proc: Path, monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The mounts of that file, as the table reads them."""
    with monkeypatch.context() as patch:
        patch.setattr(table, "_PROC", str(proc))
        return list(REAL_MOUNTS())


REAL_MOUNTS = table._mounts
