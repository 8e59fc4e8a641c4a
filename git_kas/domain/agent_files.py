"""The files by which Claude Code and opencode know our agents and slash commands: which, where, in what form.

Forms, as documented in 2026. Claude Code reads ``.claude/agents/*.md`` (front matter ``name``, ``description``,
``tools``; https://code.claude.com/docs/en/sub-agents) and ``.claude/commands/*.md`` (``description``,
``argument-hint``, ``allowed-tools``, ``disable-model-invocation``;
https://code.claude.com/docs/en/slash-commands). opencode reads ``.opencode/agents/*.md`` (``description``,
``mode``, ``temperature``), ``.opencode/commands/*.md`` (``description``, ``agent``) and in
``.opencode/opencode.jsonc`` the member ``agent`` with ``permission`` for each, of whose patterns the last that
matches counts (https://opencode.ai/v1/docs/agents, /commands and /permissions; version 2 reads that form, too:
https://opencode.ai/docs/migrate-v1). Both replace ``$ARGUMENTS``.
"""

from __future__ import annotations

import json
import re
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain.agent_texts import filled, values_of_tables
from git_kas.domain.opencode_config import OpencodeConfig
from git_kas.domain.scaffold import MarkedFile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from git_kas.domain.scaffold import Piece

_ALL_TOOLS: Final = "Read, Write, Edit, Glob, Grep, Bash"
_LOOKING_TOOLS: Final = "Read, Glob, Grep, Bash"
_CUSTODIAL: Final = "custodial"
_RULES: Final = "rules"
_DENIED: Final = "denied"
_CODE: Final = re.compile(r"`([^`]+)`")


class Harness(StrEnum):
    """The programs that run agents."""

    CLAUDE = "claude"
    OPENCODE = "opencode"


class Role(NamedTuple):
    """An agent. ``writes`` are the patterns of files that it may change; ``*`` for all of them."""

    name: str
    description: str
    writes: Sequence[str]
    temperature: float = 0.2

    @property
    def template(self) -> str:
        """The name of its text."""
        return f"agents/{self.name}"


class SlashCommand(NamedTuple):
    """A slash command. ``looks`` are the command lines that it may run unasked: they change nothing."""

    name: str
    description: str
    hint: str
    looks: Sequence[str]
    changes: bool = True

    @property
    def template(self) -> str:
        """The name of its text."""
        return f"commands/{self.name}"


ROLES: Final[Sequence[Role]] = (
    Role("planner", "Writes the text of a plan: goal, waves and tasks. Does not implement.", ("{plans}/*",)),
    Role("coder", "Implements a plan, or one task of a wave, and reports that it is done.", ("*",)),
    Role("reviewer", "Reviews what was implemented for a plan and gives a verdict. Changes nothing.", ()),
    Role(
        _CUSTODIAL,
        "Looks after plans, branches and worktrees: triage, landing, cleanup, resetting. No feature work.",
        (),
        0.1,
    ),
)

_TRIAGE: Final = ("git kas triage:*", "git kas plan list:*", "git kas plan show:*", "git kas plan history:*")

SLASH_COMMANDS: Final[Sequence[SlashCommand]] = (
    SlashCommand("kas.reset-plan", "Put a plan back to a status, after showing it", "PLAN STATUS", _TRIAGE),
    SlashCommand(
        "kas.finish-branch",
        "Check and land a plan's branch: merge, pull request, or keep",
        "[PLAN]",
        (*_TRIAGE, "git kas prime:*", "git kas verdict:*"),
    ),
    SlashCommand(
        "kas.cleanup",
        "Show what is over, and with --execute move it to the trash",
        "[NAME...] [--execute]",
        (*_TRIAGE, "git kas cleanup", "git kas verdict:*", "git kas undo --list"),
    ),
    SlashCommand(
        "kas.implement",
        "Start the implementation of a plan, or one wave of it",
        "PLAN [--wave N]",
        (*_TRIAGE, "git kas lint:*", "git kas waves status:*"),
    ),
    SlashCommand(
        "kas.triage",
        "Say where every plan stands, and ask what to do with each group",
        "[STATUS]",
        (*_TRIAGE, "git kas signals list:*"),
        changes=False,
    ),
)

TEMPLATES: Final[Sequence[str]] = (
    _RULES,
    _DENIED,
    *(role.template for role in ROLES),
    *(command.template for command in SLASH_COMMANDS),
)
"""The names of all texts, without ``.md``."""

_BY_USERS: Final = (
    "git kas reset-plan *",
    "git kas plan set-status *",
    "git kas plan transition *",
    "git kas import *",
)
_REMOVING: Final = ("git kas cleanup *--execute*", "git kas trash purge *", "git kas finish *")


def agent_files(harness: Harness, templates: Mapping[str, str], plans_folder: str) -> Sequence[Piece]:
    """All files of ``harness``, made of ``templates`` by name."""
    values = values_of_tables(plans_folder)
    values["shared_rules"] = filled(templates[_RULES], values).rstrip("\n")
    bodies = {name: filled(templates[name], values) for name in TEMPLATES if "/" in name}
    folder = f".{harness}"
    pieces: list[Piece] = [
        MarkedFile(
            f"{folder}/agents/{role.name}.md", _front_matter(_about_role(harness, role)) + bodies[role.template]
        )
        for role in ROLES
    ]
    pieces += [
        MarkedFile(
            f"{folder}/commands/{command.name}.md",
            _front_matter(_about_command(harness, command)) + bodies[command.template],
        )
        for command in SLASH_COMMANDS
    ]
    if harness is Harness.OPENCODE:
        denied = _CODE.findall(templates[_DENIED])
        agents = {role.name: {"permission": _permission(role, plans_folder, denied)} for role in ROLES}
        pieces.append(OpencodeConfig(f"{folder}/opencode.jsonc", agents))
    return pieces


def _about_role(harness: Harness, role: Role) -> Mapping[str, object]:
    if harness is Harness.OPENCODE:
        return {"description": role.description, "mode": "primary", "temperature": role.temperature}
    tools = _ALL_TOOLS if role.writes else _LOOKING_TOOLS
    return {"name": role.name, "description": role.description, "tools": tools}


def _about_command(harness: Harness, command: SlashCommand) -> Mapping[str, object]:
    if harness is Harness.OPENCODE:
        return {"description": command.description, "agent": _CUSTODIAL}
    about: dict[str, object] = {
        "description": command.description,
        "argument-hint": command.hint,
        "allowed-tools": ", ".join(f"Bash({line})" for line in command.looks),
    }
    return about | ({"disable-model-invocation": True} if command.changes else {})


def _front_matter(about: Mapping[str, object]) -> str:
    """YAML, in which a JSON text or number is the same text or number."""
    lines = (f"{key}: {json.dumps(value, ensure_ascii=False)}\n" for key, value in about.items())
    return f"---\n{''.join(lines)}---\n\n"


def _permission(role: Role, plans_folder: str, denied: Sequence[str]) -> Mapping[str, object]:
    """What opencode lets the agent do; of rules that match, the last one counts."""
    edit: object = "allow"
    if "*" not in role.writes:
        edit = {"*": "deny", **{pattern.format(plans=plans_folder): "allow" for pattern in role.writes}}
    acts_for_user = "ask" if role.name == _CUSTODIAL else "deny"
    bash = {"*": "allow"}
    bash |= dict.fromkeys((*_BY_USERS, *_REMOVING), acts_for_user)
    bash |= dict.fromkeys(denied, acts_for_user)
    return {"edit": edit, "bash": bash, "external_directory": "ask"}
