"""The port ``Locks``: one holder at a time, named to others, and gone with its process."""

from __future__ import annotations

import fcntl
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from git_kas.errors import Busy
from git_kas.ports.fake_locks import FakeLocks
from git_kas.ports.locks import Locks
from git_kas_files.locks import FolderLocks

DOING = "This repository is being watched"
HOLD = """
import sys
from git_kas_files.locks import FolderLocks
with FolderLocks(sys.argv[1]).exclusive("watch", "It is watched"):
    print("held", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture(params=["fake", "disk"])
def locks(request: pytest.FixtureRequest, tmp_path: Path) -> Locks:
    return FakeLocks() if request.param == "fake" else FolderLocks(str(tmp_path))


def test_one_at_a_time(locks: Locks) -> None:
    assert locks.holder("watch") == ""
    with locks.exclusive("watch", DOING):
        assert locks.holder("watch") != ""
        with pytest.raises(Busy, match=DOING) as caught, locks.exclusive("watch", DOING):
            pytest.fail("held twice")
        assert caught.value.next_step
        assert locks.holder("watch") in caught.value.message
    assert locks.holder("watch") == ""
    with locks.exclusive("watch", DOING):
        pass


def test_each_name_is_a_lock_of_its_own(locks: Locks) -> None:
    with locks.exclusive("watch", DOING), locks.exclusive("other", DOING):
        assert locks.holder("third") == ""


def test_it_is_given_back_whatever_happens(locks: Locks) -> None:
    with pytest.raises(KeyError), locks.exclusive("watch", DOING):
        raise KeyError
    with locks.exclusive("watch", DOING):
        pass


def hold(folder: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def end(process: subprocess.Popen[str]) -> None:
    process.communicate("")


def kill(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGKILL)
    process.communicate()


@pytest.mark.parametrize("finish", [end, kill])
def test_another_process_is_named_until_it_is_gone(
    tmp_path: Path, finish: Callable[[subprocess.Popen[str]], None]
) -> None:
    process = hold(tmp_path)
    locks = FolderLocks(str(tmp_path))
    assert str(process.pid) in locks.holder("watch")
    with pytest.raises(Busy, match=str(process.pid)), locks.exclusive("watch", DOING):
        pytest.fail("held twice")
    finish(process)
    assert locks.holder("watch") == ""
    with locks.exclusive("watch", DOING):
        pass


def test_to_ask_who_holds_it_writes_nothing(tmp_path: Path) -> None:
    assert FolderLocks(str(tmp_path)).holder("watch") == ""
    assert list(tmp_path.iterdir()) == []


def test_who_only_asks_keeps_nobody_out(tmp_path: Path) -> None:
    """To ask takes the lock for a moment, shared."""
    locks = FolderLocks(str(tmp_path))
    with locks.exclusive("watch", DOING):
        pass
    with (tmp_path / "kas" / "watch.lock").open() as asking:
        fcntl.flock(asking, fcntl.LOCK_SH)
        later = threading.Timer(0.05, fcntl.flock, (asking, fcntl.LOCK_UN))
        later.start()
        with locks.exclusive("watch", DOING):
            later.join()
