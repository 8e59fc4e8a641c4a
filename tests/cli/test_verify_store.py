"""``git kas verify-store`` passes sound stores and finds what is wrong with others."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from git_kas.domain.anomalies import AnomalyKind
from support import Repo, Run

PLANTED = Path(__file__).parents[1] / "planted"
SMALL = ("--clients", "3", "--plans", "3", "--operations", "400", "--seconds", "20", "--seed", "7")

DEFECTS: dict[str, set[AnomalyKind]] = {
    "lost_update": {AnomalyKind.LOST_WRITE},
    "double_winner": {AnomalyKind.RULE_BROKEN},
    "stale_read": {AnomalyKind.STALE_READ},
    "read_goes_back": {AnomalyKind.STALE_READ},
    "forgotten_key": {AnomalyKind.APPLIED_TWICE, AnomalyKind.UNEXPLAINED_REFUSAL},
    "torn_history": {AnomalyKind.HISTORY_TORN},
    "history_changed": {AnomalyKind.HISTORY_CHANGED, AnomalyKind.WRONG_ENTRY},
    "revision_skipped": {
        AnomalyKind.WRONG_ENTRY,
        AnomalyKind.WRONG_OUTCOME,
        AnomalyKind.RULE_BROKEN,  # by whoever names the revision that should have been
    },
    "lawless": {AnomalyKind.RULE_BROKEN},
    "nervous": {AnomalyKind.UNEXPLAINED_REFUSAL},
    "refused_but_applied": {AnomalyKind.REFUSED_BUT_APPLIED},
    "written_later": {AnomalyKind.LOST_WRITE},
}
"""Defects that show without faults, and one kind of anomaly or more by which each must be found."""

DEFECTS_UNDER_FAULTS: dict[str, set[AnomalyKind]] = {
    "key_after_commit": {
        AnomalyKind.APPLIED_TWICE,
        AnomalyKind.UNEXPLAINED_REFUSAL,
        AnomalyKind.WRONG_FINAL_STATE,
    },
    "written_in_place": {AnomalyKind.BROKEN},
}


@pytest.fixture
def path(tmp_path: Path) -> Mapping[str, str]:
    """An environment in which the planted stores are installed plugins."""
    shop = tmp_path / "shop"
    metadata = shop / "naive-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "entry_points.txt").write_text(
        "[git_kas]\nnaive = planted.naive_store\nhosted = planted.naive_host\n"
    )
    shutil.copytree(PLANTED, shop / "planted", ignore=shutil.ignore_patterns("__pycache__"))
    return {"PYTHONPATH": str(shop)}


SERVED = (
    "--clients", "3", "--plans", "3", "--operations", "1000", "--seconds", "10", "--json", "--servers",
)  # fmt: skip

DEFECTS_OF_SERVERS: dict[str, tuple[tuple[str, ...], set[AnomalyKind]]] = {
    "written_behind": (
        ("1", "--fault", "server_kill"),
        {AnomalyKind.LOST_WRITE},
    ),
    "stale_replica": (("2",), {AnomalyKind.STALE_READ}),
    "keys_in_memory": (
        ("1", "--fault", "server_kill", "--fault", "server_restart", "--fault", "lost_answer"),
        {AnomalyKind.APPLIED_TWICE, AnomalyKind.UNEXPLAINED_REFUSAL},
    ),
}
"""Defects of servers, in how many of them and by which faults they show, and how each must be found."""

_MOST_RUNS = 6  # until a defect shows: where the machine has much to do, there are few faults in a run


def kinds(data: Any) -> set[str]:
    return {anomaly["kind"] for anomaly in data["anomalies"]}


def test_a_sound_store_passes(kas: Run, tmp_path: Path, path: Mapping[str, str]) -> None:
    finished = kas("verify-store", "naive:", *SMALL, "--json", cwd=tmp_path, env=path)
    data = finished.data
    assert (finished.status, data["anomalies"], data["sound"]) == (0, [], True)
    assert 400 <= data["operations"] < 440  # a client finishes the repetitions that it began
    assert data["commits"] > 40
    assert data["repetitions"] > 0
    assert set(data["faults"].values()) == {0}


def test_a_sound_store_passes_with_faults(kas: Run, tmp_path: Path, path: Mapping[str, str]) -> None:
    finished = kas("verify-store", "naive:", *SMALL, "--faults", "--json", cwd=tmp_path, env=path)
    assert (finished.status, finished.data["anomalies"]) == (0, [])
    assert finished.data["faults"]["drop"] > 0
    assert finished.data["faults"]["kill"] + finished.data["faults"]["stop"] > 0


@pytest.mark.parametrize("defect", DEFECTS)
def test_a_planted_defect_is_found(kas: Run, tmp_path: Path, path: Mapping[str, str], defect: str) -> None:
    finished = kas("verify-store", f"naive:{defect}", *SMALL, "--json", cwd=tmp_path, env=path)
    assert finished.status == 1
    assert kinds(finished.data) & DEFECTS[defect], finished.data["anomalies"][:5]


@pytest.mark.parametrize("defect", DEFECTS_UNDER_FAULTS)
def test_a_defect_that_shows_under_faults_is_found(
    kas: Run, tmp_path: Path, path: Mapping[str, str], defect: str
) -> None:
    finished = kas(
        "verify-store", f"naive:{defect}", *SMALL[:-6], "--operations", "5000", "--seconds", "6", "--faults",
        "--json", cwd=tmp_path, env=path,
    )  # fmt: skip
    assert finished.status == 1
    assert kinds(finished.data) & DEFECTS_UNDER_FAULTS[defect], finished.data["anomalies"][:5]


def test_sound_servers_pass_with_all_faults(kas: Run, tmp_path: Path, path: Mapping[str, str]) -> None:
    url = f"hosted::{tmp_path}/plans"
    finished = kas("verify-store", url, *SERVED, "2", "--faults", cwd=tmp_path, env=path)
    assert (finished.status, finished.data["anomalies"]) == (0, [])
    assert finished.data["servers"] == 2
    assert finished.data["faults"]["database_cut"] == 0


@pytest.mark.parametrize("defect", DEFECTS_OF_SERVERS)
def test_a_planted_defect_of_a_server_is_found(
    kas: Run, tmp_path: Path, path: Mapping[str, str], defect: str
) -> None:
    options, expected = DEFECTS_OF_SERVERS[defect]
    url = f"hosted:{defect}:{tmp_path}/plans"
    found: set[str] = set()
    for _ in range(_MOST_RUNS):
        finished = kas("verify-store", url, *SERVED, *options, cwd=tmp_path, env=path)
        found |= kinds(finished.data)
        if found & expected:
            assert finished.status == 1
            return
    raise AssertionError(found)


def test_the_kinds_of_faults_are_chosen(kas: Run, tmp_path: Path, path: Mapping[str, str]) -> None:
    finished = kas("verify-store", "naive:", *SMALL, "--fault", "drop", "--json", cwd=tmp_path, env=path)
    faults = finished.data["faults"]
    assert faults.pop("drop") > 0
    assert set(faults.values()) == {0}


def test_servers_serve_no_store_that_cannot_be_shared(kas: Run, tmp_path: Path) -> None:
    finished = kas("verify-store", "json", "--servers", "1", "--json", cwd=tmp_path)
    assert (finished.status, finished.json()["error"]["code"]) == (2, "plugin_unusable")


def test_a_command_that_cannot_restart_the_database_is_told(
    kas: Run, tmp_path: Path, path: Mapping[str, str]
) -> None:
    arguments = ("naive:", *SMALL, "--fault", "database_restart", "--restart-database", "exit 3", "--json")
    finished = kas("verify-store", *arguments, cwd=tmp_path, env=path)
    assert (finished.status, finished.json()["error"]["code"]) == (1, "program_failed")
    assert "status 3" in finished.json()["error"]["message"]


def test_servers_leave_no_token_that_is_good(kas: Run, tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/plans.db"
    assert (
        kas("verify-store", database, *SMALL, "--operations", "30", "--servers", "1", cwd=tmp_path).status == 0
    )
    (token,) = kas("token", "list", "--db", database, "--json", cwd=tmp_path).data
    assert (token["role"], token["state"]) == ("user", "revoked")
    assert token["project"].startswith("verify-")


def test_the_report(kas: Run, tmp_path: Path, path: Mapping[str, str]) -> None:
    finished = kas("verify-store", "naive:lawless", *SMALL, cwd=tmp_path, env=path)
    assert (finished.status, finished.err) == (1, "")
    lines = finished.out.splitlines()
    assert [line.split()[0] for line in lines[:8]] == [
        "store", "servers", "clients", "operations", "faults", "seed", "speed", "verdict",
    ]  # fmt: skip
    assert lines[5] == "seed        7"
    assert "anomal" in lines[7]
    assert any(line.startswith("rule_broken: ") for line in lines)


def test_the_json_store_is_tried_elsewhere(kas: Run, repo: Repo) -> None:
    state = repo.write_state({"2026-01-01-a.md": {"status": "ready"}})
    before = state.read_bytes()
    finished = kas("verify-store", *SMALL, "--faults", "--json", cwd=repo.path)
    assert (finished.status, finished.data["anomalies"]) == (0, [])
    assert finished.data["store"] == "json"
    assert state.read_bytes() == before
    assert [path.name for path in state.parent.iterdir()] == [state.name]


def test_a_configured_place_is_not_tried_unasked(kas: Run, repo: Repo, path: Mapping[str, str]) -> None:
    repo.git("config", "kas.store", "naive:")
    finished = kas("verify-store", "--json", cwd=repo.path, env=path)
    assert (finished.status, finished.json()["error"]["code"]) == (2, "usage")
    assert "naive:" in finished.json()["error"]["message"]


def test_the_history_is_kept(kas: Run, tmp_path: Path, path: Mapping[str, str]) -> None:
    arguments = ("verify-store", "naive:", *SMALL, "--operations", "60", "--keep-history", "kept.jsonl")
    assert kas(*arguments, cwd=tmp_path, env=path).status == 0
    records = [json.loads(line) for line in (tmp_path / "kept.jsonl").read_text().splitlines()]
    assert sum("called" in record for record in records) == 60
    assert records[-1]["history"][0]["change"] == 1
    again = kas(*arguments, "--json", cwd=tmp_path, env=path)
    assert (again.status, again.json()["error"]["code"]) == (4, "already_exists")


def test_a_store_that_cannot_be_opened(kas: Run, tmp_path: Path) -> None:
    finished = kas("verify-store", "nosuch:", "--json", cwd=tmp_path)
    assert (finished.status, finished.json()["error"]["code"]) == (2, "plugin_unusable")


@pytest.mark.parametrize(
    "arguments",
    [
        ("--clients", "0"),
        ("--plans", "x"),
        ("--seconds", "-1"),
        ("--seconds", "nan"),
        ("--servers", "0"),
        ("--fault", "earthquake"),
        ("--fault", "server_kill"),
        ("--fault", "database_restart"),
        ("--restart-database", "true"),
    ],
)
def test_wrong_arguments(kas: Run, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    finished = kas("verify-store", *arguments, "--json", cwd=tmp_path)
    assert (finished.status, finished.json()["error"]["code"]) == (2, "usage")
