"""Which repository a shared project belongs to: two of the same name must not mix their plans."""

from __future__ import annotations

import re
from typing import Final

from git_kas.errors import ProjectMismatch

ROOT_REFS: Final = (
    "refs/remotes/origin/HEAD",
    "refs/remotes/origin/main",
    "refs/heads/main",
    "refs/remotes/origin/master",
    "refs/heads/master",
    "HEAD",
)
"""Where a repository's own line of history is looked for, the best first.

Nothing here depends on a user's configuration: every clone has to come to the same root.
"""

_OBJECT_ID: Final = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


def is_root_id(text: str) -> bool:
    """Whether ``text`` can be the id of a commit."""
    return _OBJECT_ID.fullmatch(text) is not None


def check_binding(project: str, bound: str, repository: str) -> None:
    """Go on unless ``project`` is bound to another repository; empty ids stand for what is not known.

    Raises:
        ProjectMismatch: it is.
    """
    if bound and repository and bound != repository:
        raise ProjectMismatch(
            f"The project '{project}' belongs to another repository there: to that with the root commit "
            f"{bound[:12]}, and this one has {repository[:12]}.",
            next_step="Set kas.project to a name that is this repository's own.",
        )
