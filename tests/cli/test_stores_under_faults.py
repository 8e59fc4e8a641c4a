"""Every store of ours, under everything that ``git kas verify-store`` can do to it; another seed each time.

A failure is repeated, as far as chance allows, by the command that it prints.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import SystemRandom

import pytest

from postgresql import new_database, own_server
from support import Finished, Run

STORES = ("json", "sqlite", "postgresql", "http-over-sqlite", "http-over-postgresql")
SIZE = ("--operations", "2000", "--seconds", "40", "--clients", "4", "--plans", "6")
OF_CLIENTS = ("kill", "stop", "drop")
OF_SERVERS = ("server_kill", "server_restart", "server_stop", "lost_answer")


@pytest.fixture
def asked(store: str, tmp_path: Path) -> Iterator[Sequence[str]]:
    """How a store is tried."""
    if store == "http-over-postgresql":
        with own_server() as server:
            yield server.url, "--servers", "2", "--restart-database", server.restart
    elif store == "postgresql":
        with new_database() as url:
            yield (url,)
    elif store == "http-over-sqlite":
        yield f"sqlite:///{tmp_path}/plans.db", "--servers", "1"
    else:
        yield (store,)


def explained(finished: Finished, command: Sequence[str]) -> str:
    return f"{shlex.join(command)}\n{finished.out}\n{finished.err}"


@pytest.mark.parametrize("store", STORES)
def test_all_are_told_the_truth(kas: Run, asked: Sequence[str], store: str, tmp_path: Path) -> None:
    seed = str(SystemRandom().randrange(1_000_000))
    command = ("verify-store", *asked, *SIZE, "--faults", "--seed", seed)
    print(f"FIGURES {store}: git kas {shlex.join(command)}")
    finished = kas(*command, "--json", "--keep-history", "history.jsonl", cwd=tmp_path)
    print(finished.out)
    assert finished.status == 0, explained(finished, command)
    data = finished.data
    assert data["sound"], explained(finished, command)
    assert data["commits"] > 0
    assert data["operations"] > data["unanswered"]
    assert sum(data["faults"].values()) > 0
    possible = {*OF_CLIENTS, *(OF_SERVERS if "--servers" in asked else ())}
    possible |= {"database_cut"} if "postgresql" in store else set()
    possible |= {"database_restart"} if "--restart-database" in asked else set()
    assert {kind for kind, count in data["faults"].items() if count} <= possible
    assert data["servers"] == {"http-over-sqlite": 1, "http-over-postgresql": 2}.get(store, 0)
