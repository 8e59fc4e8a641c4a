"""Finds what goes wrong around worktrees and, if asked, mends what can be mended safely (DESIGN 8)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from git_kas.domain.doctor import Check, Finding, MoveSetting, RemoveSection, RepairWorktree, SetAside
from git_kas.errors import KasError
from git_kas.usecases.examination import DoctorPorts, DoctorScope, Examination

if TYPE_CHECKING:
    from collections.abc import Sequence

    from git_kas.domain.doctor import Fix


@dataclass(frozen=True, slots=True)
class Diagnosed:
    """A finding, whether it was mended, and what is to say about that (a clause; may be empty)."""

    finding: Finding
    fixed: bool = False
    note: str = ""


def diagnose(ports: DoctorPorts, scope: DoctorScope, checks: Sequence[Check]) -> list[Diagnosed]:
    """What ``checks`` find, in their order. Changes nothing."""
    examination = Examination(ports, scope)
    found: list[Finding] = []
    for check in checks:
        ports.progress.step(f"checking {check}")
        found += examination.findings(check)
    ports.progress.done()
    return [Diagnosed(finding) for finding in found]


def mend(ports: DoctorPorts, scope: DoctorScope, checks: Sequence[Check]) -> list[Diagnosed]:
    """Find, and mend one by one what has a fix.

    Each finding is looked for again right before, and again after. One that has changed meanwhile, or that an
    earlier fix has settled with its own, is left; a fix that fails is told, and the next one is tried.

    Raises:
        Busy: somebody else is acting on branches and worktrees.
    """
    with ports.exclusive():
        return [_mended(ports, scope, found.finding) for found in diagnose(ports, scope, checks)]


def _mended(ports: DoctorPorts, scope: DoctorScope, finding: Finding) -> Diagnosed:
    if finding.fix is None:
        return Diagnosed(finding)
    again = _same(finding, Examination(ports, scope))
    if again is None:
        return Diagnosed(finding, fixed=True, note="it was settled already")
    if again.fix != finding.fix:
        return Diagnosed(again, note="it has changed since it was found, and was left")
    try:
        note = _apply(ports, scope, finding.fix)
    except KasError as error:
        return Diagnosed(again, note=error.message.removesuffix("."))
    left = _same(finding, Examination(ports, scope))
    return Diagnosed(finding, fixed=left is None, note=note)


def _same(finding: Finding, examination: Examination) -> Finding | None:
    """What the check says now about the same subject; a look that failed counts as no news."""
    for found in examination.findings(finding.check):
        if found.failed_to_look or found.subject == finding.subject:
            return found
    return None


def _apply(ports: DoctorPorts, scope: DoctorScope, fix: Fix) -> str:
    """Mend it; what was put where, as a clause."""
    common_dir = scope.location.common_dir
    shared, main = f"{common_dir}/config", f"{common_dir}/config.worktree"
    if isinstance(fix, RepairWorktree):
        ports.porcelain.run(common_dir, "worktree", "repair", fix.path)
        return f"git worktree repair registered {fix.path}"
    if isinstance(fix, SetAside):
        return f"kept as {ports.admin_files.set_aside(fix.path, fix.stamp)}"
    if isinstance(fix, RemoveSection):
        kept = ports.admin_files.keep("branch-section", fix.text)
        ports.porcelain.run(common_dir, "config", "--file", shared, "--remove-section", fix.section)
        return f"kept as {kept}"
    assert isinstance(fix, MoveSetting)  # noqa: S101 - the last kind there is
    ports.porcelain.run(common_dir, "config", "--file", main, fix.key, fix.value)
    ports.porcelain.run(common_dir, "config", "--file", shared, "--unset", fix.key)
    return f"moved to {main}"
