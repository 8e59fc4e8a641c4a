"""Every command that has to do with plans answers the same over every kind of store.

One story is told to each kind in a repository of its own; what comes of each command over the json store is
what must come of it over any other, but for places and times.
"""

from __future__ import annotations

import io
import json
import os
import re
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from git_kas.cli.commands import COMMANDS
from git_kas.cli.main import main
from git_kas.errors import Unreachable
from plan_commands import AS_AGENT, put
from postgresql import new_database
from server.hosting import start
from support import Repo, user_environment

JSON = "json"
KINDS = ("sqlite", "postgresql", "http")
SHARED = {"postgresql", "http"}
"""Kinds that other machines may share: of what is only on such a store, cleanup removes nothing by itself."""

ABOUT_NO_PLANS = {
    "guard",
    "hooks install",
    "hooks status",
    "hooks uninstall",
    "serve",
    "setup",
    "plugins",
    "token create",
    "token list",
    "token revoke",
    "verify-store",
    "demo",
    "completion",
    "version",
}
"""Commands that no plan store is configured for."""

OTHER = json.dumps(
    {"topics": {"new": {}}, "plans": {"2026-01-01-a.md": {"status": "done"}, "x.md": {"status": "finished"}}}
)
TEXT = b"# B\r\n\n<&>\xff\n"
WRITTEN = "# Written\n\n**Goal:** be read\n\n## Wave 1\n\n### Task 1: one\n\n### Task 1: twice\n"


class Step(NamedTuple):
    """A command, what goes before it, and the environment that is different for it.

    ``where_shared`` is the exit status over a shared store, if what comes of it is another thing there.
    """

    words: str
    before: Callable[[Repo], object] | None = None
    environment: Mapping[str, str] = {}
    where_shared: int | None = None


def write(name: str, text: str | bytes) -> Callable[[Repo], object]:
    return lambda repo: put(repo.path, name, text)


STORY = (
    Step("where"),
    Step("config store"),
    Step("plan list"),
    Step(
        "plan create 2026-01-01-a -d <x>&\u2028ü -t api -b plan/a --key k -m why -F text.md",
        write("text.md", TEXT),
    ),
    Step("plan create 2026-01-01-a -d <x>&\u2028ü -t api -b plan/a --key k -m why -F text.md"),
    Step("plan create 2026-01-01-a -d other --key k"),
    Step("plan create 2026-01-01-a"),
    Step("plan create b -F text.md"),
    Step("plan register written"),
    Step("plan list"),
    Step("plan list --topic api"),
    Step("plan list --status done --status ready"),
    Step("plan show written"),
    Step("plan show 01-a"),
    Step("plan show nosuch"),
    Step("plan transition 2026-01-01-a implement_start"),
    Step("plan transition 2026-01-01-a review_approved"),
    Step("plan transition 2026-01-01-a cancel --if-revision 99"),
    Step("plan transition 2026-01-01-a cancel", environment=AS_AGENT),
    Step("signal implement_finished 2026-01-01-a -m built", environment=AS_AGENT),
    Step("signals list"),
    Step("signals apply"),
    Step("signal review_changes 2026-01-01-a -m again"),
    Step("signals apply"),
    Step("signal review_approved b -m fine"),
    Step("signals apply"),
    Step("signals list"),
    Step("signals retry --all"),
    Step("signals apply"),
    Step("signals purge --older-than 0 --execute"),
    Step("plan set-status b done"),
    Step("plan set-status b done --force -m done"),
    Step("plan rename b c"),
    Step("plan rename nosuch d"),
    Step("plan topic"),
    Step("plan topic --create web"),
    Step("plan topic c web"),
    Step("plan history"),
    Step("plan history b"),
    Step("plan history 2026-01-01-a --last 2"),
    Step("reset-plan 2026-01-01-a reviewing -m again"),
    Step("triage"),
    Step("lint"),
    Step("lint written"),
    Step("verdict"),
    Step("finish 2026-01-01-a --keep --dry-run"),
    Step("finish 2026-01-01-a --keep"),
    Step("finish c --keep"),
    Step("cleanup"),
    Step("cleanup --worktrees --branches --execute"),
    Step("triage --status done"),
    Step("trash list"),
    Step("undo --list"),
    Step("undo"),
    Step("undo --list"),
    Step("import other.json --dry-run", write("other.json", OTHER)),
    Step("import other.json --update --dry-run"),
    Step("import other.json -m moving", environment=AS_AGENT),
    Step("import other.json -m moving"),
    Step("import other.json --update"),
    Step("import --from nosuch:"),
    Step("import --from sqlite:////nowhere/plans.db"),
    Step("export"),
    Step("export --state"),
    Step("export -o other.json"),
    Step("init --untrack --dry-run"),
    Step("doctor"),
    Step("store check"),
    Step("store backup copy.db"),
    Step("plan create wave -t api -F text.md"),
    Step("plan create other -F text.md"),
    Step("prime wave"),
    Step("plan implement wave"),
    Step("implement wave"),
    Step("implement other --wave 2"),
    Step("implement other"),
    Step("waves status"),
    Step("watch --once"),
    Step("waves status"),
    Step("waves status wave"),
    Step("waves retry wave --job R0-coder", environment=AS_AGENT),
    Step("waves retry wave -m again"),
    Step("watch --once"),
    Step("waves abort wave"),
    Step("waves skip other"),
    Step("watch --once"),
    Step("plan history other"),
    Step("plan create empty"),
    Step("plan transition empty cancel"),
    Step("cleanup empty --plans", where_shared=8),
    Step("cleanup empty --plans --execute", where_shared=8),
    Step("plan list --status cancelled", where_shared=0),
    Step("undo", where_shared=3),
    Step("plan show empty", where_shared=0),
    Step("trash purge --older-than 0d", where_shared=0),
)


