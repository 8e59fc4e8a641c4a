"""Every command's ``--json``, success and error, is one document that the published schema accepts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from git_kas.cli.commands import COMMANDS
from git_kas.cli.schema import DATA_BY_KIND, output_schema
from git_kas.errors import error_types
from support import Repo, Run

ROOT = Path(__file__).parents[2]
PUBLISHED = json.loads((ROOT / "docs/reference/output.schema.json").read_text())
PUBLISHED_VALIDATOR = jsonschema.Draft202012Validator(PUBLISHED)
VALIDATOR = jsonschema.Draft202012Validator(output_schema())  # the same, but no member more is let pass

SUCCESSES = {
    "init": ["init", "--untrack"],
    "setup": ["setup", "opencode"],
    "prime": ["prime", "2026-01-01-a"],
    "triage": ["triage"],
    "finish": ["finish", "2026-01-02-r", "--keep"],
    "cleanup": ["cleanup"],
    "undo": ["undo", "--list"],
    "trash list": ["trash", "list"],
    "trash purge": ["trash", "purge", "--older-than", "30d"],
    "plan list": ["plan", "list"],
    "plan show": ["plan", "show", "2026-01-01-a"],
    "plan create": ["plan", "create", "b", "--topic", "api"],
    "plan register": ["plan", "register", "written"],
    "plan transition": ["plan", "transition", "2026-01-01-a", "implement_start"],
    "plan set-status": ["plan", "set-status", "2026-01-01-a", "done", "--force"],
    "plan rename": ["plan", "rename", "2026-01-01-a", "b"],
    "plan topic": ["plan", "topic"],
    "plan history": ["plan", "history"],
    "reset-plan": ["reset-plan", "2026-01-01-a", "done"],
    "plan implement": ["plan", "implement", "written"],
    "implement": ["implement", "written"],
    "waves status": ["waves", "status"],
    "watch": ["watch", "--once"],
    "import": ["import", ".git/kas/plan-state.json"],
    "export": ["export"],
    "signal": ["signal", "review_approved", "2026-01-01-a", "-m", "good"],
    "signals list": ["signals", "list"],
    "signals apply": ["signals", "apply"],
    "signals retry": ["signals", "retry", "--all"],
    "signals purge": ["signals", "purge"],
    "lint": ["lint"],
    "guard": ["guard", "--staged"],
    "hooks install": ["hooks", "install"],
    "hooks status": ["hooks", "status"],
    "hooks uninstall": ["hooks", "uninstall"],
    "doctor": ["doctor", "git_version"],
    "verdict": ["verdict"],
    "where": ["where"],
    "config": ["config", "--show-origin"],
    "plugins": ["plugins"],
    "store check": ["store", "check"],
    "store backup": ["store", "backup", "copy.db"],
    "token create": ["token", "create", "Ada", "--db", "copy.db"],
    "token list": ["token", "list", "--db", "copy.db"],
    "token revoke": ["token", "revoke", "Bob", "--db", "tokens.db"],
    "verify-store": ["verify-store", "--operations", "30", "--clients", "2"],
    "demo": ["demo"],
    "completion": ["completion", "bash"],
    "version": ["version"],
}

ELSEWHERE = {
    "serve",  # it does not end by itself: tests/server/test_serve.py
    *("waves retry", "waves skip", "waves abort"),  # they want agents that failed: tests/drive/test_commands.py
}

FAILURES = {
    "init": (["init", "nonsense"], "usage"),
    "setup": (["setup", "nonsense"], "usage"),
    "prime": (["prime", "nonsense"], "not_found"),
    "triage": (["triage", "--flag", "nonsense"], "usage"),
    "finish": (["finish", "--continue"], "not_found"),
    "cleanup": (["cleanup", "nonsense"], "not_found"),
    "undo": (["undo"], "not_found"),
    "trash list": (["trash", "list", "nonsense"], "usage"),
    "trash purge": (["trash", "purge", "--older-than", "nonsense"], "usage"),
    "plan list": (["plan", "list", "--status", "nonsense"], "invalid_status"),
    "plan show": (["plan", "show", "nonsense"], "not_found"),
    "plan create": (["plan", "create", "a", "--branch", ".."], "invalid_name"),
    "plan register": (["plan", "register", "nonsense"], "not_found"),
    "plan transition": (["plan", "transition", "nonsense", "cancel"], "not_found"),
    "plan set-status": (["plan", "set-status", "a", "done"], "usage"),
    "plan rename": (["plan", "rename", "nonsense", "b"], "not_found"),
    "plan topic": (["plan", "topic", "nonsense", "b"], "not_found"),
    "plan history": (["plan", "history", "nonsense"], "not_found"),
    "reset-plan": (["reset-plan", "a", "nonsense"], "invalid_status"),
    "plan implement": (["plan", "implement", "nonsense"], "not_found"),
    "implement": (["implement", "nonsense"], "not_found"),
    "waves status": (["waves", "status", "nonsense"], "not_found"),
    "waves retry": (["waves", "retry", "nonsense"], "not_found"),
    "waves skip": (["waves", "skip", "nonsense"], "not_found"),
    "waves abort": (["waves", "abort", "nonsense"], "not_found"),
    "watch": (["watch", "--once", "nonsense"], "usage"),
    "import": (["import", "README.md"], "store_corrupt"),
    "export": (["export", "-o", "README.md"], "already_exists"),
    "signal": (["signal", "cancel", "2026-01-01-a"], "not_allowed"),
    "signals list": (["signals", "list", "nonsense"], "usage"),
    "signals apply": (["signals", "apply", "--store", "nonsense"], "plugin_unusable"),
    "signals retry": (["signals", "retry", "0123"], "not_found"),
    "signals purge": (["signals", "purge", "--older-than", "-1"], "usage"),
    "lint": (["lint", "nonsense"], "not_found"),
    "guard": (["guard", "--range", "nonsense..HEAD"], "not_found"),
    "hooks install": (["hooks", "install", "--hook", "nonsense"], "usage"),
    "hooks status": (["hooks", "status", "--hook", "nonsense"], "usage"),
    "hooks uninstall": (["hooks", "uninstall", "nonsense"], "usage"),
    "doctor": (["doctor", "nonsense"], "usage"),
    "verdict": (["verdict", "nonsense"], "not_found"),
    "serve": (["serve", "--port", "65536"], "usage"),
    "where": (["where", "--store", "nonsense"], "plugin_unusable"),
    "config": (["config", "nonsense"], "usage"),
    "plugins": (["plugins", "nonsense"], "usage"),
    "store check": (["store", "check", "--store", "nonsense"], "plugin_unusable"),
    "store backup": (["store", "backup", "README.md"], "already_exists"),
    "token create": (["token", "create", "Ada"], "usage"),
    "token list": (["token", "list", "--db", "nonsense://x"], "plugin_unusable"),
    "token revoke": (["token", "revoke", "nonsense", "--db", "nonsense.db"], "not_found"),
    "verify-store": (["verify-store", "nonsense"], "plugin_unusable"),
    "demo": (["demo", "--keep", "README.md"], "already_exists"),
    "completion": (["completion", "nonsense"], "usage"),
    "version": (["version", "nonsense"], "usage"),
}


def validated(document: Any) -> Any:
    VALIDATOR.validate(document)
    PUBLISHED_VALIDATOR.validate(document)
    return document


def test_the_schema_is_itself_valid() -> None:
    jsonschema.Draft202012Validator.check_schema(PUBLISHED)


def test_every_command_is_tried() -> None:
    names = {entry.name for entry in COMMANDS}
    assert names == set(SUCCESSES) | ELSEWHERE == set(FAILURES)


@pytest.mark.parametrize("name", SUCCESSES)
def test_success(name: str, kas: Run, repo: Repo) -> None:
    repo.write_state({"2026-01-01-a.md": {"status": "ready"}, "2026-01-02-r.md": {"status": "reviewing"}})
    repo.commit(
        "a plan", {"docs/plans/written.md": "# Written\n\n**Goal:** be read\n\n## Wave 1\n\n### Task 1: x\n"}
    )
    if name == "hooks status":  # without any its status is 1
        kas("hooks", "install", cwd=repo.path)
    if name.endswith("implement"):
        kas("plan", "register", "written", cwd=repo.path)
    if name == "token revoke":
        kas("token", "create", "Bob", "--db", "tokens.db", cwd=repo.path)
    finished = kas(*SUCCESSES[name], "--json", cwd=repo.path)
    assert (finished.status, finished.err) == (0, ""), finished.out
    document = validated(finished.json())
    assert document["kind"] == name.replace(" ", ".")
    assert document["warnings"] == []


@pytest.mark.parametrize("name", FAILURES)
def test_failure(name: str, kas: Run, repo: Repo) -> None:
    arguments, code = FAILURES[name]
    finished = kas(*arguments, "--json", cwd=repo.path)
    error = validated(finished.json())["error"]
    assert (error["code"], error["exit"], finished.err) == (code, finished.status, "")
    assert error["message"].endswith(".")


def test_help_is_a_document_too(kas: Run) -> None:
    document = validated(kas("--json").json())
    assert document["kind"] == "help"
    assert set(DATA_BY_KIND) == {entry.name.replace(" ", ".") for entry in COMMANDS} | {"help"}


def test_outside_a_repository(kas: Run, tmp_path: Path) -> None:
    for command in ("triage", "where", "config", "plan"):
        arguments = [command, "list"] if command == "plan" else [command]
        finished = kas(*arguments, "--json", cwd=tmp_path)
        if command == "config":
            continue
        error = validated(finished.json())["error"]
        assert (finished.status, error["code"]) == (3, "not_a_repository")


def test_every_error_type_fits_the_schema() -> None:
    from git_kas.cli.envelope import error_document

    for error_type in error_types():
        validated(json.loads(error_document(error_type("It went wrong.", next_step="Mend it."))))


def test_the_schema_refuses_other_documents() -> None:
    good = {"schema": 1, "kind": "version", "data": {"version": "1", "python": "3"}, "warnings": []}
    VALIDATOR.validate(good)
    for bad in (
        {**good, "schema": 2},
        {**good, "kind": "nonsense"},
        {**good, "data": {"version": "1"}},
        {**good, "more": 1},
        {"schema": 1, "kind": "error", "error": {"code": "nonsense", "exit": 1, "message": "", "next": ""}},
    ):
        assert not VALIDATOR.is_valid(bad)


def test_the_published_schema_lets_later_members_pass() -> None:
    good = {"schema": 1, "kind": "version", "data": {"version": "1", "python": "3", "later": 1}, "warnings": []}
    PUBLISHED_VALIDATOR.validate(good)
    assert not VALIDATOR.is_valid(good)
    assert not PUBLISHED_VALIDATOR.is_valid({**good, "data": {"python": "3"}})
