"""Which source of configuration counts, key by key (DESIGN 4)."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from git_kas.config import Configuration, PolicyFile
from git_kas.config_files import user_files
from git_kas.config_keys import KEY_BY_NAME, KEYS, ValueType
from git_kas.domain.location import ConfigEntries, ConfigEntry, ConfigScope
from git_kas.errors import InvalidConfiguration

# Source → key → what it is called there; in falling precedence, copied by hand from DESIGN 4 and 11.
SOURCES: dict[str, dict[str, str]] = {
    "option": {"store": "store", "merge_strategy": "strategy", "test_command": "test"},
    "environment": {"store": "KAS_STORE", "project": "KAS_PROJECT"},
    "local": {
        "store": "kas.store",
        "project": "kas.project",
        "base": "kas.base",
        "plans": "kas.plans",
        "protected": "kas.protected",
        "stalled_after": "kas.stalledafter",
        "merge_strategy": "kas.mergestrategy",
        "test_command": "kas.testcommand",
        "on_transition": "kas.ontransition",
        "forge": "kas.forge",
        "reader": "kas.reader",
        "runner": "kas.runner",
        "agent": "kas.agent",
        "agent_planner": "kas.agent.planner",
        "agent_coder": "kas.agent.coder",
        "agent_reviewer": "kas.agent.reviewer",
        "most_agents": "kas.maxagents",
        "task_timeout": "kas.tasktimeout",
        "task_retries": "kas.taskretries",
        "review_cap": "kas.reviewcap",
        "worktrees": "kas.worktrees",
        "guard_paths": "kas.guard.path",
        "guard_baseline": "kas.guard.baseline",
    },
    "user": {"store": "plan_store"},
    "earlier": {"store": "plan_store"},
    "policy": {
        "project": "project",
        "base": "base",
        "plans": "plans",
        "protected": "protected",
        "stalled_after": "stalled_after",
        "merge_strategy": "merge_strategy",
        "review_cap": "review_cap",
    },
}
SOURCES["global"] = SOURCES["local"]
PRECEDENCE = ("option", "environment", "local", "global", "user", "earlier", "policy")
DEFAULTS = {
    "store": "json",
    "plans": "docs/plans",
    "protected": "",
    "stalled_after": "3",
    "merge_strategy": "no-ff",
    "test_command": "",
    "on_transition": "",
    "forge": "github",
    "reader": "gitcli",
    "runner": "tmux",
    "agent": "",
    "agent_planner": "kas.agent",
    "agent_coder": "kas.agent",
    "agent_reviewer": "kas.agent",
    "most_agents": "4",
    "task_timeout": "120",
    "task_retries": "0",
    "review_cap": "5",
    "worktrees": ".worktrees",
    "guard_paths": "plan-state.json",
    "guard_baseline": "",
}
NUMBERS = {key.name for key in KEYS if key.type in {ValueType.DAYS, ValueType.NUMBER}}


def value_of(source: str, key: str) -> str:
    """A valid value that shows where it comes from."""
    return str(PRECEDENCE.index(source)) if key in NUMBERS else f"from-{source}"


def toml(key: str, name: str, value: str) -> str:
    numbers = dict.fromkeys(NUMBERS, value)
    written = {**numbers, "protected": f'["{value}"]'}.get(key, f'"{value}"')
    return f"{name} = {written}\n"


def git(*entries: tuple[ConfigScope, str, str]) -> ConfigEntries:
    return ConfigEntries([ConfigEntry(scope, f"file:{scope}", key, value) for scope, key, value in entries])


def configured(key: str, sources: set[str], folder: Path) -> Configuration:
    """A configuration in which ``key`` is set in exactly these sources."""
    names = {source: SOURCES[source][key] for source in sources}
    values = {source: value_of(source, key) for source in sources}
    environment = {"HOME": str(folder), "XDG_CONFIG_HOME": str(folder / "xdg")}
    for source, place in (("user", folder / "xdg/git-kas"), ("earlier", folder / ".config/kasmos")):
        place.mkdir(parents=True, exist_ok=True)
        (place / "config.toml").write_text(
            toml(key, names[source], values[source]) if source in sources else ""
        )
    if "environment" in sources:
        environment[names["environment"]] = values["environment"]
    policy = toml(key, names["policy"], values["policy"]) if "policy" in sources else ""
    return Configuration(
        options={key: values["option"]} if "option" in sources else {},
        environment=environment,
        git=git(
            *(
                (ConfigScope(source), names[source], values[source])
                for source in ("global", "local")
                if source in sources
            )
        ),
        read_policy=lambda: PolicyFile(policy.encode(), "main:.kas.toml"),
    )


def simple(
    entries: ConfigEntries | None = None, policy: bytes | None = None, **environment: str
) -> Configuration:
    return Configuration(
        options={},
        environment=environment,
        git=entries or ConfigEntries([]),
        read_policy=lambda: None if policy is None else PolicyFile(policy, "main:.kas.toml"),
    )


def test_the_keys_are_known() -> None:
    assert {key.name for key in KEYS} == set(SOURCES["local"])


@pytest.mark.parametrize("key", [key.name for key in KEYS])
def test_of_all_sources_the_first_one_counts(key: str, tmp_path: Path) -> None:
    available = [source for source in PRECEDENCE if key in SOURCES[source]]
    for position, source in enumerate(available):
        setting = configured(key, set(available[position:]), tmp_path).setting(key)
        expected = value_of(source, key)
        if KEY_BY_NAME[key].type is ValueType.TEXTS and source == "local":  # Git's values of one key add up
            expected = f"{value_of('global', key)}\n{expected}"
        assert setting.value == expected, source
    last = configured(key, set(), tmp_path).setting(key)
    assert last.source == "default"
    assert last.value == DEFAULTS.get(key, last.value)


@pytest.mark.parametrize("key", [key.name for key in KEYS])
def test_every_source_counts_alone_and_is_named(key: str, tmp_path: Path) -> None:
    words = {
        "option": KEY_BY_NAME[key].option or "--store",
        "environment": "KAS_",
        "local": "local",
        "global": "global",
        "user": "xdg/git-kas/config.toml",
        "earlier": ".config/kasmos/config.toml",
        "policy": "main:.kas.toml",
    }
    for source in PRECEDENCE:
        if key in SOURCES[source]:
            setting = configured(key, {source}, tmp_path).setting(key)
            assert setting.value == value_of(source, key)
            assert words[source] in setting.source


@pytest.mark.parametrize("key", [key.name for key in KEYS])
def test_the_scope_of_one_worktree_never_counts(key: str) -> None:
    name = SOURCES["local"][key]
    config = simple(git((ConfigScope.WORKTREE, name, "elsewhere")))
    assert config.setting(key).source == "default"
    (sentence,) = config.ignored()
    assert name in sentence
    assert "file:worktree" in sentence


def test_a_committed_file_never_chooses_the_store() -> None:
    config = simple(policy=b'store = "http://evil.example"\nplan_store = "http://evil.example"\n')
    assert config.setting("store") == ("store", "json", "default")
    assert len(config.ignored()) == 2
    assert all("main:.kas.toml" in sentence and "store" in sentence for sentence in config.ignored())


def test_a_committed_file_names_no_reader() -> None:
    config = simple(policy=b'reader = "evil"\n')
    assert config.setting("reader").value == "gitcli"
    assert "reader" in config.ignored()[0]


def test_the_committed_file_is_not_read_where_something_else_counts() -> None:
    def unreadable() -> PolicyFile:
        raise AssertionError("not needed")

    config = Configuration(
        options={}, environment={}, git=git((ConfigScope.LOCAL, "kas.plans", "notes")), read_policy=unreadable
    )
    assert config.setting("plans").value == "notes"
    assert config.setting("store").value == "json"


def test_an_empty_variable_is_no_setting() -> None:
    assert simple(KAS_STORE="", KAS_PROJECT="").setting("store").source == "default"


EARLIER = ["/h/.config/kasmos/config.toml", "/h/.config/kasmos/config.json"]


@pytest.mark.parametrize(
    ("environment", "files"),
    [
        ({"HOME": "/h"}, ["/h/.config/git-kas/config.toml", *EARLIER]),
        (
            {"HOME": "/h", "XDG_CONFIG_HOME": "/x"},
            ["/x/git-kas/config.toml", *EARLIER],
        ),
        ({"XDG_CONFIG_HOME": "/x"}, ["/x/git-kas/config.toml"]),
        ({}, []),
    ],
)
def test_where_user_files_are(environment: Mapping[str, str], files: list[str]) -> None:
    assert user_files(environment) == files


def test_a_relative_xdg_folder_is_ignored_and_the_default_counts() -> None:
    # XDG Base Directory Specification: "all paths … must be absolute", a relative one is to be ignored.
    assert user_files({"HOME": "/h", "XDG_CONFIG_HOME": "relative"}) == user_files({"HOME": "/h"})


@pytest.mark.parametrize(
    ("toml_text", "place"),
    [
        ('plans = "a"\nbase = \n', "main:.kas.toml:2:8"),
        ("plans", "main:.kas.toml:1:6"),
        ("a = 1\na = 2\n", "main:.kas.toml:2:"),
        ('plans = "a\n', "main:.kas.toml:1:11"),
    ],
)
def test_a_syntax_error_is_named_with_line_and_column(toml_text: str, place: str) -> None:
    with pytest.raises(InvalidConfiguration) as refused:
        simple(policy=toml_text.encode()).setting("plans")
    assert place in refused.value.message


@pytest.mark.parametrize(
    ("key", "written"),
    [("plans", "7"), ("base", "[]"), ("project", "true"), ("protected", '"main"'), ("protected", '["a", 1]')]
    + [("stalled_after", word) for word in ('"3"', "-1", "1.5", "true", "1979-05-27", "{}")],
)
def test_a_value_of_the_wrong_type_is_named_with_its_key(key: str, written: str) -> None:
    with pytest.raises(InvalidConfiguration) as refused:
        simple(policy=f"{key} = {written}\n".encode()).setting(key)
    assert "main:.kas.toml" in refused.value.message
    assert f"'{key}'" in refused.value.message


UNREADABLE = {
    "not UTF-8": b'plans = "caf\xe9"\n',
    "a number of 5000 digits": b"stalled_after = " + b"9" * 5000,
    "nested too deeply": b"x = " + b"[" * 20_000 + b"]" * 20_000,
    "NUL": b'plans = "a\0b"\n',
}


@pytest.mark.parametrize("data", UNREADABLE.values(), ids=UNREADABLE)
def test_whatever_is_committed_there_is_an_answer(data: bytes) -> None:
    with pytest.raises(InvalidConfiguration, match=r"main:\.kas\.toml"):
        simple(policy=data).setting("plans")


@pytest.mark.parametrize("text", ["-1", "", "3.5", "three", "3 days", "9" * 5000, "true"])
def test_a_number_of_days(text: str) -> None:
    config = simple(git((ConfigScope.LOCAL, "kas.stalledafter", text)))
    with pytest.raises(InvalidConfiguration, match=r"kas\.stalledAfter"):
        config.days("stalled_after")


def test_days_and_lists_are_read() -> None:
    config = simple(policy=b'stalled_after = 10\nprotected = ["release", "next"]\n')
    assert config.days("stalled_after") == 10
    assert config.texts("protected") == ("release", "next")
    assert simple().texts("protected") == ()
    assert simple().days("stalled_after") == 3


@pytest.mark.parametrize("name", ["a..b", "-x", "HEAD", "a b"])
def test_a_base_that_is_no_branch_name(name: str) -> None:
    with pytest.raises(InvalidConfiguration, match=r"kas\.base"):
        simple(git((ConfigScope.LOCAL, "kas.base", name))).branch("base")


values: Any = st.text(min_size=1, max_size=10).filter(lambda text: "\n" not in text)


@given(value=values)
def test_git_values_are_taken_as_they_are(value: str) -> None:
    config = simple(git((ConfigScope.GLOBAL, "kas.store", "lower"), (ConfigScope.LOCAL, "kas.store", value)))
    assert config.setting("store").value == value