class Told(NamedTuple):
    """What came of a step: its exit status and its document, places and times taken out."""

    words: str
    status: int
    document: Any


_STEADY = (
    (re.compile(r"(sqlite:///)?REPOSITORY/\.git/kas/plan[-\w]*\.\w+"), "STORE"),
    (re.compile(r"^(postgresql|http).*"), "STORE"),
    (re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z"), "TIME"),
    (re.compile(r"\b\d{8}-\d{6}-\d{9}\b"), "OPERATION"),
    (re.compile(r"\b[0-9a-f]{8,64}\b"), "HASH"),
)


class Teller:
    """Tells the story to one kind of store, in the repository ``repo``."""

    def __init__(self, repo: Repo, environment: Mapping[str, str], url: str) -> None:
        self.repo = repo
        self.environment = {**environment, "KAS_STORE": url}
        self._url = url
        self._places = [(str(repo.path), "REPOSITORY"), (str(repo.path.parent), "FOLDER")]

    def tell(self) -> list[Told]:
        return [self.told(step) for step in STORY]

    def told(self, step: Step) -> Told:
        if step.before:
            step.before(self.repo)
        out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))
        with (
            process(self.repo.path, {**self.environment, **step.environment}),
            redirect_stdout(out),
            redirect_stderr(err),
        ):
            status = main([*step.words.split(" "), "--json"])
        out.seek(0)
        return Told(step.words, status, self._steady(json.loads(out.read())))

    def _steady(self, value: Any) -> Any:
        if isinstance(value, dict):
            pairs = [(self._steady(key), self._steady(member)) for key, member in value.items()]
            members = dict(pairs)
            return members if len(members) == len(pairs) else sorted(map(repr, pairs))
        if isinstance(value, list):
            return [self._steady(member) for member in value]
        if not isinstance(value, str):
            return value
        for place, word in self._places:
            value = value.replace(place, word)
        if value == self._url:
            return "STORE"
        for pattern, word in _STEADY:
            value = pattern.sub(word, value)
        return value


@contextmanager
def process(folder: Path, environment: Mapping[str, str]) -> Iterator[None]:
    """Be a process in that folder and environment for a while."""
    before, back = dict(os.environ), os.getcwd()
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(back)
        os.environ.clear()
        os.environ.update(before)


def world(folder: Path, environment: Mapping[str, str]) -> Repo:
    """A repository with a plan's branch, one that has landed, and a text of a plan."""
    path = folder / "shop"
    path.mkdir(parents=True)
    repo = Repo(path, environment)
    repo.git("init", "-q")
    repo.commit("first", {"docs/plans/written.md": WRITTEN, ".gitignore": "*.json\n*.db\ntext.md\n"})
    for name in ("plan/a", "landed"):
        repo.git("checkout", "-q", "-b", name, "main")
        repo.commit(f"work on {name}")
    repo.git("checkout", "-q", "main")
    repo.git("merge", "-q", "--no-ff", "-m", "land", "landed")
    return repo


