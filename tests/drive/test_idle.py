"""``git kas watch`` with no agent at work: no process, no file, no question to the store (counted by strace).

``KAS_IDLE_SECONDS=60`` looks for a whole minute instead of a few seconds.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from drive.watching import KEY, WatchingWaves, poll, use_agents
from plan_commands import Plans
from support import needs_program
from watching import PATIENCE

SECONDS = float(os.environ.get("KAS_IDLE_SECONDS", "4"))
SETTLED = 1.0
FILES = "execve,openat,open,read,pread64,newfstatat,stat,statx,getdents64,clone,clone3,fork,vfork,unlink,rename"
SENT = "execve,clone,clone3,fork,vfork,openat,connect,sendto,sendmsg,write,writev"


@pytest.fixture
def server(plans: Plans) -> Iterator[None]:
    """A store that is asked over the network."""
    serving = subprocess.Popen(
        ["git-kas", "serve", "--port", "0", "--db", "plans.sqlite"],
        cwd=plans.path.parent,
        env=plans.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert serving.stdout is not None
    [url] = re.findall(r"http://127\.0\.0\.1:\d+", serving.stdout.readline())
    plans.repo.git("config", "kas.store", url)
    yield
    serving.terminate()
    serving.communicate(timeout=PATIENCE)


def undecided(plans: Plans, plan: Callable[..., str]) -> None:
    """One plan waits for a decision, one was aborted, and one is done."""
    use_agents(plans.repo, {"coder": "exit 1"})
    for name in ("a", "b"):
        plan(1, 1, name=f"{name}.md")
        assert plans("implement", name).status == 0

    def failed() -> bool:
        assert plans("watch", "--once").status == 0
        driven = plans.data("waves", "status")
        return [one["stage"] and one["stage"]["condition"] for one in driven] == ["undecided", "undecided"]

    poll(failed)
    assert plans("waves", "abort", "b").status == 0
    plan(1)
    assert plans("plan", "set-status", KEY, "done", "--force").status == 0


def calls_while_idle(watching: WatchingWaves, log: Path) -> bytes:
    """What the watcher asked of the system once it had seen everything."""
    watching.next()
    while not watching.is_quiet(SETTLED):
        pass

    def settled() -> bool:
        size = log.stat().st_size
        return watching.is_quiet(SETTLED) and log.stat().st_size == size

    poll(settled)
    before = log.stat().st_size
    assert watching.is_quiet(SECONDS)
    assert watching.process.poll() is None
    return log.read_bytes()[before:]


def test_idle_costs_nothing(
    plans: Plans, plan: Callable[..., str], watch: Callable[..., WatchingWaves], tmp_path: Path
) -> None:
    needs_program("strace")
    undecided(plans, plan)
    log = tmp_path / "calls"
    assert calls_while_idle(watch("strace", "-f", "-o", str(log), "-e", f"trace={FILES}"), log) == b""


@pytest.mark.usefixtures("server")
def test_idle_asks_no_server(
    plans: Plans, plan: Callable[..., str], watch: Callable[..., WatchingWaves], tmp_path: Path
) -> None:
    """What tells of changes is one request that the server answers when there are some."""
    needs_program("strace")
    undecided(plans, plan)
    log = tmp_path / "calls"
    watching = watch("strace", "-f", "-o", str(log), "-e", f"trace={SENT}")
    assert calls_while_idle(watching, log).count(b"\n") <= 1
    plans("plan", "transition", KEY, "start_over")
    poll(lambda: b"GET /" in log.read_bytes())  # it was asked before, and so would be seen


def test_what_happens_is_seen_at_once_all_the_same(
    plans: Plans, plan: Callable[..., str], watch: Callable[..., WatchingWaves]
) -> None:
    undecided(plans, plan)
    watching = watch()
    watching.next()
    assert watching.is_quiet(SETTLED)
    assert plans("waves", "skip", "a").status == 0
    watching.until("started", "a-W2-T2-1")
    assert plans("waves", "retry", "b").status == 0
    watching.until("started", "b-W1-T1-2")
