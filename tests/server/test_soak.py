"""Nothing piles up in a server: ten seconds of all kinds of requests (``benchmarks/soak.py`` takes minutes)."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from git_kas.ports.fakes import FakeClock
from git_kas.server.caches import AnswerCache
from git_kas.server.exchange import Answer
from git_kas_sql import host as sql_host
from server.hosting import PLAN, PLANS, Client, host_at
from support import EPOCH

ROOT = Path(__file__).parents[2]
MOST_MEGABYTES = 48
"""Of growth after the first third; a short run is still warming up, and a leak of some KB a request is more."""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="there is no /proc")
def test_a_server_does_not_grow(environment: Mapping[str, str]) -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "benchmarks.soak", "--minutes", "0.17", "--json"],
        cwd=ROOT,
        env=dict(environment),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert finished.returncode == 0, finished.stderr
    found = json.loads(finished.stdout)
    assert found["surprises"] == []
    assert found["counts"].keys() == {"read", "write", "error", "long poll"}
    samples = found["samples"]
    early, late = samples[len(samples) // 3], samples[-1]
    assert late["answers"] > 60
    assert late["memory"] - early["memory"] < MOST_MEGABYTES
    assert late["files"] - early["files"] < 64
    assert late["threads"] - early["threads"] < 32


def test_names_that_somebody_thinks_of_are_not_kept(
    ask: Client, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sql_host, "_MOST_KNOWN", 10)
    ask("POST", PLANS, {"filename": PLAN})
    host = host_at(url, FakeClock(EPOCH))
    for number in range(100):
        assert host.change_of(f"project {number}") == 0
        assert host.change_of("shop") == 1
        assert len(host._seen[1]) <= 10
    host.close()
    cache = AnswerCache(10**6)
    for number in range(100):
        cache.put(f"project {number}", 0, "/", Answer(200))
    assert cache._size == 0
