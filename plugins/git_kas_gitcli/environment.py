"""The environment in which every Git child runs."""

from collections.abc import Mapping

# They tie a command to one repository, index or work tree (git(1), The Git Repository), and would mislead a
# child that is meant to look at another worktree. Each call names its repository itself.
_REPOSITORY_BOUND = frozenset(
    {
        "GIT_DIR",
        "GIT_WORK_TREE",
        "GIT_COMMON_DIR",
        "GIT_INDEX_FILE",
        "GIT_NAMESPACE",
        "GIT_PREFIX",
        "GIT_LITERAL_PATHSPECS",
        "GIT_GLOB_PATHSPECS",
        "GIT_NOGLOB_PATHSPECS",
        "GIT_ICASE_PATHSPECS",
    }
)

# They say where objects are. Reading keeps them: in a hook they lead to what is being pushed
# (git-receive-pack(1), QUARANTINE ENVIRONMENT).
_OBJECT_BOUND = frozenset(
    {
        "GIT_OBJECT_DIRECTORY",
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_QUARANTINE_PATH",
        "GIT_SHALLOW_FILE",
        "GIT_GRAFT_FILE",
        "GIT_CONFIG",
    }
)

# They change what Git may do or which settings it reads, wherever it works.
_BEHAVIOUR_BOUND = frozenset(
    {"GIT_ALLOW_PROTOCOL", "GIT_PROTOCOL_FROM_USER", "GIT_CONFIG_COUNT", "GIT_CONFIG_PARAMETERS"}
)

# Messages in English for the few that are quoted; no locks taken for a look; no question asked where nobody
# can answer; no missing object of a partial clone fetched behind the user's back.
_ALWAYS = {
    "LC_ALL": "C.UTF-8",
    "LANGUAGE": "C",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_PAGER": "cat",
}


# Messages are given; Git's word for an editor that is not even started (git-var(1)).
_NO_EDITOR = {"GIT_EDITOR": ":", "GIT_SEQUENCE_EDITOR": ":"}


def child_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for a Git child that is told on its command line where to work."""
    kept = {name: value for name, value in environment.items() if name not in _REPOSITORY_BOUND}
    return kept | _ALWAYS


def acting_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for a Git child that acts on the repository of the folder it is started in."""
    kept = {name: value for name, value in child_environment(environment).items() if name not in _OBJECT_BOUND}
    return kept | _NO_EDITOR


def inherited_names_to_unset(environment: Mapping[str, str]) -> list[str]:
    """Variables that a child must not inherit from this process when ``environment`` does not have them."""
    known = _REPOSITORY_BOUND | _OBJECT_BOUND | _BEHAVIOUR_BOUND
    return sorted(name for name in known if name not in environment)


def located_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for a Git child that finds its repository as the user's own Git would."""
    return {**environment, **_ALWAYS}


def quoted_path(path: str) -> str:
    """One entry of a list of object folders, whatever characters are in it (git(1))."""
    escaped = path.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
