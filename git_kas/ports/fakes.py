"""One memory fake for each port, for tests of use cases and of plugins. No fake does I/O."""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from git_kas.domain.janitor import Inspection
from git_kas.domain.landing import PathChange, TreeEntry
from git_kas.domain.location import ConfigEntries, GitFolders, RepositoryLocation
from git_kas.domain.names import ObjectId
from git_kas.domain.worktree import Dirt, Worktree
from git_kas.errors import AlreadyExists, ProgramFailed
from git_kas.ports.git import Ended

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from git_kas.domain.branch import LocalBranch
    from git_kas.domain.history import Parents
    from git_kas.domain.names import BranchName, PlanName
    from git_kas.ports.files import PlanText


@dataclass
class FakeClock:
    """A clock that stands still; ``time`` in seconds since 1970."""

    time: int = 0

    def now(self) -> int:
        """See :class:`git_kas.ports.clock.Clock`."""
        return self.time

    def now_ns(self) -> int:
        """See :class:`git_kas.ports.clock.Clock`."""
        return self.time * 1_000_000_000


@dataclass
class FakeProgress:
    """Keeps the steps it was told."""

    steps: list[str] = field(default_factory=list)

    def step(self, text: str) -> None:
        """See :class:`git_kas.ports.progress.Progress`."""
        self.steps.append(text)

    def done(self) -> None:
        """See :class:`git_kas.ports.progress.Progress`."""
        self.steps.append("done")


@dataclass
class FakeRepository:
    """A repository of a few commits. ``files`` maps a commit to its files; a missing parent cannot be read."""

    branches: Sequence[LocalBranch] = ()
    remotes: Mapping[str, ObjectId] = field(default_factory=dict)
    symbolic: Mapping[str, str] = field(default_factory=dict)
    history: Mapping[ObjectId, Sequence[ObjectId]] = field(default_factory=dict)
    reflogs: Mapping[BranchName, Sequence[str]] = field(default_factory=dict)
    files: Mapping[ObjectId, Mapping[str, bytes]] = field(default_factory=dict)
    shallow: bool = False

    def local_branches(self) -> Sequence[LocalBranch]:
        """See :class:`git_kas.ports.git.Repository`."""
        return sorted(self.branches, key=lambda branch: branch.name)

    def remote_branches(self) -> Mapping[str, ObjectId]:
        """See :class:`git_kas.ports.git.Repository`."""
        return self.remotes

    def symbolic_target(self, ref: str) -> str:
        """See :class:`git_kas.ports.git.Repository`."""
        return self.symbolic.get(ref, "")

    def parents(self, tips: Iterable[ObjectId]) -> Parents:
        """See :class:`git_kas.ports.git.Repository`."""
        reached: dict[ObjectId, Sequence[ObjectId]] = {}
        pending = list(tips)
        while pending:
            if (commit := pending.pop()) in reached:
                continue
            if commit not in self.history:
                raise ProgramFailed(f"commit {commit} is missing.", next_step="Add it to the history.")
            reached[commit] = self.history[commit]
            pending += reached[commit]
        return reached

    def is_shallow(self) -> bool:
        """See :class:`git_kas.ports.git.Repository`."""
        return self.shallow

    def root_of(self, refs: Sequence[str]) -> ObjectId | None:
        """See :class:`git_kas.ports.git.Repository`."""
        tips = {branch.name.ref: branch.tip for branch in self.branches} | dict(self.remotes)
        commit = next(filter(None, (tips.get(self.symbolic.get(ref, ref)) for ref in refs)), None)
        while commit is not None and self.history[commit]:
            commit = self.history[commit][0]
        return None if self.shallow else commit

    def reflog(self, branch: BranchName) -> Sequence[str]:
        """See :class:`git_kas.ports.git.Repository`."""
        return self.reflogs.get(branch, ())

    def read_file(self, commit: ObjectId, path: str) -> bytes | None:
        """See :class:`git_kas.ports.git.Repository`."""
        return self.files.get(commit, {}).get(path)

    def existing_paths(self, candidates: Sequence[tuple[ObjectId, str]]) -> Sequence[bool]:
        """See :class:`git_kas.ports.git.Repository`."""
        return [path in self.files.get(commit, {}) for commit, path in candidates]


@dataclass
class FakeGitFolders:
    """Worktrees as they were given."""

    found: GitFolders | None = None
    located: RepositoryLocation | None = None
    listed: Sequence[Worktree] = ()

    def find(self, start: str, environment: Mapping[str, str]) -> GitFolders | None:
        """See :class:`git_kas.ports.git.GitFolderReader`."""
        del start, environment
        return self.found

    def locate(self, folders: GitFolders, config: ConfigEntries) -> RepositoryLocation:
        """See :class:`git_kas.ports.git.GitFolderReader`."""
        del config
        return self.located or RepositoryLocation(folders.git_dir, folders.common_dir, None, None)

    def worktrees(self, location: RepositoryLocation) -> Sequence[Worktree]:
        """See :class:`git_kas.ports.git.GitFolderReader`."""
        del location
        return self.listed


