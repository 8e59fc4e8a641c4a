"""The environment that an agent works in, and that of other commands of the user."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# They lead a git that a command starts to another repository than that of the folder it works in.
REPOSITORY_BOUND: Final = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_OBJECT_DIRECTORY")

# An agent does not act with the rights of whoever has started it.
TOKENS: Final = ("KAS_TOKEN", "KAS_TOKEN_FILE")

PROMPT_VARIABLE: Final = "KAS_PROMPT_FILE"
_ACTOR: Final = {"KAS_ACTOR": "agent"}


def command_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for a command that finds its repository by its folder."""
    return {name: value for name, value in environment.items() if name not in REPOSITORY_BOUND}


def environment_without_tokens(environment: Mapping[str, str]) -> dict[str, str]:
    """The same for what may run anything later on, such as agents."""
    return {name: value for name, value in command_environment(environment).items() if name not in TOKENS}


def agent_environment(
    environment: Mapping[str, str], variables: Mapping[str, str], prompt_file: str
) -> dict[str, str]:
    """The environment for an agent that has ``variables`` of its own."""
    return {**environment_without_tokens(environment), **variables, **_ACTOR, PROMPT_VARIABLE: prompt_file}
