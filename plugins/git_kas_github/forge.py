"""The port :class:`~git_kas.ports.forge.Forge` over ``gh pr create`` and ``gh pr list``.

A value always stands behind ``=``, so that none is taken for an option, and texts go through standard input.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from git_kas.domain.names import ObjectId
from git_kas.errors import AlreadyExists, InvalidName, ProgramFailed
from git_kas.ports.forge import PullRequest, RequestState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from git_kas.domain.names import BranchName
    from git_kas.ports.forge import NewPullRequest
    from git_kas_github.program import GhProgram

_FIELDS: Final = (
    "number,url,state,headRefName,baseRefName,headRefOid,mergeCommit,isDraft,isCrossRepository,autoMergeRequest"
)
_MOST_OF_A_BRANCH: Final = 100
_MOST_OPEN: Final = 1000


class GitHubForge:
    """Pull requests of one repository on GitHub."""

    def __init__(self, gh: GhProgram) -> None:
        self._gh = gh

    def create(self, asked: NewPullRequest) -> None:
        """See :class:`git_kas.ports.forge.Forge`."""
        options = [f"--head={asked.head}", f"--base={asked.base}", f"--title={asked.title}", "--body-file=-"]
        draft = ["--draft"] if asked.draft else []
        try:
            self._gh.run("pr", "create", *options, *draft, stdin=asked.body)
        except ProgramFailed as error:
            if "already exists" in error.message:
                raise AlreadyExists(error.message, next_step="Look at it on the forge.") from error
            raise

    def find(self, head: BranchName) -> Sequence[PullRequest]:
        """See :class:`git_kas.ports.forge.Forge`.

        A pull request from a fork may come from a branch of the same name; it is not about ours.
        """
        listed = self._list(f"--head={head}", "--state=all", f"--limit={_MOST_OF_A_BRANCH}")
        return [_request(item) for item in listed if not item.get("isCrossRepository")]

    def open_requests(self) -> Sequence[PullRequest]:
        """See :class:`git_kas.ports.forge.Forge`."""
        listed = self._list("--state=open", f"--limit={_MOST_OPEN}")
        if len(listed) >= _MOST_OPEN:
            raise ProgramFailed(
                f"There are {_MOST_OPEN} open pull requests or more; gh does not list all of them.",
                next_step="Look at the forge itself.",
            )
        return [_request(item) for item in listed]

    def _list(self, *options: str) -> list[dict[str, Any]]:
        text = self._gh.run("pr", "list", *options, f"--json={_FIELDS}")
        try:
            listed = json.loads(text)
        except ValueError as error:
            raise _not_understood("it is not JSON") from error
        if not isinstance(listed, list) or not all(isinstance(item, dict) for item in listed):
            raise _not_understood("it is not a list of objects")
        return listed


def _request(item: dict[str, Any]) -> PullRequest:
    try:
        merged = item["mergeCommit"]
        return PullRequest(
            number=int(item["number"]),
            url=str(item["url"]),
            state=RequestState(str(item["state"]).lower()),
            head=str(item["headRefName"]),
            base=str(item["baseRefName"]),
            head_id=ObjectId(str(item["headRefOid"])),
            merge_commit=ObjectId(str(merged["oid"])) if merged else None,
            draft=bool(item.get("isDraft")),
            waits=bool(item.get("autoMergeRequest")),
        )
    except (KeyError, TypeError, ValueError, InvalidName) as error:
        raise _not_understood(f"a pull request has no usable {error}") from error


def _not_understood(why: str) -> ProgramFailed:
    return ProgramFailed(f"gh's answer is not understood: {why}.", next_step="Try a newer gh.")
