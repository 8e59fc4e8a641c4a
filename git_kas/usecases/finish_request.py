"""Pushes a branch, asks for a pull request, and reads what has become of it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Final

from git_kas.domain.finish import Stage
from git_kas.errors import AlreadyExists, Conflict, NotFound, WouldLoseData
from git_kas.ports.forge import NewPullRequest, RequestState
from git_kas.usecases.finish_log import AS_BEFORE, CONTINUE, refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from git_kas.ports.forge import Forge, PullRequest
    from git_kas.usecases.finish_git import FinishGit
    from git_kas.usecases.finish_log import FinishLog

_MOST_COMMITS_NAMED: Final = 10


class Requesting:
    """The way of one operation's branch through the forge."""

    def __init__(self, git: FinishGit, log: FinishLog, forge: Forge) -> None:
        self._git = git
        self._log = log
        self._forge = forge

    def push(self) -> None:
        """Push the branch as it was checked, unless that is done; nothing on the remote is overwritten."""
        if self._log.done(Stage.PUSH):
            return
        asked = self._log.asked
        ref = asked.branch_name.ref
        now = self._git.tip(ref)
        if now != asked.tip:
            raise Conflict(
                f"'{asked.branch}' has moved since it was checked; it was not pushed.",
                next_step="'git kas finish --abort' ends this; then finish again.",
            )
        self._log.intend(Stage.PUSH, remote=asked.remote, tip=asked.tip)
        ended = self._git.act(
            self._git.home, "push", "--set-upstream", "--porcelain", "--", asked.remote, f"{ref}:{ref}"
        )
        if ended.status:
            raise _push_refused(asked.branch, asked.remote, refused("the push", ended, AS_BEFORE), ended.out)
        self._log.fact(Stage.PUSH, remote=asked.remote, tip=asked.tip)

    def request(self) -> None:
        """Ask for a pull request, unless there is one."""
        if self._log.done(Stage.REQUEST):
            return
        asked = self._log.asked
        existing = self._open()
        if existing is None:
            self._log.intend(Stage.REQUEST)
            new = NewPullRequest(asked.branch_name, asked.base_name, asked.title, asked.body, asked.draft)
            with suppress(AlreadyExists):  # somebody asked a moment before us
                self._forge.create(new)
            existing = self._open()
        if existing is None:
            raise NotFound(
                f"The forge shows no open pull request of '{asked.branch}' into {asked.base}.",
                next_step=CONTINUE,
            )
        self._log.fact(Stage.REQUEST, number=existing.number, url=existing.url)

    def merged(self) -> tuple[PullRequest, bool]:
        """The pull request, and whether it is merged as the branch is here.

        Raises:
            NotFound: the forge has no such pull request any more.
            Conflict: it was closed without a merge, or merged into another branch.
            WouldLoseData: it was merged without some commits that are here.
        """
        asked = self._log.asked
        request = self._ours()
        if request.state is RequestState.CLOSED:
            raise Conflict(
                f"The pull request {request.url} was closed without a merge.",
                next_step="Open it again, or 'git kas finish --abort' and finish another way.",
            )
        if request.state is not RequestState.MERGED:
            return request, False
        if request.base != asked.base:
            raise Conflict(
                f"The pull request {request.url} was merged into {request.base}, and not into {asked.base}.",
                next_step="'git kas finish --abort' ends this and keeps the branch; then finish another way.",
            )
        tip = self._git.tip(asked.branch_name.ref) or asked.branch_tip
        if request.head_id == tip:
            return request, True
        merged = (
            f"{request.url} was merged at {request.head_id[:12]}, and '{asked.branch}' is at {tip[:12]} here"
        )
        lost = self._lost(request, tip)
        if not lost:
            raise Conflict(
                f"{merged}, without some of the commits that were merged.",
                next_step=f"Fetch, and move the branch forward to what was merged; then {CONTINUE}",
            )
        names = ", ".join(lost[:_MOST_COMMITS_NAMED]) + (" …" if len(lost) > _MOST_COMMITS_NAMED else "")
        raise WouldLoseData(
            f"{merged}, and these commits were not merged: {names}.",
            next_step="'git kas finish --abort' ends this and keeps the branch; then finish what is left.",
        )

    def _lost(self, request: PullRequest, tip: str) -> Sequence[str]:
        known = self._git.tip(request.head_id) is not None
        return self._git.subjects(request.head_id if known else self._log.asked.base_tip, tip)

    def _open(self) -> PullRequest | None:
        asked = self._log.asked
        requests = self._forge.find(asked.branch_name)
        fitting = (request for request in requests if request.base == asked.base)
        return next((request for request in fitting if request.state is RequestState.OPEN), None)

    def _ours(self) -> PullRequest:
        number = int(self._log.found(Stage.REQUEST, "number"))
        for request in self._forge.find(self._log.asked.branch_name):
            if request.number == number:
                return request
        url = self._log.found(Stage.REQUEST, "url")
        raise NotFound(f"The forge does not show {url} any more.", next_step=CONTINUE)


def _push_refused(branch: str, remote: str, otherwise: Exception, porcelain: str) -> Exception:
    """What Git says of each reference goes to standard output (git-push(1), ``--porcelain``)."""
    rejected = next((line for line in porcelain.splitlines() if line.startswith("!")), "")
    if "non-fast-forward" in rejected or "fetch first" in rejected:
        return Conflict(
            f"{remote} has commits on '{branch}' that are not here; nothing was pushed.",
            next_step=f"Fetch and merge them; then 'git kas finish --abort' and finish again. ({CONTINUE})",
        )
    if rejected:
        reason = rejected.rpartition("\t")[2]
        return Conflict(f"{remote} refused '{branch}': {reason}.", next_step=CONTINUE)
    return otherwise
