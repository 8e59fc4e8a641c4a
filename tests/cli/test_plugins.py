"""Plugins of third parties: one that works is used, a broken one is listed and harms nobody else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from support import Repo, Run
from third_party import offer

STORE = """
from git_kas.domain.lifecycle import read_status
from git_kas.domain.names import PlanName
from git_kas.domain.plan import Plan, Topic
from git_kas.ports.store import StoreDescription


class MemoryStore:
    def __init__(self, request):
        self._request = request

    def describe(self):
        return StoreDescription("x", self._request.url)

    def list_plans(self, statuses=(), topic=None):
        name = PlanName(f"{self._request.project()}.md")
        return [Plan(name, read_status("ready"), branch=self._request.url, topic=self._request.plans_folder())]

    def list_topics(self):
        return [Topic("t")]

    def remarks(self):
        return ()

    def close(self):
        pass


def kas_store(request):
    return MemoryStore(request)
"""

# Kinds of plugins that cannot work, and a word of the problem that is to be shown.
BROKEN = {
    "raises": ("raise RuntimeError('no \\x1b[31mluck\\nat all')\n", "no"),
    "exits": ("raise SystemExit(0)\n", ""),
    "no syntax": ("def kas_store(:\n", "SyntaxError"),
    "misses a library": ("import no_such_library_of_git_kas\n", "no_such_library_of_git_kas"),
    "wrong parameter": ("def kas_store(request, colour):\n    return None\n", "colour"),
    "misspelt hook": ("def kas_stroe(request):\n    return None\n", "kas_stroe"),
    "no hooks": ("ANSWER = 42\n", "hook"),
    "hook is no function": ("kas_store = 7\n", ""),
}


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A folder that is on PYTHONPATH."""
    made = tmp_path / "shop"
    made.mkdir()
    return made


@pytest.fixture
def path(shop: Path) -> Mapping[str, str]:
    return {"PYTHONPATH": str(shop)}