@contextmanager
def url_of(kind: str, folder: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """A place for plans of that kind, which nobody else uses."""
    if kind == "postgresql":
        with new_database() as url:
            yield url
    elif kind == "http":
        running = start(environment, folder, "--db", "served.db", "--no-auth")
        yield running.url
        assert running.stop() == (0, "")
    else:
        yield kind


@pytest.fixture(scope="module")
def told_by_json(tmp_path_factory: pytest.TempPathFactory) -> list[Told]:
    """What comes of the story over the json store."""
    folder = tmp_path_factory.mktemp("json")
    environment = user_environment(folder)
    return Teller(world(folder, environment), environment, JSON).tell()


def test_every_command_is_in_the_story() -> None:
    told = {entry.name for step in STORY for entry in COMMANDS if step.words.startswith(entry.name)}
    assert {entry.name for entry in COMMANDS} == told | ABOUT_NO_PLANS
    assert not told & ABOUT_NO_PLANS


def test_each_command_does_something_in_it(told_by_json: list[Told]) -> None:
    """What is refused the same everywhere would show nothing."""
    done = {entry.name for told in told_by_json for entry in COMMANDS if done_by(told, entry.name)}
    assert {entry.name for entry in COMMANDS} - ABOUT_NO_PLANS == done


def done_by(told: Told, name: str) -> bool:
    return told.words.startswith(name) and told.document["kind"] == name.replace(" ", ".")


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_said_is_the_same(
    told_by_json: list[Told], environment: dict[str, str], tmp_path: Path, kind: str
) -> None:
    repo = world(tmp_path, environment)
    with url_of(kind, tmp_path, environment) as url:
        found = Teller(repo, environment, url).tell()
    failed = []
    for step, one, other in zip(STORY, told_by_json, found, strict=True):
        if step.where_shared is not None and kind in SHARED:
            assert other.status == step.where_shared, other
            assert one != other
        elif one != other:
            failed.append(f"{one}\n{other}")
    assert not failed, "\n\n".join(failed)


WITHOUT_A_STORE = {
    "where": {0},
    "config store": {0},
    "signal": {0},  # waits where it lies
    "signals list": {0},
    "signals retry": {0},
    "signals purge": {0},
    "plan set-status b done --force": {6},
    "plan set-status b done": {2},  # without --force it is no question
    "lint": {1},  # reads the texts that are here, and finds something
    "verdict": {0},
    "prime": {0},  # says so, and tells what it knows
    "waves retry wave --job": {9},  # whoever asks may not
    "trash": {0},
    "undo --list": {0},
    "undo": {3},
    "import --from nosuch:": {2},
    "import --from sqlite:": {3},  # where nothing is
    "init": {0},
    "doctor": {0, 1},
}
"""What commands end with that need no store, or not the one that is configured; the first that fits."""

HARMLESS = {"kas/operations.lock", "kas/watch.lock", "kas/signals", "docs/plans/.signals"}
"""Where something may lie afterwards that is no plan: a lock, and what agents have reported."""


def test_without_its_server_each_command_says_so_and_writes_nothing(
    environment: dict[str, str], tmp_path: Path
) -> None:
    repo = world(tmp_path, environment)
    put(repo.path, "text.md", TEXT)
    put(repo.path, "other.json", OTHER)
    put(repo.path, "docs/plans/.signals/review-approved-2026-01-01-a.md", "fine")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    before = everything_written(tmp_path)
    for step in STORY:
        told = Teller(repo, environment, url).told(step._replace(before=None))
        otherwise = next((WITHOUT_A_STORE[words] for words in WITHOUT_A_STORE if fits(words, step)), None)
        assert told.status in (otherwise or {Unreachable.exit_status}), told
        if told.status == Unreachable.exit_status:
            assert told.document["error"]["code"] == "unreachable"
    assert everything_written(tmp_path) == before


def fits(words: str, step: Step) -> bool:
    """Whether a step begins with those words, whole but for a colon at the end."""
    return f"{step.words} ".startswith(words if words.endswith(":") else f"{words} ")


def everything_written(folder: Path) -> dict[str, bytes]:
    """All files but those that may be forgotten or are harmless."""
    left_out = {"/kas/cache/", *HARMLESS}
    files = (path for path in folder.rglob("*") if path.is_file())
    found = (path for path in files if not any(word in path.as_posix() for word in left_out))
    return {str(path): path.read_bytes() for path in found}
