"""Help: the overview, groups, every command, and the man page that ``git kas --help`` shows."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from git_kas.cli.commands import COMMANDS
from support import Run, needs_program

ROOT = Path(__file__).parents[2]

OVERVIEW = """\
usage: git kas <command> [options]

Plans, branches and worktrees of many coding agents.

commands:
  init             prepare a repository, or take plan state out of version control
  setup            write agents and slash commands for Claude Code or opencode
  triage           say where every plan, branch and worktree stands
  verdict          say whether the base has what a branch has, and how that is known
  finish           land a plan's branch, mark the plan done, remove what is over
  cleanup          remove what is finished or merged, so that it can be undone
  undo             bring back what an operation removed
  trash list       list what is in the trash
  trash purge      remove what is in the trash for good
  plan list        list the plans of the project
  plan show        show a plan, its waves and tasks
  plan create      create a plan
  plan register    make a plan of a text in the plans folder
  plan transition  apply an event of the lifecycle to a plan
  plan set-status  force a plan's status
  plan rename      give a plan another name
  plan topic       list topics, or set a plan's topic
  plan history     show what happened to a plan or to the project
  reset-plan       put a plan back to a status, and show it before and after
  plan implement   the same as git kas implement
  implement        have a plan implemented by agents, wave by wave
  waves status     say how far plans are driven
  waves retry      have failed jobs tried again
  waves skip       pass failed jobs over
  waves abort      stop driving a plan
  watch            drive plans: apply signals, start agents, advance waves
  import           take over plans from an export, the earlier system or another store
  export           print everything the store knows
  signal           report, as an agent, that something is done
  prime            say what an agent must know before it begins
  signals list     list what agents have reported
  signals apply    apply what agents have reported
  signals retry    have rejected signals judged anew
  signals purge    remove rejected signals for good
  lint             check the texts of plans
  guard            refuse plan-state.json in what is committed or shared
  hooks install    have the guard refuse guarded paths at commit and push
  hooks status     say whether the guard is in force, and what passes it by
  hooks uninstall  take the guard's hooks away, as if never there
  doctor           find, and mend, what goes wrong around worktrees
  serve            serve the plans of many projects over HTTP
  where            say which plan store this is, and why
  config           show the configuration in effect
  plugins          list the installed plugins and what is wrong with them
  store check      look through a plan store for anything wrong
  store backup     copy a plan store into a new database
  token create     make a token for a server, and print it once
  token list       list the tokens of a server
  token revoke     have a token open nothing any more
  verify-store     try a plan store with many processes at once
  demo             build a throw-away repository and triage it
  completion       print a completion script for your shell
  version          print the version

'git kas <command> -h' shows options and examples.
"""


@pytest.mark.parametrize("arguments", [(), ("-h",), ("--help",), ("help",)])
def test_overview(kas: Run, arguments: tuple[str, ...]) -> None:
    finished = kas(*arguments)
    assert (finished.status, finished.out, finished.err) == (0, OVERVIEW, "")


@pytest.mark.parametrize("entry", COMMANDS, ids=lambda entry: entry.name)
def test_command_help_is_what_the_reference_shows(kas: Run, entry: object) -> None:
    words = entry.words  # type: ignore[attr-defined]  # pytest passes it through as an object
    page = (ROOT / "docs/reference/commands.md").read_text()
    finished = kas(*words, "-h")
    assert finished.status == 0
    assert f"```text\n{finished.out}```\n" in page
    assert "examples:\n  git kas" in finished.out
    assert kas("help", *words).out == finished.out


def test_group_help(kas: Run) -> None:
    finished = kas("plan", "-h")
    assert finished.status == 0
    assert finished.out.startswith("usage: git kas plan <command> [options]\n")


def test_man_page_opens(tmp_path: Path, environment: dict[str, str]) -> None:
    needs_program("man")
    page = tmp_path / "share/man/man1/git-kas.1"
    page.parent.mkdir(parents=True)
    page.write_bytes((ROOT / "git_kas/man/git-kas.1").read_bytes())
    env = environment | {"MANPATH": str(tmp_path / "share/man"), "MANPAGER": "cat", "MANWIDTH": "100"}
    finished = subprocess.run(
        ["git", "kas", "--help"], env=env, capture_output=True, text=True, check=False, cwd=os.sep
    )
    assert finished.returncode == 0, finished.stderr
    for entry in COMMANDS:
        assert f"git kas {entry.name}" in finished.stdout
