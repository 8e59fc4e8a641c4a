"""Configuration as a user meets it: who wins, what never counts, and what is said about mistakes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from support import Repo, Run


class Place(NamedTuple):
    """Everything that can be configured for one run."""

    repo: Repo
    home: Path
    environment: dict[str, str]
    options: list[str]


@pytest.fixture
def place(repo: Repo, tmp_path: Path) -> Place:
    return Place(repo, tmp_path / "home", {}, [])


def write(path: Path, text: str | bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)


def commit_policy(repo: Repo, text: str) -> None:
    repo.commit("policy", {".kas.toml": text})


def everything(folder: Path) -> dict[str, bytes | None]:
    return {str(path): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def setting(kas: Run, place: Place, key: str, cwd: Path | None = None) -> tuple[str, str]:
    """The value and where it is said to come from."""
    finished = kas(
        "config",
        key,
        "--show-origin",
        "--json",
        *place.options,
        cwd=cwd or place.repo.path,
        env=place.environment,
    )
    (found,) = finished.data
    assert found["key"] == key
    return found["value"], found["source"]


def nothing(_: Place) -> None:
    """The first step of a ladder."""


Step = tuple[Callable[[Place], Any], str, str]
STORE_LADDER: list[Step] = [
    (nothing, "json", "default"),
    (lambda p: commit_policy(p.repo, 'store = "policy://"\n'), "json", "default"),
    (
        lambda p: write(p.home / ".config/kasmos/config.json", '{"profiles": [{}], "plan_store": "json://"}'),
        "json://",
        ".config/kasmos/config.json",
    ),
    (
        lambda p: write(p.home / ".config/kasmos/config.toml", 'plan_store = "" # as if it were not there\n'),
        "json://",
        ".config/kasmos/config.json",
    ),
    (
        lambda p: write(p.home / ".config/kasmos/config.toml", 'plan_store = "earlier://"\n'),
        "earlier://",
        ".config/kasmos/config.toml",
    ),
    (
        lambda p: write(p.home / ".config/git-kas/config.toml", 'plan_store = "user://"\n'),
        "user://",
        ".config/git-kas/config.toml",
    ),
    (lambda p: p.repo.git("config", "--global", "kas.store", "global://"), "global://", "global"),
    (lambda p: p.repo.git("config", "kas.store", "local://"), "local://", "local"),
    (lambda p: p.environment.update(KAS_STORE="variable://"), "variable://", "KAS_STORE"),
    (lambda p: p.options.extend(["--store", "option://"]), "option://", "--store"),
]


def climb(kas: Run, place: Place, key: str, ladder: list[Step]) -> None:
    """Add source after source; each one must win over all before it, and be named."""
    for add, value, word in ladder:
        add(place)
        found, source = setting(kas, place, key)
        assert (found, word in source) == (value, True), (value, source)


def test_who_chooses_the_store(kas: Run, place: Place) -> None:
    climb(kas, place, "store", STORE_LADDER)


def test_who_names_the_project(kas: Run, place: Place) -> None:
    ladder: list[Step] = [
        (nothing, "repo", "folder name"),
        (lambda p: commit_policy(p.repo, 'project = "policy"\n'), "policy", "main:.kas.toml"),
        (lambda p: p.repo.git("config", "--global", "kas.project", "global"), "global", "global"),
        (lambda p: p.repo.git("config", "kas.project", "local"), "local", "local"),
        (lambda p: p.environment.update(KAS_PROJECT="variable"), "variable", "KAS_PROJECT"),
    ]
    climb(kas, place, "project", ladder)


@pytest.mark.parametrize(
    ("key", "default", "names"),
    [
        ("plans", "docs/plans", "abc"),
        ("protected", "", "abc"),
        ("stalled_after", "3", "579"),
        ("base", "main", "abc"),
    ],
)
def test_who_sets_the_policy(kas: Run, place: Place, key: str, default: str, names: str) -> None:
    for name in "abc":
        place.repo.git("branch", name)
    written = {"stalled_after": names[0], "protected": f'["{names[0]}"]'}.get(key, f'"{names[0]}"')
    git_key = f"kas.{key}".replace("stalled_after", "stalledAfter")
    adds_up = key == "protected"  # Git has one value for each branch
    ladder: list[Step] = [
        (nothing, default, "default"),
        (lambda p: commit_policy(p.repo, f"{key} = {written}\n"), names[0], "main:.kas.toml"),
        (lambda p: p.repo.git("config", "--global", git_key, names[1]), names[1], "global"),
        (
            lambda p: p.repo.git("config", git_key, names[2]),
            f"{names[1]}\n{names[2]}" if adds_up else names[2],
            "local",
        ),
    ]
    climb(kas, place, key, ladder)


def test_the_user_s_file_lies_in_the_xdg_folder(kas: Run, place: Place, tmp_path: Path) -> None:
    write(place.home / ".config/git-kas/config.toml", 'plan_store = "home://"\n')
    write(place.home / ".config/kasmos/config.toml", 'plan_store = "earlier://"\n')
    place.environment["XDG_CONFIG_HOME"] = str(tmp_path / "xdg")
    assert setting(kas, place, "store")[0] == "earlier://"
    write(tmp_path / "xdg/git-kas/config.toml", 'plan_store = "xdg://"\n')
    assert setting(kas, place, "store")[0] == "xdg://"


def test_the_policy_is_the_one_committed_on_the_base(kas: Run, place: Place) -> None:
    repo = place.repo
    commit_policy(repo, 'plans = "committed"\n')
    linked = repo.worktree("feature")
    repo.commit("other policy", {".kas.toml": 'plans = "on-the-branch"\n'}, cwd=linked)
    (linked / ".kas.toml").write_text('plans = "in-the-linked-worktree"\n')
    (repo.path / ".kas.toml").write_text('plans = "in-the-main-worktree"\n')
    for folder in (repo.path, linked):
        assert setting(kas, place, "plans", folder) == ("committed", "main:.kas.toml")
    repo.git("checkout", "-q", "-f", "--detach")
    assert setting(kas, place, "plans")[0] == "committed"
    repo.git("config", "kas.base", "feature")
    assert setting(kas, place, "plans") == ("on-the-branch", "feature:.kas.toml")


def test_an_uncommitted_policy_is_none(kas: Run, place: Place) -> None:
    (place.repo.path / ".kas.toml").write_text("this is not TOML")
    assert setting(kas, place, "plans") == ("docs/plans", "default")


def test_one_worktree_s_own_configuration_never_counts(kas: Run, place: Place) -> None:
    repo = place.repo
    linked = repo.worktree("feature")
    repo.git("config", "extensions.worktreeConfig", "true")
    repo.git("config", "--worktree", "kas.store", "elsewhere://", cwd=linked)
    repo.git("config", "--worktree", "kas.plans", "elsewhere", cwd=linked)
    finished = kas("config", cwd=linked)
    assert finished.status == 0
    assert "elsewhere" not in finished.out
    assert [key in finished.err for key in ("kas.store", "kas.plans")] == [True, True]
    assert "config.worktree" in finished.err
    assert setting(kas, place, "store", linked) == ("json", "default")


def test_a_committed_file_never_chooses_the_store(kas: Run, place: Place) -> None:
    commit_policy(place.repo, 'store = "http://evil.example"\n')
    document = kas("config", "--json", cwd=place.repo.path).json()
    assert {found["key"]: found["value"] for found in document["data"]}["store"] == "json"
    (warning,) = document["warnings"]
    assert "store" in warning
    assert "main:.kas.toml" in warning
    assert kas("plan", "list", cwd=place.repo.path).status == 0


def test_show_origin_explains_every_key(kas: Run, place: Place) -> None:
    place.repo.git("config", "kas.plans", "notes")
    plain = kas("config", cwd=place.repo.path)
    assert plain.out == (
        "key             value\n"
        "store           json\n"
        "project         repo\n"
        "base            main\n"
        "plans           notes\n"
        "protected       -\n"
        "stalled_after   3\n"
        "merge_strategy  no-ff\n"
        "test_command    -\n"
        "on_transition   -\n"
        "forge           github\n"
        "guard_paths     plan-state.json\n"
        "guard_baseline  -\n"
        "agent           -\n"
        "agent_planner   kas.agent\n"
        "agent_coder     kas.agent\n"
        "agent_reviewer  kas.agent\n"
        "most_agents     4\n"
        "task_timeout    120\n"
        "task_retries    0\n"
        "review_cap      5\n"
        "worktrees       .worktrees\n"
        "runner          tmux\n"
        "reader          gitcli\n"
    )
    explained = kas("config", "--show-origin", cwd=place.repo.path)
    lines = dict(line.split(maxsplit=1) for line in explained.out.splitlines())
    assert lines["key"].split() == ["value", "source"]
    assert lines["store"].split() == ["json", "default"]
    assert lines["plans"].startswith("notes")
    assert ".git/config" in lines["plans"]
    assert kas("config", "plans", cwd=place.repo.path).out == "notes\n"


@pytest.mark.parametrize("command", [("where", "--json"), ("config", "--show-origin", "--json")])
def test_the_answer_is_the_same_from_everywhere(kas: Run, place: Place, command: tuple[str, ...]) -> None:
    repo = place.repo
    commit_policy(repo, 'plans = "notes"\nproject = "shared"\n')
    (repo.path / "src").mkdir()
    folders = [repo.path, repo.path / "src", repo.worktree("feature"), repo.path / ".git"]
    answers = [kas(*command, cwd=folder).data for folder in folders]
    for answer in answers:
        if isinstance(answer, dict):
            del answer["worktree"]  # the one thing that differs
    assert answers == answers[:1] * 4


class Mistake(NamedTuple):
    """Something wrongly configured, a command that meets it, and what its sentence must name."""

    make: Callable[[Place], Any]
    command: tuple[str, ...]
    named: tuple[str, ...]


def in_user_file(text: str | bytes) -> Callable[[Place], None]:
    return lambda p: write(p.home / ".config/git-kas/config.toml", text)


def in_policy(text: str) -> Callable[[Place], None]:
    return lambda p: commit_policy(p.repo, text)


def in_git(key: str, value: str) -> Callable[[Place], str]:
    return lambda p: p.repo.git("config", key, value)


def break_git_config(place: Place) -> None:
    with (place.repo.path / ".git/config").open("a") as file:
        file.write("[kas\nbroken\n")


LIST = ("plan", "list")
TRIAGE = ("triage",)
USER_FILE = "home/.config/git-kas/config.toml"
MISTAKES = {
    "user file is not TOML": Mistake(
        in_user_file('# mine\nplan_store = "a\n'), LIST, (f"{USER_FILE}:2:", "TOML")
    ),
    "user file is not UTF-8": Mistake(in_user_file(b'plan_store = "\xff"\n'), LIST, (USER_FILE, "UTF-8")),
    "user file has another type": Mistake(in_user_file("plan_store = 7\n"), LIST, (USER_FILE, "plan_store")),
    "earlier file is not TOML": Mistake(
        lambda p: write(p.home / ".config/kasmos/config.toml", "plan_store\n"),
        LIST,
        ("home/.config/kasmos/config.toml:1:11",),
    ),
    "earlier file is not JSON": Mistake(
        lambda p: write(p.home / ".config/kasmos/config.json", '{\n"plan_store": }'),
        LIST,
        ("home/.config/kasmos/config.json:2:15", "JSON"),
    ),
    "earlier file is not UTF-8": Mistake(
        lambda p: write(p.home / ".config/kasmos/config.json", b'{"plan_store": "\xff"}'),
        LIST,
        ("home/.config/kasmos/config.json", "UTF-8"),
    ),
    "earlier file holds no object": Mistake(
        lambda p: write(p.home / ".config/kasmos/config.json", "[]"),
        LIST,
        ("home/.config/kasmos/config.json", "object"),
    ),
    "earlier file has another type": Mistake(
        lambda p: write(p.home / ".config/kasmos/config.json", '{"plan_store": 7}'),
        LIST,
        ("home/.config/kasmos/config.json", "plan_store"),
    ),
    "user file is a folder": Mistake(
        lambda p: (p.home / USER_FILE.removeprefix("home/")).mkdir(parents=True), LIST, (USER_FILE,)
    ),
    "policy is not TOML": Mistake(in_policy('plans = "x"\nbase = \n'), TRIAGE, ("main:.kas.toml:2:8", "TOML")),
    "policy has a list for a text": Mistake(
        in_policy('plans = ["x"]\n'), TRIAGE, ("main:.kas.toml", "'plans'")
    ),
    "policy has a text for a list": Mistake(
        in_policy('protected = "x"\n'), TRIAGE, ("main:.kas.toml", "'protected'")
    ),
    "policy has negative days": Mistake(
        in_policy("stalled_after = -3\n"), TRIAGE, ("main:.kas.toml", "'stalled_after'")
    ),
    "plans above the worktree": Mistake(
        in_git("kas.plans", "../x"), TRIAGE, ("kas.plans", "../x", ".git/config")
    ),
    "plans at the root": Mistake(in_policy('plans = "/abs"\n'), TRIAGE, ("main:.kas.toml", "/abs")),
    "plans in .git": Mistake(in_git("kas.plans", ".git/x"), TRIAGE, ("kas.plans", ".git/x")),
    "negative days": Mistake(
        in_git("kas.stalledAfter", "-1"), TRIAGE, ("kas.stalledAfter", "-1", ".git/config")
    ),
    "days in words": Mistake(in_git("kas.stalledAfter", "soon"), ("config",), ("kas.stalledAfter", "soon")),
    "days beyond counting": Mistake(in_git("kas.stalledAfter", "9" * 5000), TRIAGE, ("kas.stalledAfter",)),
    "base that does not exist": Mistake(
        in_git("kas.base", "gone"), TRIAGE, ("kas.base", "gone", ".git/config")
    ),
    "base in the policy that does not exist": Mistake(
        in_policy('base = "gone"\n'), TRIAGE, ("main:.kas.toml", "gone")
    ),
    "base that is no branch name": Mistake(in_git("kas.base", "a..b"), TRIAGE, ("kas.base", "a..b")),
    "protected that is no branch name": Mistake(
        in_git("kas.protected", "a b"), TRIAGE, ("kas.protected", "a b")
    ),
    "reader that is no plugin": Mistake(in_git("kas.reader", "nosuch"), TRIAGE, ("kas.reader", "nosuch")),
    "store that is no plugin": Mistake(in_git("kas.store", "nosuch://x"), LIST, ("kas.store", "nosuch")),
    "store in the environment that is no plugin": Mistake(
        lambda p: p.environment.update(KAS_STORE="nosuch"), LIST, ("KAS_STORE", "nosuch")
    ),
    "store with a path": Mistake(
        in_git("kas.store", "json:/elsewhere"), LIST, ("kas.store", "json:/elsewhere")
    ),
    "broken .git/config": Mistake(break_git_config, LIST, (".git/config", "line")),
}


@pytest.mark.parametrize("mistake", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_named_with_its_place(kas: Run, place: Place, mistake: Mistake, tmp_path: Path) -> None:
    mistake.make(place)
    before = everything(tmp_path)
    refused = kas(*mistake.command, "--json", cwd=place.repo.path, env=place.environment)
    assert everything(tmp_path) == before
    assert (refused.status, refused.err) == (2, "")
    error = refused.json()["error"]
    assert [word for word in mistake.named if word not in error["message"]] == []
    assert error["message"].endswith(".")
    assert error["exit"] == 2


@pytest.mark.parametrize("name", ["policy is not TOML", "plans above the worktree", "broken .git/config"])
def test_a_mistake_is_a_sentence_and_a_next_step(kas: Run, place: Place, name: str) -> None:
    MISTAKES[name].make(place)
    refused = kas(*MISTAKES[name].command, cwd=place.repo.path)
    assert (refused.status, refused.out) == (2, "")
    sentence, advice = refused.err.splitlines()
    assert sentence.startswith("git-kas: ")
    assert advice.startswith("git-kas: ")
    assert [word for word in MISTAKES[name].named if word not in sentence] == []


def test_a_mistake_elsewhere_does_not_stop_what_needs_it_not(kas: Run, place: Place) -> None:
    commit_policy(place.repo, "this is not TOML\n")
    place.repo.git("config", "kas.stalledAfter", "soon")
    (place.repo.path / ".git/kas").mkdir()
    (place.repo.path / ".git/kas/plan-state.json").write_text("{}")
    assert kas("plan", "list", cwd=place.repo.path).status == 0
    assert kas("version", cwd=place.repo.path).status == 0


def test_an_unknown_key_is_a_usage_error(kas: Run, place: Place) -> None:
    refused = kas("config", "colour", cwd=place.repo.path)
    assert (refused.status, refused.out) == (2, "")
    assert "'colour'" in refused.err
    assert "stalled_after" in refused.err


def test_what_nobody_knows_is_reported(kas: Run, place: Place) -> None:
    place.repo.git("config", "kas.bsae", "x")
    finished = kas("where", "--json", cwd=place.repo.path, env=place.environment)
    (warning,) = finished.json()["warnings"]
    assert warning.startswith("kas.bsae in file:.git/config does not count")
