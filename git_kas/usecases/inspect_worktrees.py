"""Everything that stands in the way of removing worktrees, looked at in one go; writes nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from git_kas.domain.janitor import Inspection, Usage, WorktreeFacts, worktree_reasons
from git_kas.domain.signals import signal_folders
from git_kas.domain.timestamps import timestamp
from git_kas.errors import KasError, NotFound
from git_kas.usecases.signals import signal_places

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from git_kas.domain.janitor import Reason, Untouchable
    from git_kas.domain.names import PlanName
    from git_kas.domain.worktree import Worktree
    from git_kas.ports.activity import Activity
    from git_kas.ports.clock import Clock
    from git_kas.ports.git import PendingInspections, Porcelain
    from git_kas.ports.signals import SignalBox
    from git_kas.ports.store import Store
    from git_kas.ports.trash import Trash


@dataclass(frozen=True, slots=True)
class InspectPorts:
    """What is looked through."""

    porcelain: Porcelain
    trash: Trash
    activity: Activity
    signal_box: SignalBox
    store: Store
    clock: Clock


class Inspected(NamedTuple):
    """What was found about a worktree."""

    facts: WorktreeFacts

    def reasons(self, untouchable: Untouchable) -> list[Reason]:
        """Everything that stands in the way of removing it."""
        return worktree_reasons(self.facts, untouchable)


def inspect_worktrees(
    ports: InspectPorts,
    worktrees: Sequence[Worktree],
    plans: Mapping[str, Sequence[PlanName]],
    plans_folder: str,
    *,
    only: Sequence[Worktree],
    pending: PendingInspections | None = None,
) -> Mapping[str, Inspected]:
    """Look at those of ``worktrees`` (all there are) that ``only`` names; by path.

    ``plans`` are the plans whose waves may be driven in a worktree, by its path. ``pending`` are inspections
    that were begun before.
    """
    started = pending or ports.porcelain.start_inspections(only)
    found = started.collect(signal_folders(plans_folder))
    readable = [worktree.path for worktree in only if worktree.readable]
    usage = ports.activity.users_of(readable)  # only now: Git's own children have ended
    signals = _signals(ports.signal_box, [worktree for worktree in only if worktree.readable], plans_folder)
    now = timestamp(ports.clock.now_ns())
    leases = {name: lease_of(ports.store, name, now) for names in plans.values() for name in names}
    return {
        worktree.path: Inspected(
            WorktreeFacts(
                worktree,
                found.get(worktree.path, Inspection(problem="it was not looked at")),
                ports.trash.look(worktree, worktrees),
                usage.get(worktree.path, Usage()),
                signals.get(worktree.path, ()),
                [lease for name in plans.get(worktree.path, ()) if (lease := leases[name])],
            )
        )
        for worktree in only
    }


def _signals(box: SignalBox, worktrees: Sequence[Worktree], plans_folder: str) -> Mapping[str, Sequence[str]]:
    """The signals that wait or are claimed, by worktree; folders that cannot be read count as signals."""
    found: dict[str, list[str]] = {}
    for place in signal_places(worktrees, plans_folder):
        seen = box.find([place])
        names = [signal.name for signal in seen.waiting]
        names += [signal.name for signal in seen.claimed if signal.place == place]
        if names or seen.problems:
            found[place.worktree] = [*names, *seen.problems]
    return found


def lease_of(store: Store, name: PlanName, now: str) -> str:
    """Who drives the plan's waves, or why that cannot be told; empty if nobody does."""
    try:
        run = store.get_run(name)
    except NotFound:
        return ""
    except KasError as error:
        return error.message
    return f"{run.owner} until {run.expires}" if run and run.owner and run.expires > now else ""
