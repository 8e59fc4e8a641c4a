"""Cleanup asks the forge before a branch goes that others may build on; the stand-in for gh answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from finish.forges import HostedWorld
from finish.worlds import World
from support import Finished, Run


@pytest.fixture
def hosted(world: World, tmp_path: Path) -> HostedWorld:
    """A landed branch ``low`` that was pushed, and ``own``, which was not."""
    made = HostedWorld(world, tmp_path)
    for name in ("low", "own"):
        world.repo.git("switch", "-q", "-c", name, "main")
        world.repo.commit(f"work of {name}", {f"{name}.txt": "1\n"})
        world.repo.git("switch", "-q", "main")
        world.repo.git("merge", "-q", "--squash", name)
        world.repo.git("commit", "-q", "-m", f"squash {name}")
    world.repo.git("push", "-q", "-u", "origin", "low")
    return made


def request(base: str) -> dict[str, Any]:
    return {
        "number": 7,
        "url": "https://forge.example/7",
        "state": "OPEN",
        "headRefName": "high",
        "baseRefName": base,
        "headRefOid": "a" * 40,
        "mergeCommit": None,
        "isDraft": False,
        "autoMergeRequest": None,
        "isCrossRepository": False,
    }


def clean(kas: Run, hosted: HostedWorld, *words: str) -> Finished:
    return kas(
        "cleanup", "--branches", *words, "--json", cwd=hosted.world.repo.path, env=hosted.world.environment
    )


def fates(finished: Finished) -> dict[str, list[str]]:
    return {row["name"]: [reason["code"] for reason in row["reasons"]] for row in finished.data["rows"]}


@pytest.mark.parametrize("words", [(), ("--execute",)])
def test_the_base_of_an_open_pull_request_stays(kas: Run, hosted: HostedWorld, words: tuple[str, ...]) -> None:
    (hosted.state / "requests.json").write_text(json.dumps([request("low")]))
    finished = clean(kas, hosted, *words)
    assert fates(finished) == {"low": ["request_base"], "own": []}
    assert hosted.world.repo.git("rev-parse", "--verify", "-q", "refs/heads/low")
    assert finished.json()["warnings"] == []


def test_other_pull_requests_keep_nothing(kas: Run, hosted: HostedWorld) -> None:
    (hosted.state / "requests.json").write_text(json.dumps([request("main"), request("own")]))
    assert fates(clean(kas, hosted)) == {"low": [], "own": []}


def test_nobody_is_asked_about_branches_that_were_not_pushed(kas: Run, hosted: HostedWorld) -> None:
    assert fates(clean(kas, hosted, "own")) == {"own": []}
    assert hosted.calls == []


@pytest.mark.parametrize("mode", ["logged-out", "offline", "garbage"])
def test_a_forge_that_does_not_answer_is_told(kas: Run, hosted: HostedWorld, mode: str) -> None:
    hosted.mode(mode)
    finished = clean(kas, hosted)
    assert fates(finished) == {"low": [], "own": []}
    (warning,) = finished.json()["warnings"]
    assert warning.startswith("Whether pull requests are open is not known: ")
