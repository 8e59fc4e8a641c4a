"""``git kas setup``: which files it writes, brings up to date, leaves alone and takes away."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from git_kas.domain.agent_files import ROLES, SLASH_COMMANDS
from git_kas.domain.jsonc import parse
from plan_commands import Plans
from support import Repo

AGENTS = [f"agents/{role.name}.md" for role in ROLES]
COMMANDS = [f"commands/{command.name}.md" for command in SLASH_COMMANDS]
CLAUDE = [f".claude/{name}" for name in (*AGENTS, *COMMANDS)]
OPENCODE = [*(f".opencode/{name}" for name in (*AGENTS, *COMMANDS)), ".opencode/opencode.jsonc"]
FILES = {"claude": CLAUDE, "opencode": OPENCODE}
BOTH = pytest.mark.parametrize("harness", FILES)
THEIRS = b"""\
// of the team \xe2\x80\x94 do not sort
{ "model": "x/y", // the cheap one
  "agent": {
\t"build": {"disable": true,}, /* we have coder */
    "coder": { "model": "a/b" },
  },
  "permission": {"*": "ask"},
}
"""


def files_of(root: Path) -> dict[str, bytes]:
    """Every file of the worktree by its path."""
    found = (path for path in root.rglob("*") if path.is_file() and ".git" not in path.parts)
    return {str(path.relative_to(root)): path.read_bytes() for path in found}


def effects(place: Plans, *arguments: str) -> dict[str, str]:
    return {file["path"]: file["effect"] for file in place.data("setup", *arguments)["files"]}


def states(place: Plans, harness: str, status: int) -> dict[str, str]:
    finished = place("setup", harness, "--check", "--json")
    assert finished.status == status
    return {file["path"]: file["state"] for file in finished.data["files"]}


@BOTH
def test_a_fresh_repository_there_and_back(place: Plans, harness: str) -> None:
    before = files_of(place.path)
    assert states(place, harness, 1) == dict.fromkeys(FILES[harness], "missing")
    assert effects(place, harness, "--dry-run") == dict.fromkeys(FILES[harness], "created")
    assert files_of(place.path) == before
    assert effects(place, harness) == dict.fromkeys(FILES[harness], "created")
    written = files_of(place.path)
    assert set(written) - set(before) == set(FILES[harness])
    assert states(place, harness, 0) == dict.fromkeys(FILES[harness], "current")
    assert effects(place, harness) == dict.fromkeys(FILES[harness], "unchanged")
    assert files_of(place.path) == written
    assert effects(place, harness, "--remove", "--dry-run") == dict.fromkeys(FILES[harness], "removed")
    assert files_of(place.path) == written
    assert effects(place, harness, "--remove") == dict.fromkeys(FILES[harness], "removed")
    assert files_of(place.path) == before
    assert not (place.path / f".{harness}").exists()
    assert effects(place, harness, "--remove") == dict.fromkeys(FILES[harness], "unchanged")


@BOTH
def test_printed_is_what_is_written(place: Plans, harness: str) -> None:
    printed = {text["path"]: text["text"] for text in place.data("setup", harness, "--print")["texts"]}
    assert files_of(place.path).keys().isdisjoint(printed)
    place.out("setup", harness)
    written = files_of(place.path)
    assert {path: written[path].decode() for path in FILES[harness]} == printed
    assert place.out("setup", harness, "--print").count("==> .") == len(printed)


def test_what_was_edited_or_is_not_ours_is_left_alone(place: Plans) -> None:
    mine = place.path / ".claude/agents/reviewer.md"
    mine.parent.mkdir(parents=True)
    mine.write_text("---\nname: reviewer\ndescription: mine\n---\n\nlook well\n")
    assert effects(place, "claude")[".claude/agents/reviewer.md"] == "left"
    edited = place.path / ".claude/commands/kas.triage.md"
    edited.write_text(edited.read_text() + "And greet me.\n")
    before = files_of(place.path)
    found = states(place, "claude", 1)
    assert found.pop(".claude/agents/reviewer.md") == "foreign"
    assert found.pop(".claude/commands/kas.triage.md") == "edited"
    assert set(found.values()) == {"current"}
    said = place("setup", "claude")
    assert said.status == 0
    assert "kas.triage.md is edited and was left alone. 'git kas setup claude --print' shows ours" in said.err
    assert files_of(place.path) == before
    removed = effects(place, "claude", "--remove")
    assert {path for path, effect in removed.items() if effect == "left"} == {
        ".claude/agents/reviewer.md",
        ".claude/commands/kas.triage.md",
    }
    assert set(files_of(place.path)) == {"README.md", *(path for path in removed if removed[path] == "left")}
    edited.unlink()
    assert effects(place, "claude")[".claude/commands/kas.triage.md"] == "created"


def test_what_another_configuration_wrote_is_brought_up_to_date(place: Plans) -> None:
    place.out("setup", "opencode")
    place.repo.git("config", "kas.plans", "notes")
    found = states(place, "opencode", 1)
    assert found[".opencode/agents/planner.md"] == found[".opencode/opencode.jsonc"] == "outdated"
    assert found[".opencode/agents/coder.md"] == "current"
    done = effects(place, "opencode")
    assert done[".opencode/agents/planner.md"] == done[".opencode/opencode.jsonc"] == "updated"
    assert "notes/*" in (place.path / ".opencode/opencode.jsonc").read_text()
    assert set(states(place, "opencode", 0).values()) == {"current"}


def test_the_user_s_opencode_file_is_merged_and_given_back(place: Plans) -> None:
    path = place.path / ".opencode/opencode.jsonc"
    path.parent.mkdir()
    path.write_bytes(THEIRS)
    path.chmod(0o600)
    said = place("setup", "opencode", "--json").json()
    assert said["data"]["yours"] == ["coder"]
    assert any("the agent 'coder' already" in warning for warning in said["warnings"])
    merged = parse(path.read_text()).value
    assert list(merged) == ["model", "agent", "permission"]
    assert merged["agent"]["coder"] == {"model": "a/b"}
    assert merged["agent"]["build"] == {"disable": True}
    assert {"planner", "reviewer", "custodial"} < set(merged["agent"])
    assert path.stat().st_mode & 0o777 == 0o600
    kept = path.read_bytes().replace(b'"x/y"', b'"other"')  # whatever is done outside of our part
    path.write_bytes(kept)
    assert set(states(place, "opencode", 0).values()) == {"current"}
    place.data("setup", "opencode", "--remove")
    assert path.read_bytes() == THEIRS.replace(b'"x/y"', b'"other"')


def test_a_broken_opencode_file_stops_it_before_anything_is_written(place: Plans) -> None:
    path = place.path / ".opencode/opencode.jsonc"
    path.parent.mkdir()
    path.write_text('{\n  "agent": {,}\n}\n')
    before = files_of(place.path)
    for option in ((), ("--check",), ("--remove",)):
        error = place.refused("setup", "opencode", *option)
        assert (error.exit, error.code) == (2, "invalid_configuration")
        assert ".opencode/opencode.jsonc:2:13: " in error.message
    assert files_of(place.path) == before


@pytest.mark.parametrize("link", [".claude", ".claude/agents", ".claude/agents/coder.md"])
def test_no_link_is_followed(place: Plans, tmp_path: Path, link: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    target = outside / "file" if link.endswith(".md") else outside
    (place.path / link).parent.mkdir(parents=True, exist_ok=True)
    (place.path / link).symlink_to(target)
    if link.endswith(".md"):
        target.write_text("precious\n")
    before = files_of(outside)
    assert place.refused("setup", "claude").exit == 1
    assert files_of(outside) == before


def test_in_a_linked_worktree_and_below_its_top(place: Plans) -> None:
    linked = place.repo.worktree("linked")
    (linked / "src").mkdir()
    assert place("setup", "claude", cwd=linked / "src").status == 0
    assert (linked / ".claude/agents/coder.md").is_file()
    assert not (place.path / ".claude").exists()


def test_where_no_worktree_is(place: Plans) -> None:
    assert place.refused("setup", "claude", cwd=place.path / ".git").code == "not_found"
    assert place.refused("setup", "vim").exit == 2
    assert place.refused("setup", "claude", "--check", "--remove").exit == 2


def test_a_folder_that_cannot_be_written(place: Plans) -> None:
    if os.geteuid() == 0:
        (place.path / ".claude").write_text("a file where a folder is to be\n")
        assert place.refused("setup", "claude").code in {"read_only", "error"}
        return
    (place.path / ".claude").mkdir(mode=0o500)
    assert place.refused("setup", "claude").code == "read_only"
    (place.path / ".claude").chmod(0o700)


def test_nothing_is_staged_or_committed(place: Plans, repo: Repo) -> None:
    head = repo.git("rev-parse", "HEAD")
    place.out("setup", "claude")
    assert repo.git("rev-parse", "HEAD") == head
    assert repo.git("diff", "--cached", "--name-only") == ""
    document = json.loads(place("setup", "claude", "--json").out)
    assert document["kind"] == "setup"