@dataclass
class FakeGitConfig:
    """Configuration as it was given."""

    entries: ConfigEntries = field(default_factory=lambda: ConfigEntries(()))

    def read(self, start: str, folders: GitFolders | None) -> ConfigEntries:
        """See :class:`git_kas.ports.git.GitConfig`."""
        del start, folders
        return self.entries


@dataclass
class FakeStatuses:
    """Statuses that are known already."""

    dirt: Mapping[str, Dirt]

    def collect(self, signal_folders: Sequence[str]) -> Mapping[str, Dirt]:
        """See :class:`git_kas.ports.git.PendingStatuses`."""
        del signal_folders
        return self.dirt


@dataclass
class FakeInspections:
    """Inspections that are known already."""

    found: Mapping[str, Inspection]

    def collect(self, signal_folders: Sequence[str]) -> Mapping[str, Inspection]:
        """See :class:`git_kas.ports.git.PendingInspections`."""
        del signal_folders
        return self.found


@dataclass
class FakePorcelain:
    """Keeps what it was asked to run; ``answers`` maps the arguments of a call to what Git prints."""

    dirt: Mapping[str, Dirt] = field(default_factory=dict)
    answers: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    calls: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def start_statuses(self, worktrees: Sequence[Worktree]) -> FakeStatuses:
        """See :class:`git_kas.ports.git.Porcelain`."""
        return FakeStatuses({worktree.path: self.dirt.get(worktree.path, Dirt()) for worktree in worktrees})

    def start_inspections(self, worktrees: Sequence[Worktree]) -> FakeInspections:
        """See :class:`git_kas.ports.git.Porcelain`; only the dirt is known."""
        dirt = self.dirt
        return FakeInspections(
            {worktree.path: Inspection(dirt.get(worktree.path, Dirt())) for worktree in worktrees}
        )

    def run(self, folder: str, *arguments: str, at: int | None = None) -> str:
        """See :class:`git_kas.ports.git.Porcelain`."""
        del at
        self.calls.append((folder, arguments))
        return self.answers.get(arguments, "")

    def attempt(
        self, folder: str, *arguments: str, stdin: str = "", scratch: str = "", reflog_action: str = ""
    ) -> Ended:
        """See :class:`git_kas.ports.git.Porcelain`; what has no answer fails."""
        del stdin, scratch, reflog_action
        self.calls.append((folder, arguments))
        return Ended(0 if arguments in self.answers else 1, self.answers.get(arguments, ""), "")


@dataclass
class FakeCommands:
    """Keeps the commands it was asked to run; ``statuses`` maps them to their exit statuses."""

    statuses: Mapping[str, int] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)

    def run(self, command: str, folder: str) -> int:
        """See :class:`git_kas.ports.commands.Commands`."""
        self.calls.append((command, folder))
        return self.statuses.get(command, 0)


@dataclass
class FakePlanFiles:
    """Plan texts as they were given: names by worktree path, texts by absolute path."""

    listed: Mapping[str, frozenset[str]] = field(default_factory=dict)
    texts: Mapping[str, PlanText] = field(default_factory=dict)

    def names(self, worktrees: Iterable[str], plans_folder: str) -> Mapping[str, frozenset[str]]:
        """See :class:`git_kas.ports.files.PlanFiles`."""
        del plans_folder
        return {worktree: self.listed.get(worktree, frozenset()) for worktree in worktrees}

    def read(self, worktree: str, plans_folder: str, name: PlanName) -> PlanText | None:
        """See :class:`git_kas.ports.files.PlanFiles`."""
        return self.texts.get(f"{worktree}/{plans_folder}/{name}")

    def digest(self, worktree: str, plans_folder: str, name: PlanName) -> str | None:
        """See :class:`git_kas.ports.files.PlanFiles`."""
        text = self.read(worktree, plans_folder, name)
        return sha256(text.data).hexdigest() if text else None

    def read_path(self, folder: str, path: str) -> PlanText | None:
        """See :class:`git_kas.ports.files.PlanFiles`."""
        return self.texts.get(path if path.startswith("/") else f"{folder}/{path}")