def listed(kas: Run, folder: Path, path: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    """Name → what ``git kas plugins`` says of the plugins of that name."""
    found: dict[str, list[dict[str, Any]]] = {}
    for plugin in kas("plugins", "--json", cwd=folder, env=path).data:
        found.setdefault(plugin["name"], []).append(plugin)
    return found


def works(kas: Run, repo: Repo, path: Mapping[str, str]) -> bool:
    """Whether what does not ask for a third party's plugin is as it was."""
    commands = (("plan", "list"), ("triage",), ("where",), ("config",))
    return all(kas(*command, cwd=repo.path, env=path).status == 0 for command in commands)


def refuses(kas: Run, repo: Repo, path: Mapping[str, str], store: str) -> str:
    """The sentence with which a store is refused that was asked for by name."""
    refused = kas("plan", "list", "--json", "--store", store, cwd=repo.path, env=path)
    assert (refused.status, refused.err) == (2, "")
    assert refused.json()["error"]["code"] == "plugin_unusable"
    return str(refused.json()["error"]["message"])


def test_the_built_in_plugins_are_listed(kas: Run, repo: Repo) -> None:
    plugins = listed(kas, repo.path, {})
    assert {"dulwich", "files", "gitcli", "json", "pygit2"} <= set(plugins)
    assert plugins["json"][0]["hooks"] == ["kas_store"]
    assert all(plugin["problem"] == "" for group in plugins.values() for plugin in group)


def test_the_list_needs_no_repository(kas: Run, tmp_path: Path) -> None:
    assert "json" in listed(kas, tmp_path, {})


def test_a_third_party_s_store_is_chosen_by_its_name(
    kas: Run, repo: Repo, shop: Path, path: Mapping[str, str]
) -> None:
    offer(shop, "x", STORE, distribution="x", module="x")
    repo.git("config", "kas.store", "x://somewhere/else")
    repo.git("config", "kas.project", "athena")
    (plugin,) = listed(kas, repo.path, path)["x"]
    assert plugin == {
        "name": "x",
        "module": "x",
        "distribution": "x-1.0",
        "hooks": ["kas_store"],
        "problem": "",
    }
    plans = kas("plan", "list", cwd=repo.path, env=path)
    assert plans.out == f"{'ready':<14} {'athena.md':<50} x://somewhere/else\n"
    where = kas("where", "--json", cwd=repo.path, env=path).data
    assert (where["store"], where["place"]) == ("x://somewhere/else", "x://somewhere/else")
    assert "kas.store" in where["source"]
    assert kas("triage", "--json", cwd=repo.path, env=path).data["rows"][0]["plan"] == "athena.md"


@pytest.mark.parametrize("kind", BROKEN)
def test_a_broken_plugin_is_listed_and_refused(
    kas: Run, repo: Repo, shop: Path, path: Mapping[str, str], kind: str
) -> None:
    source, word = BROKEN[kind]
    offer(shop, "broken", source)
    assert "'broken'" in refuses(kas, repo, path, "broken:")
    plugins = listed(kas, repo.path, path)
    (plugin,) = plugins["broken"]
    assert plugin["problem"]
    assert word in plugin["problem"]
    assert plugin["distribution"] == "broken_maker-1.0"
    assert plugins["json"][0]["problem"] == ""


def test_broken_plugins_harm_nobody_else(kas: Run, repo: Repo, shop: Path, path: Mapping[str, str]) -> None:
    for number, (source, _) in enumerate(BROKEN.values()):
        offer(shop, f"broken{number}", source)
    offer(shop, "x", STORE)
    assert works(kas, repo, path)
    assert kas("plan", "list", "--store", "x:", cwd=repo.path, env=path).status == 0


def test_a_plugin_s_problem_stays_on_its_line(
    kas: Run, repo: Repo, shop: Path, path: Mapping[str, str]
) -> None:
    offer(shop, "broken", BROKEN["raises"][0])
    table = kas("plugins", cwd=repo.path, env=path)
    (line,) = (line for line in table.out.splitlines() if line.startswith("broken "))
    assert "broken_maker-1.0" in line
    assert "\x1b" not in table.out
    refused = kas("plan", "list", "--store", "broken:", cwd=repo.path, env=path)
    assert "\x1b" not in refused.err
    assert len(refused.err.splitlines()) == 2


def test_a_missing_module_is_listed(kas: Run, repo: Repo, shop: Path, path: Mapping[str, str]) -> None:
    offer(shop, "broken", None)
    (plugin,) = listed(kas, repo.path, path)["broken"]
    assert "broken_maker_plugin" in plugin["problem"]


def test_two_plugins_of_one_name(kas: Run, repo: Repo, shop: Path, path: Mapping[str, str]) -> None:
    offer(shop, "x", STORE, distribution="first")
    offer(shop, "x", STORE, distribution="second")
    found = listed(kas, repo.path, path)["x"]
    assert sorted(plugin["distribution"] for plugin in found) == ["first-1.0", "second-1.0"]
    assert all(plugin["problem"] for plugin in found)
    assert kas("triage", cwd=repo.path, env=path).status == 0
    sentence = refuses(kas, repo, path, "x://y")
    assert "first" in sentence
    assert "second" in sentence


def test_a_plugin_that_takes_the_name_of_a_built_in_one(
    kas: Run, repo: Repo, shop: Path, path: Mapping[str, str]
) -> None:
    offer(shop, "pygit2", STORE, distribution="pirate")
    found = listed(kas, repo.path, path)["pygit2"]
    assert len(found) == 2
    assert all(plugin["problem"] for plugin in found)
    assert works(kas, repo, path)
    repo.git("config", "kas.reader", "pygit2")
    refused = kas("triage", "--json", cwd=repo.path, env=path)
    assert (refused.status, refused.json()["error"]["code"]) == (2, "plugin_unusable")
    assert "pirate" in refused.json()["error"]["message"]


def test_a_plugin_that_takes_the_name_of_the_default_store(
    kas: Run, repo: Repo, shop: Path, path: Mapping[str, str]
) -> None:
    offer(shop, "json", STORE, distribution="pirate")
    offer(shop, "x", STORE)
    assert "pirate" in refuses(kas, repo, path, "json")
    assert kas("plan", "list", cwd=repo.path, env=path).status == 2
    assert kas("plan", "list", "--store", "x:", cwd=repo.path, env=path).status == 0
    assert kas("plugins", cwd=repo.path, env=path).status == 0


def test_a_distribution_found_twice_counts_once(kas: Run, repo: Repo, shop: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    offer(shop, "x", STORE, distribution="x")
    offer(other, "x", "raise RuntimeError\n", distribution="x")
    path = {"PYTHONPATH": os.pathsep.join([str(shop), str(other)])}
    (plugin,) = listed(kas, repo.path, path)["x"]
    assert plugin["problem"] == ""
    assert kas("plan", "list", "--store", "x:", cwd=repo.path, env=path).status == 0


@pytest.mark.parametrize(
    "source",
    [
        STORE.replace("def kas_store(request):", "def kas_store(request, colour='red'):"),
        STORE.replace("def kas_store(request):\n    return MemoryStore(request)", "kas_store = MemoryStore"),
        STORE.replace("def kas_store(request):", "def kas_store(*, request):"),
    ],
    ids=["a default", "a class", "keyword only"],
)
def test_what_is_listed_without_a_problem_works(
    kas: Run, repo: Repo, shop: Path, path: Mapping[str, str], source: str
) -> None:
    offer(shop, "x", source)
    (plugin,) = listed(kas, repo.path, path)["x"]
    if plugin["problem"]:
        refuses(kas, repo, path, "x:")
    else:
        assert kas("plan", "list", "--store", "x:", cwd=repo.path, env=path).status == 0


def test_a_plugin_for_something_else_is_no_store(kas: Run, repo: Repo) -> None:
    sentence = refuses(kas, repo, {}, "files")
    assert "'files'" in sentence
    assert "kas_store" in sentence


def test_a_store_that_is_no_plugin(kas: Run, repo: Repo) -> None:
    for store in ("nosuch", "nosuch://x", ":", "://", "JSON", "ftp://athena:7433", "\x1b[31m:"):
        assert f"'{store.partition(':')[0]}'" in refuses(kas, repo, {}, store)
    text = kas("plan", "list", cwd=repo.path, env={"KAS_STORE": "nosuch:"})
    assert (text.status, text.out) == (2, "")
    assert len(text.err.splitlines()) == 2
    assert "'nosuch'" in text.err


def test_odd_metadata_is_passed_over(kas: Run, repo: Repo, shop: Path, path: Mapping[str, str]) -> None:
    for name, data in {
        "empty-1.dist-info": b"",
        "binary-1.dist-info": b"[git_kas]\n\xff\xfe = x\n",
        "strange-1.egg-info": b"[git_kas]\n# y = z\n\n=\nbare\n[other]\nz = z\n",
    }.items():
        (shop / name).mkdir()
        (shop / name / "entry_points.txt").write_bytes(data)
    (shop / "file-1.dist-info").write_text("no folder")
    offer(shop, "x", STORE)
    plugins = listed(kas, repo.path, path)
    assert plugins["x"][0]["problem"] == ""
    assert "z" not in plugins
