"""Imports and exports that are larger than one request to a server."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

import http_stores
from contract.stores import MEMORY, USER, Place, by, exported, open_plugin
from contract.test_store_contract_exchange import live
from git_kas.domain.exchange import export_text
from git_kas.domain.lifecycle import Actor
from git_kas.domain.mutation import Create, Import
from git_kas.domain.names import PlanName
from git_kas.errors import KeyReused, UsageError
from git_kas.ports.fakes import FakeClock
from git_kas.ports.memory_store import MemoryStore
from git_kas.ports.store import Store
from git_kas_remote import store as remote
from git_kas_remote.store import RemoteStore
from server.hosting import start
from support import EPOCH, Repo, Run

MIB = 1024 * 1024


def large_export(path: Path, size: int) -> None:
    """An export with plans whose texts are ``size`` bytes together, none of them like another."""
    chance = random.Random(7)
    store = MemoryStore(FakeClock(EPOCH))
    for number in range(size // (4 * MIB)):
        store.commit(Create(PlanName(f"{number:03}.md"), content=chance.randbytes(4 * MIB)), USER)
    path.write_text(export_text(store.export()))


def test_sixty_mebibytes_go_in_and_come_out(
    repo: Repo, kas: Run, environment: dict[str, str], tmp_path: Path
) -> None:
    large_export(tmp_path / "large.json", 60 * MIB)
    running = start(environment, tmp_path, "--db", "plans.db", "--no-auth")
    env = {"KAS_STORE": running.url, "KAS_PROJECT": "p"}
    try:
        agent = kas("import", str(tmp_path / "large.json"), cwd=repo.path, env={**env, "KAS_ACTOR": "agent"})
        assert agent.status == 9, agent.err
        assert kas("plan", "list", cwd=repo.path, env=env).out == ""
        done = kas("import", str(tmp_path / "large.json"), "--key", "k", cwd=repo.path, env=env)
        assert (done.status, done.err) == (0, "")
        again = kas("import", str(tmp_path / "large.json"), "--key", "k", cwd=repo.path, env=env)
        assert again.status == 0
        out = kas("export", "-o", str(tmp_path / "again.json"), cwd=repo.path, env=env)
        assert (out.status, out.err) == (0, "")
        status = Path(f"/proc/{running.process.pid}/status")
        if status.exists():
            peak = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
            print(f"FIGURES 60 MiB through a server: {' '.join(peak.split())} of the server")
    finally:
        assert running.stop()[0] == 0
    sent, got = (json.loads((tmp_path / name).read_text()) for name in ("large.json", "again.json"))
    assert got.pop("keys").keys() == {"k"}
    assert sent.pop("keys") == {}
    assert got == sent
    assert not (repo.path / ".git/kas/plan-state.json").exists()


@pytest.fixture(params=http_stores.KINDS)
def small(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[Store, RemoteStore]]:
    """A store on a server, for which everything is large; and what is inside of it."""
    monkeypatch.setattr(remote, "LARGEST_BODY", 1000)
    monkeypatch.setattr(remote, "_PIECE", 700)
    opened: Any = open_plugin(request.param, tmp_path, FakeClock(EPOCH))
    yield cast("Store", opened), cast("RemoteStore", opened._store)
    opened.close()


def source() -> Store:
    return live(Place(MEMORY, Path()).open())


def test_it_is_the_same_as_in_one(small: tuple[Store, RemoteStore]) -> None:
    store, _ = small
    store.commit(Import(source().export(), "there"), USER)
    assert exported(store) == exported(source())


def test_a_key_counts_as_ever(small: tuple[Store, RemoteStore]) -> None:
    store, _ = small
    keyed = by(Actor.USER, key="import")
    for turn in range(2):
        assert store.commit(Import(source().export(), "there"), keyed).replayed is bool(turn)
    with pytest.raises(KeyReused):
        store.commit(Import(source().export(), "elsewhere"), keyed)


def test_pieces_that_are_gone_are_sent_again(
    small: tuple[Store, RemoteStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    store, inner = small
    sent_before = inner._sent_before
    calls = []

    def forgetful(body: bytes) -> bytes:
        calls.append(len(body))
        return sent_before(body) if len(calls) > 1 else json.dumps({"pieces": ["0" * 64]}).encode()

    monkeypatch.setattr(inner, "_sent_before", forgetful)
    store.commit(Import(source().export(), "there"), USER)
    assert len(calls) == 2
    assert exported(store) == exported(source())


def test_what_is_too_large_is_not_sent(
    small: tuple[Store, RemoteStore], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote, "LARGEST_REQUEST", 2000)
    with pytest.raises(UsageError, match="the most that goes to a server"):
        small[0].commit(Import(source().export(), "there"), USER)
    assert small[0].changes(0, 0) == 0