@dataclass
class FakeScratchFolder:
    """A folder whose files are a mapping."""

    path: str
    files: dict[str, str] = field(default_factory=dict)
    deleted: bool = False

    def write(self, name: str, text: str) -> None:
        """See :class:`git_kas.ports.files.ScratchFolder`."""
        self.files[name] = text

    def remove(self, name: str) -> None:
        """See :class:`git_kas.ports.files.ScratchFolder`."""
        for file in [file for file in self.files if file == name or file.startswith(f"{name}/")]:
            del self.files[file]

    def delete(self) -> None:
        """See :class:`git_kas.ports.files.ScratchFolder`."""
        self.files.clear()
        self.deleted = True


@dataclass
class FakeScratch:
    """Makes such folders."""

    made: dict[str, FakeScratchFolder] = field(default_factory=dict)

    def create(self, path: str | None) -> FakeScratchFolder:
        """See :class:`git_kas.ports.files.Scratch`."""
        name = path or f"/scratch/{len(self.made)}"
        if name in self.made:
            raise AlreadyExists(f"{name} is not empty.", next_step="Name another folder.")
        self.made[name] = FakeScratchFolder(name)
        return self.made[name]


@dataclass
class FakeContents:
    """What differs between commits; ``files`` as in :class:`FakeRepository`, all of them regular ones.

    ``conflicting`` is what is known of merges, ``tried`` which were tried.
    """

    files: Mapping[ObjectId, Mapping[str, bytes]] = field(default_factory=dict)
    authors: Mapping[ObjectId, str] = field(default_factory=dict)
    reverts: Sequence[tuple[ObjectId, ObjectId]] = ()
    conflicting: Mapping[ObjectId, bool] = field(default_factory=dict)
    tried: list[ObjectId] = field(default_factory=list)

    def changes(
        self, pairs: Sequence[tuple[ObjectId, ObjectId]], *, renames: bool = False
    ) -> Iterator[Sequence[PathChange]]:
        """See :class:`git_kas.ports.contents.Contents`; renames are not looked for."""
        del renames
        for before, after in pairs:
            old, new = self.files.get(before, {}), self.files.get(after, {})
            yield [
                PathChange(path.encode(), _entry(old.get(path)), _entry(new.get(path)))
                for path in sorted({*old, *new})
                if old.get(path) != new.get(path)
            ]

    def blob(self, id: ObjectId) -> bytes | None:  # noqa: A002 - as in the port
        """See :class:`git_kas.ports.contents.Contents`."""
        contents = (data for files in self.files.values() for data in files.values())
        return next((data for data in contents if _id_of(data) == id), None)

    def expect(self, ids: Sequence[ObjectId]) -> None:
        """See :class:`git_kas.ports.contents.Contents`."""

    def author_lines(self, commits: Sequence[ObjectId]) -> Sequence[str]:
        """See :class:`git_kas.ports.contents.Contents`."""
        return [self.authors.get(commit, commit) for commit in commits]

    def reverted_by(self, tip: ObjectId, since: ObjectId) -> Sequence[tuple[ObjectId, ObjectId]]:
        """See :class:`git_kas.ports.contents.Contents`."""
        del tip, since
        return self.reverts

    def start_merges(self, base: ObjectId, tips: Sequence[ObjectId]) -> FakeMerges:
        """See :class:`git_kas.ports.contents.Contents`; whatever the base is."""
        del base
        self.tried += tips
        return FakeMerges({tip: self.conflicting[tip] for tip in tips if tip in self.conflicting})

    def close(self) -> None:
        """See :class:`git_kas.ports.contents.Contents`."""


class FakeMerges(NamedTuple):
    """Merges whose ends are known from the beginning."""

    known: Mapping[ObjectId, bool]

    def collect(self) -> Mapping[ObjectId, bool]:
        """See :class:`git_kas.ports.contents.PendingMerges`."""
        return self.known


def _entry(data: bytes | None) -> TreeEntry | None:
    return TreeEntry(0o100644, _id_of(data)) if data is not None else None


def _id_of(data: bytes) -> ObjectId:
    return ObjectId(sha256(data).hexdigest())


class FakeFileMerge:
    """Merges texts of as many lines each, line by line."""

    def merged(self, ancestor: bytes, ours: bytes, theirs: bytes) -> bytes | None:
        """See :class:`git_kas.ports.contents.FileMerge`."""
        merged: list[bytes] = []
        for before, mine, yours in zip(*(text.split(b"\n") for text in (ancestor, ours, theirs)), strict=True):
            if before not in {mine, yours} and mine != yours:
                return None
            merged.append(mine if before == yours else yours)
        return b"\n".join(merged)


@dataclass
class FakeCache:
    """Keeps everything."""

    kept: dict[str, bytes] = field(default_factory=dict)

    def read(self, name: str) -> bytes | None:
        """See :class:`git_kas.ports.cache.Cache`."""
        return self.kept.get(name)

    def write(self, name: str, data: bytes) -> None:
        """See :class:`git_kas.ports.cache.Cache`."""
        self.kept[name] = data
