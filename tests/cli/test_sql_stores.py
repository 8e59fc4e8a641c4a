"""The program over plan stores in SQL databases: the same commands, the same answers as over the json store."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from git_kas.domain.secrets import without_password
from plan_commands import go_their_way
from postgresql import postgresql_url
from support import Repo, Run

KINDS = ("json", "sqlite", "file", "postgresql")
Say = Callable[..., str]


def url_of(kind: str, folder: Path) -> str:
    if kind == "file":
        return f"sqlite:///{folder}/plans of all.db"
    return postgresql_url() if kind == "postgresql" else kind


@pytest.fixture(params=KINDS)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A store of each kind."""
    return url_of(request.param, tmp_path)


@pytest.fixture
def say(repo: Repo, kas: Run, url: str) -> Say:
    """Run a command that succeeds; what it says."""
    env = {"KAS_STORE": url, "KAS_PROJECT": uuid4().hex}

    def run(*arguments: str) -> str:
        finished = kas(*arguments, cwd=repo.path, env=env)
        assert (finished.status, finished.err) == (0, ""), finished
        return finished.out

    return run


def test_a_plan_goes_its_way(say: Say, repo: Repo) -> None:
    repo.commit("first", {"a": "b"})
    go_their_way(say, repo)
    assert say("plan", "list").splitlines()[0].split()[0] in {"ready", "planning"}


def test_export_and_import_carry_everything_over(say: Say, repo: Repo, kas: Run, tmp_path: Path) -> None:
    say("plan", "create", "one", "-d", "<first> & \u2028")
    say("plan", "transition", "one", "plan_start", "-m", "a note")
    exported = say("export")
    (tmp_path / "export.json").write_text(exported)
    for kind in KINDS:
        env = {"KAS_STORE": url_of(kind, tmp_path / "elsewhere"), "KAS_PROJECT": uuid4().hex}
        other = tmp_path / f"other-{kind}"
        repo.git("clone", "-q", str(repo.path), str(other))
        assert kas("import", str(tmp_path / "export.json"), cwd=other, env=env).status == 0
        assert kas("export", cwd=other, env=env).out == exported


@pytest.mark.parametrize("command", [("where",), ("config",), ("config", "store", "--json"), ("verify-store",)])
def test_a_password_is_never_shown(repo: Repo, kas: Run, command: tuple[str, ...]) -> None:
    env = {"KAS_STORE": "postgresql://ada:hunter2@athena/plans"}
    finished = kas(*command, cwd=repo.path, env=env)
    assert "postgresql://ada:***@athena/plans" in finished.out + finished.err
    assert "hunter2" not in finished.out + finished.err


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://u:p@h/d", "postgresql://u:***@h/d"),
        ("http://u:p:q@h:7433", "http://***@h:7433"),
        ("http://:p@h", "http://***@h"),
        ("postgresql://u:p@@h/d", "postgresql://u:***@h/d"),
        ("http://h:7433/a@b", "http://h:7433/a@b"),
        ("https://kas_1_2@h/", "https://***@h/"),
        ("postgresql://u@h/d", "postgresql://u@h/d"),
        ("sqlite:////a:b@c.db", "sqlite:////a:b@c.db"),
        ("json", "json"),
    ],
)
def test_what_counts_as_a_password(url: str, shown: str) -> None:
    assert without_password(url) == shown


def test_a_database_that_does_not_answer_is_told_and_nothing_is_written_elsewhere(repo: Repo, kas: Run) -> None:
    env = {"KAS_STORE": "postgresql://ada:hunter2@127.0.0.1:1/plans"}
    before = sorted(repo.path.rglob("*"))
    for command in (("plan", "list"), ("plan", "create", "x"), ("triage",)):
        finished = kas(*command, cwd=repo.path, env=env)
        assert finished.status == 6, finished
        assert "plan store unreachable" in finished.err
        assert "hunter2" not in finished.out + finished.err
    assert sorted(repo.path.rglob("*")) == before


def test_the_log_of_a_file_is_taken_in_at_the_end(repo: Repo, kas: Run, tmp_path: Path) -> None:
    path = tmp_path / "plans.db"
    assert kas("plan", "create", "x", cwd=repo.path, env={"KAS_STORE": f"sqlite:///{path}"}).status == 0
    assert sorted(file.name for file in tmp_path.glob("plans.db*")) == ["plans.db"]
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT count(*) FROM plans").fetchone() == (1,)
    connection.close()


@pytest.mark.parametrize("way", ["option", "git", "config.toml", "earlier config.toml"])
def test_a_store_is_chosen_in_each_of_the_ways(
    repo: Repo, kas: Run, tmp_path: Path, environment: dict[str, str], way: str
) -> None:
    url = f"sqlite:///{tmp_path}/plans.db"
    options: tuple[str, ...] = ("--store", url) if way == "option" else ()
    if way == "git":
        repo.git("config", "kas.store", url)
    elif "toml" in way:
        folder = Path(environment["HOME"]) / ".config" / ("kasmos" if "earlier" in way else "git-kas")
        folder.mkdir(parents=True)
        (folder / "config.toml").write_text(f'plan_store = "{url}"\n')
    assert kas("plan", "create", "x", *options, cwd=repo.path).status == 0
    where: Any = kas("where", "--json", *options, cwd=repo.path).json()["data"]
    assert (where["store"], where["place"]) == (url, f"{tmp_path}/plans.db")
    assert not (repo.path / ".git/kas/plan-state.json").exists()
