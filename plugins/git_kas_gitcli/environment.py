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

# Messages in English for the few that are quoted; no locks taken for a look; no question asked where nobody
# can answer; no missing object of a partial clone fetched behind the user's back; no trace in the output.
_ALWAYS = {
    "LC_ALL": "C.UTF-8",
    "LANGUAGE": "C",
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_PAGER": "cat",
}


def child_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for a Git child that is told on its command line where to work."""
    kept = {name: value for name, value in environment.items() if name not in _REPOSITORY_BOUND}
    return kept | _ALWAYS


def located_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment for a Git child that finds its repository as the user's own Git would."""
    return {**environment, **_ALWAYS}
