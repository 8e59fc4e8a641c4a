"""Which processes use a folder, seen from outside."""

from __future__ import annotations

import mmap
import os
import subprocess
import sys
from pathlib import Path

import pytest

from git_kas.domain.janitor import Usage
from git_kas.ports.fake_janitor import FakeActivity
from git_kas_process import activity as activity_module
from git_kas_process import table as table_module
from git_kas_process.activity import ProcActivity

WAIT = "import sys; print('ready', flush=True); sys.stdin.read()"
PROGRAMS = {
    "works in it": f"import os; os.chdir('{{0}}'); {WAIT}",
    "works below it": f"import os; os.chdir('{{0}}/below'); {WAIT}",
    "has a file open": f"file = open('{{0}}/file'); {WAIT}",
    "has a removed file open": f"import os; file = open('{{0}}/file'); os.unlink('{{0}}/file'); {WAIT}",
    "maps a file": (
        "import mmap; file = open('{0}/file'); mapped = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ); "
        f"file.close(); {WAIT}"
    ),
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "a folder"
    (made / "below").mkdir(parents=True)
    (made / "file").write_bytes(b"x" * mmap.PAGESIZE)
    (tmp_path / "a folder beside").mkdir()
    return made


@pytest.mark.parametrize("how", PROGRAMS)
def test_a_process_is_seen_that(how: str, folder: Path) -> None:
    beside = str(folder.parent / "a folder beside")
    program = PROGRAMS[how].format(folder)
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == b"ready\n"
        found = ProcActivity().users_of([str(folder), beside])
        process.kill()
    assert [str(process.pid) in user for user in found[str(folder)].processes] == [True]
    assert found[beside] == Usage()
    assert ProcActivity().users_of([str(folder)]) == {str(folder): Usage()}


def test_a_link_to_the_folder_is_the_folder(folder: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(folder)
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAMS["works in it"].format(folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout
        process.stdout.readline()
        assert len(ProcActivity().users_of([str(link)])[str(link)].processes) == 1
        process.kill()


def test_we_ourselves_do_not_count(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)
    with open(folder / "file", "rb"):
        users = ProcActivity().users_of([str(folder)])[str(folder)]
    assert [user for user in users.processes if f"process {os.getpid()})" in user] == []


def test_where_one_cannot_look_it_says_so(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(activity_module, "_PROC", str(tmp_path / "nowhere"))
    assert ProcActivity().users_of([str(folder)])[str(folder)].unseen != ""


@pytest.mark.parametrize(("kind", "unseen"), [("nfs4", True), ("ext4", False), ("9p", False)])
def test_on_a_network_other_machines_may_be_at_work(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str, *, unseen: bool
) -> None:
    proc = tmp_path / "proc"
    (proc / "self").mkdir(parents=True)
    root = "20 1 254:0 / / rw - ext4 /dev/vda rw\n"
    mounted = str(folder).replace(" ", "\\040")
    (proc / "self/mountinfo").write_text(f"{root}21 20 0:22 / {mounted} rw - {kind} far:/ rw\n")
    monkeypatch.setattr(table_module, "_PROC", str(proc))
    beside = str(folder.parent / "a folder beside")
    users = ProcActivity().users_of([str(folder), beside])
    assert (users[str(folder)].unseen != "", users[beside].unseen) == (unseen, "")


def test_the_fake_answers_for_every_folder() -> None:
    fake = FakeActivity({"/a": Usage(("vim (process 1)",))})
    assert fake.users_of(["/a", "/b"]) == {"/a": Usage(("vim (process 1)",)), "/b": Usage()}
