"""The journal of one finish: what is intended is durable before it is done, and what came of it behind it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from git_kas.domain.finish import Asked, Progress, Stage
from git_kas.domain.finish_text import complaint
from git_kas.errors import ChecksFailed, KasError, ProgramFailed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from git_kas.ports.git import Ended
    from git_kas.ports.operations import OperationJournal, OperationRecord

CONTINUE = "'git kas finish --continue' goes on, 'git kas finish --abort' takes back what was begun."


AS_BEFORE = "Everything is as before."
LEFT_BEHIND = "Something was left behind: see 'git status' there."
SETTLED = "The conflicts that you have settled stay settled."


class FinishLog:
    """One operation and how far it has come."""

    def __init__(self, journal: OperationJournal, record: OperationRecord) -> None:
        self._journal = journal
        self.id = record.id
        self.began = record.began
        self.progress = Progress(record.id, record.steps)

    @property
    def asked(self) -> Asked:
        """What was asked."""
        return self.progress.asked

    @property
    def reflog_action(self) -> str:
        """How reflogs name what this operation moves."""
        return f"git kas finish {self.id}"

    def intend(self, stage: Stage, **facts: object) -> None:
        """Record that ``stage`` begins now."""
        self._add({"intent": str(stage), **facts})

    def fact(self, stage: Stage, **facts: object) -> None:
        """Record what came of ``stage``."""
        self._add({"fact": str(stage), **facts})

    def stop(self, stage: Stage, paths: Sequence[str], base: str, message: str = "") -> None:
        """Record that ``stage`` waits for the user to settle conflicts, on the base at ``base``.

        ``message`` names what Git keeps meanwhile, see :meth:`FinishGit.squash_message`.
        """
        self._add({"stopped": str(stage), "paths": list(paths), "base": base, "message": message})

    def done(self, stage: Stage) -> bool:
        """Whether ``stage`` is known to be done."""
        return self.progress.done(stage)

    def found(self, stage: Stage, name: str) -> str:
        """A text of the fact of ``stage``; empty without one."""
        return str((self.progress.fact(stage) or {}).get(name) or "")

    def intended(self, stage: Stage, name: str) -> str:
        """A text of the last intent of ``stage``; empty without one."""
        return str((self.progress.intent(stage) or {}).get(name) or "")

    def _add(self, step: Mapping[str, Any]) -> None:
        self._journal.record(self.id, step)
        self.progress.add(step)


def refused(what: str, ended: Ended, state: str) -> KasError:
    """The error that says why Git did not do ``what``: a hook, signing, or what Git complains about.

    ``state`` says how everything is left.
    """
    step = f"Mend that; then {CONTINUE}"
    reason = complaint(ended.err)
    if ended.failed_hook:
        said = next((line.strip() for line in ended.err.splitlines() if line.strip()), "it gave no reason")
        said = said.rstrip(".")  # a hook speaks before Git does
        return ChecksFailed(f"The hook {ended.failed_hook} refused {what}: {said}. {state}", next_step=step)
    if "failed to sign" in ended.err:
        return ProgramFailed(f"Signing failed, so {what} was not made: {reason}. {state}", next_step=step)
    return ProgramFailed(f"Git did not make {what}: {reason}. {state}", next_step=step)


def conflicts_left(what: str, folder: str, paths: str) -> KasError:
    """The error of a merge or rebase that waits for the user."""
    return ChecksFailed(
        f"{what} stopped in {folder} at conflicts in {paths}.",
        next_step=f"Settle them there and 'git add' the files; then {CONTINUE}",
    )
