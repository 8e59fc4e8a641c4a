"""``git kas guard`` as people, CI and the pre-commit framework call it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from guarded import REFUSED, STATE, ZERO, World, run
from support import GIT_KAS, Finished

ROOT = Path(__file__).parents[2]
ODD = f"a%b:c,d/{STATE}"


def guard(
    world: World,
    *arguments: str,
    stdin: str | None = None,
    cwd: Path | None = None,
    env: Mapping[str, str] | None = None,
) -> Finished:
    data = None if stdin is None else stdin.encode()
    environment = {**world.environment, **(env or {})}
    return run(GIT_KAS, "guard", *arguments, cwd=cwd or world.path, env=environment, stdin=data)


def test_staged(world: World) -> None:
    assert guard(world, "--staged") == Finished(0, "", "")
    world.write(STATE)
    assert guard(world, "--staged").status == 0
    world.repo.git("add", STATE)
    told = guard(world, "--staged")
    assert (told.status, told.err) == (1, "")
    assert told.out.startswith(REFUSED)


@pytest.mark.parametrize(
    ("range_", "status"),
    [
        ("HEAD~2..HEAD", 1),
        ("HEAD~2..HEAD~1", 1),
        ("HEAD~1..HEAD", 0),
        ("HEAD..HEAD", 0),
        ("..HEAD~1", 0),
        ("HEAD~1..", 0),
        ("origin/main..", 1),
        (f"{ZERO}..HEAD", 1),
        (f"{ZERO}..HEAD~2", 0),
    ],
)
def test_range(world: World, range_: str, status: int) -> None:
    world.commit({STATE: "{}\n"})
    world.commit({STATE: None})
    assert guard(world, "--range", range_).status == status
    assert guard(world, "--range", range_, "--baseline", "HEAD").status == 0


def test_range_that_brings_the_file_back_by_no_commit_of_its_own(world: World) -> None:
    """A merge whose first parent is older than the removal, and which keeps what that has."""
    world.commit({STATE: "{}\n"})
    world.repo.git("branch", "old")
    removed = world.commit({STATE: None})
    world.repo.git("switch", "-q", "old")
    world.repo.git("merge", "-q", "-s", "ours", "--no-edit", removed)
    told = guard(world, "--range", "main..HEAD")
    assert told.status == 1
    assert f"added: {STATE} in commit {world.head[:12]}" in told.out
    assert guard(world, "--range", f"{ZERO}..HEAD", "--baseline", "main").status == 0
    assert guard(world, "--range", "main..HEAD", "--baseline", "HEAD").status == 0


def test_range_from_before_the_removal(world: World) -> None:
    """A branch that left when the file was still there: merging it does not bring the file back."""
    world.commit({STATE: "{}\n"})
    world.repo.git("branch", "old")
    world.commit({STATE: None})
    world.repo.git("switch", "-q", "old")
    world.commit({"a": "1"})
    assert guard(world, "--range", "main..HEAD").status == 0
    world.repo.git("merge", "-q", "--no-edit", "main")
    assert guard(world, "--range", "main..HEAD").status == 0


def test_range_of_a_branch_that_crossed_the_other(world: World) -> None:
    """Both sides have merged both: one kept the file that the other has removed."""
    world.commit({STATE: "{}\n"})
    with_file = world.commit({"a": "1"})
    world.repo.git("switch", "-q", "-c", "side", "HEAD~1")
    without = world.commit({STATE: None})
    world.repo.git("merge", "-q", "--no-edit", with_file)
    world.repo.git("switch", "-q", "--detach", with_file)
    world.repo.git("merge", "-q", "-s", "ours", "--no-edit", without)
    assert guard(world, "--range", "side..HEAD").status == 1
    assert guard(world, "--range", "HEAD..side").status == 0


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ((), 2, "one of the arguments --staged --range --stdin --push --from-pre-commit is required"),
        (("--staged", "--stdin"), 2, "not allowed with"),
        (("--range", "HEAD"), 2, "'HEAD' is no range"),
        (("--range", "a...b"), 2, "is no range"),
        (("--range", "..HEAD"), 2, "begins where it ends"),
        (("--range", ".."), 2, "begins where it ends"),
        (("--range", "nonsense..HEAD"), 3, "'nonsense' is no commit here"),
        (("--range", "HEAD..HEAD^{tree}"), 3, "fetch-depth"),
        (("--range=--all..HEAD",), 3, "is no commit here"),
        (("--staged", "--annotations", "jenkins"), 2, "jenkins"),
        (
            ("--range", "HEAD~0..HEAD", "--baseline", "nonsense"),
            2,
            "option --baseline: the baseline 'nonsense'",
        ),
        (("--stdin",), 2, "This line says nothing about a ref: 'x y'"),
        (("--push", "origin"), 2, "This line says nothing about a ref: 'x y'"),
    ],
)
def test_mistakes(world: World, arguments: tuple[str, ...], status: int, said: str) -> None:
    told = guard(world, *arguments, stdin="x y\n")
    assert (told.status, told.out) == (status, "")
    assert said in told.err


def test_bare_repository_and_no_store(world: World) -> None:
    """It opens no plan store, and needs neither a worktree nor an identity."""
    world.server.git("config", "kas.store", "no-such-store")
    line = f"{ZERO} {world.head} refs/heads/x\n"
    assert guard(world, "--stdin", stdin=line, cwd=world.server.path, env={"HOME": "/nowhere"}) == Finished(
        0, "", ""
    )
    assert guard(world, "--stdin", stdin="", cwd=world.server.path) == Finished(0, "", "")


def test_json(world: World) -> None:
    import jsonschema

    from git_kas.cli.schema import output_schema

    bad = world.commit({STATE: "{}\n"})
    told = guard(world, "--range", "HEAD~1..HEAD", "--json")
    document = told.json()
    jsonschema.Draft202012Validator(output_schema()).validate(document)
    assert (told.status, told.err) == (1, "")
    data = document["data"]
    assert data["passed"] is False
    assert data["findings"] == [{"path": STATE, "change": "added", "entry": "file", "commit": bad, "refs": []}]
    assert "git kas plan transition <plan> <event>" in [
        command for way in data["advice"] for command in way["commands"]
    ]


# -- annotations ---------------------------------------------------------------------------------------------


@pytest.fixture
def odd(world: World) -> World:
    world.commit({ODD: "{}\n"})
    world.commit({f"x\ny/{STATE}": "{}\n"})
    return world


@pytest.mark.parametrize("form", ["github", "gitea"])
def test_workflow_commands(odd: World, form: str) -> None:
    told = guard(odd, "--range", "HEAD~2..HEAD", "--annotations", form)
    assert told.status == 1
    assert told.err.startswith(REFUSED)
    lines = told.out.splitlines()
    assert len(lines) == 2
    parsed = [_parsed(line) for line in lines]
    assert [properties["file"] for properties, _ in parsed] == [ODD, f"x\ny/{STATE}"]
    assert all("must not enter shared history" in message for _, message in parsed)
    assert guard(odd, "--staged", "--annotations", form) == Finished(0, "", "")


def _parsed(line: str) -> tuple[dict[str, str], str]:
    """As the runner reads a command: it takes the escapes back, those of properties as well."""
    found = re.fullmatch(r"::error ([^:]*)::([^\r\n]*)", line)
    assert found
    properties = dict(part.split("=", 1) for part in found[1].split(","))
    return {key: _unescaped(value) for key, value in properties.items()}, _unescaped(found[2])


def _unescaped(text: str) -> str:
    for escape, character in (("%2C", ","), ("%3A", ":"), ("%0A", "\n"), ("%0D", "\r"), ("%25", "%")):
        text = text.replace(escape, character)
    return text


def test_code_quality(odd: World) -> None:
    told = guard(odd, "--range", "HEAD~2..HEAD", "--annotations", "gitlab")
    assert told.status == 1
    assert told.err.startswith(REFUSED)
    report: list[dict[str, Any]] = json.loads(told.out)
    assert [entry["location"] for entry in report] == [
        {"path": ODD, "lines": {"begin": 1}},
        {"path": f"x\ny/{STATE}", "lines": {"begin": 1}},
    ]
    for entry in report:
        assert set(entry) == {"description", "check_name", "fingerprint", "severity", "location"}
        assert entry["severity"] in {"info", "minor", "major", "critical", "blocker"}
    assert len({entry["fingerprint"] for entry in report}) == 2
    assert guard(odd, "--range", "HEAD~2..HEAD", "--annotations", "gitlab").out == told.out
    assert json.loads(guard(odd, "--staged", "--annotations", "gitlab").out) == []


# -- the pre-commit framework --------------------------------------------------------------------------------


def framework(world: World, **variables: str) -> Finished:
    env = {f"PRE_COMMIT_{name}": value for name, value in variables.items()}
    return guard(world, "--from-pre-commit", env=env)


def test_framework_at_a_commit(world: World) -> None:
    assert framework(world).status == 0
    world.write(STATE)
    world.repo.git("add", STATE)
    assert framework(world).status == 1


def test_framework_at_a_push(world: World) -> None:
    """It names the first commit's parent where the remote's tip is not here, else the remote's tip."""
    old = world.head
    bad = world.commit({STATE: "{}\n"})
    push = {"REMOTE_NAME": "origin", "REMOTE_BRANCH": "refs/heads/main", "LOCAL_BRANCH": "refs/heads/main"}
    told = framework(world, FROM_REF=old, TO_REF=bad, **push)
    assert told.status == 1
    assert f"in commit {bad[:12]} of refs/heads/main" in told.out
    clean = world.commit({STATE: None})
    world.accepted_push("main")
    assert framework(world, FROM_REF=clean, TO_REF=clean, **push).status == 0
    assert "refs/heads/main" in framework(world, FROM_REF=clean, TO_REF=bad, **push).out
    assert framework(world, FROM_REF=old, TO_REF=old, **push).status == 0
    assert framework(world, TO_REF="1" * 40, **push).status == 3


def test_framework_asked_for_a_range(world: World) -> None:
    old = world.head
    bad = world.commit({STATE: "{}\n"})
    assert framework(world, FROM_REF=old, TO_REF=bad).status == 1
    assert framework(world, FROM_REF=bad, TO_REF=bad).status == 0


# -- the page ------------------------------------------------------------------------------------------------


def test_page_has_the_table_of_hooks() -> None:
    from git_kas.domain.hooks import HookName

    page = (ROOT / "docs/reference/guard.md").read_text()
    for hook in HookName:
        assert f"| `{hook}` | {hook.side} | {hook.sees} | {hook.not_run_by} |\n" in page
