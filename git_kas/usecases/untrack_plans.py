"""Brings the plans of a state file into the store, and finds those that stand in other versions of it only.

Only what this worktree has is imported. Another branch's version of the file may name plans that were removed
since, in the status of that time: whoever knows imports them, by the command that is named.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain.decide_import import compare
from git_kas.domain.exchange import read_exchange
from git_kas.errors import KasError, NotFound, StoreCorrupt
from git_kas.usecases.import_plans import ImportFile, import_plans

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from git_kas.domain.mutation import Request
    from git_kas.domain.names import PlanName
    from git_kas.domain.plan import Plan
    from git_kas.ports.store import Store
    from git_kas.usecases.untrack_versions import Version

_MOST_NAMED: Final = 5


@dataclass(frozen=True, slots=True)
class FilePlans:
    """The plans of the version that counts here, as the store had them before.

    ``new`` ones it had never heard of, ``different`` ones have other values there, ``gone`` ones were removed
    or renamed there.
    """

    source: str = ""
    new: tuple[PlanName, ...] = ()
    same: tuple[PlanName, ...] = ()
    different: tuple[PlanName, ...] = ()
    gone: tuple[PlanName, ...] = ()


class Elsewhere(NamedTuple):
    """Plans that stand in another version only, and the command that imports them."""

    place: str
    plans: tuple[PlanName, ...]
    command: str


@dataclass(slots=True)
class Importing:
    """One run. ``earlier`` is the path of the file that the store shows until its first change.

    ``open_store`` opens it anew each time, so that what was written is read back from where it is kept.
    """

    open_store: Callable[[], Store]
    request: Request
    earlier: str | None
    dry_run: bool
    warnings: list[str]
    _promised: set[PlanName] = field(default_factory=set)

    def check(self, versions: Iterable[Version]) -> None:
        """Read all of ``versions`` before any is imported.

        Raises:
            StoreCorrupt: one of them is damaged.
        """
        for version in versions:
            read_exchange(version.data, version.path)

    def bring_in(self, version: Version) -> FilePlans:
        """Import the plans of ``version`` that the store has never heard of, and read them back.

        Raises:
            StoreCorrupt: the version is damaged, or the store does not give back what was imported.
        """
        store = self.open_store()
        project, remarks = read_exchange(version.data, version.path)
        plans = {name: record.plan for name, record in project.records.items() if record.live}
        self._promised.update(plans)
        self.warnings += [
            f"{remark.plan}: {remark.text}." if remark.plan else f"{remark.text}." for remark in remarks
        ]
        before = store.changes(0, 0)
        takes_over = before == 0 and version.path == self.earlier
        if takes_over:  # as long as nothing was changed, what the store shows is this very file
            found = FilePlans(version.path, new=tuple(sorted(plans)))
        else:
            found = _sorted_out(store, plans, version.path)
        if self.dry_run:
            return found
        topics = set(project.topics) - {topic.name for topic in store.list_topics()}
        if before == 0 or found.new or topics:
            file = ImportFile(version.data, version.path, _hash(version.data) if takes_over else "")
            import_plans(store, file, self.request, update=False, dry_run=False, only=found.new)
        self._read_back(plans, found, before)
        return found

    def begin(self) -> None:
        """Let the store take over what it only shows yet, so that it needs the earlier file no more."""
        store = self.open_store()
        if not self.dry_run and store.changes(0, 0) == 0 and store.list_plans():
            nothing = ImportFile(b"{}", store.describe().place)
            import_plans(store, nothing, self.request, update=False, dry_run=False)

    def missing(self, versions: Iterable[Version]) -> Sequence[Elsewhere]:
        """The plans that the store has never heard of, each by the first version that has it."""
        store = self.open_store()
        known = {*(plan.filename for plan in store.list_plans()), *self._promised}
        found = []
        for version in versions:
            try:
                project, _ = read_exchange(version.data, version.path)
            except KasError as error:
                self.warnings.append(f"{version.place}: {error.message}")
                continue
            names = [name for name in sorted(project.records) if name not in known]
            known.update(names)
            if new := tuple(name for name in names if not _was_known(store, name)):
                found.append(Elsewhere(version.place, new, version.command))
        return found

    def _read_back(self, plans: Mapping[PlanName, Plan], found: FilePlans, before: int) -> None:
        store = self.open_store()
        stored = {plan.filename: plan for plan in store.list_plans()}
        told = {entry.plan for entry in store.history(since=before)}
        lost = {name for name in plans if name not in stored and not _was_known(store, name)}
        lost |= {name for name in found.new if name not in told or _differs(plans[name], stored.get(name))}
        if lost:
            raise StoreCorrupt(
                f"The store does not give back what was imported: {', '.join(sorted(lost)[:_MOST_NAMED])}.",
                next_step="Nothing was taken out of Git's index; look at 'git kas plan history'.",
            )


def _sorted_out(store: Store, plans: Mapping[PlanName, Plan], source: str) -> FilePlans:
    """What the store knows of each plan."""
    stored = {plan.filename: plan for plan in store.list_plans()}
    there = [name for name in sorted(plans) if name in stored]
    absent = [name for name in sorted(plans) if name not in stored]
    gone = [name for name in absent if _was_known(store, name)]
    different = [name for name in there if _differs(plans[name], stored[name])]
    return FilePlans(
        source,
        new=tuple(name for name in absent if name not in gone),
        same=tuple(name for name in there if name not in different),
        different=tuple(different),
        gone=tuple(gone),
    )


def _differs(plan: Plan, stored: Plan | None) -> bool:
    return stored is None or bool(compare(plan, stored, with_content=False).fields)


def _was_known(store: Store, name: PlanName) -> bool:
    """Whether the store has a history of the plan, though it may be removed or renamed."""
    try:
        store.history(name)
    except NotFound:
        return False
    return True


def _hash(data: bytes) -> str:
    return sha256(data).hexdigest()
