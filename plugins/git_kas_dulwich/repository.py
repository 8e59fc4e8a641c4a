"""The port :class:`~git_kas.ports.git.Repository` over dulwich, which shares no code with Git or libgit2.

What dulwich would answer otherwise than Git, or could not answer without writing, is refused:

- reftable: opening such a repository, dulwich 1.2 makes files in it, and removes a folder ``refs/heads``;
- replace refs: it ignores them where Git honours them;
- an empty file ``packed-refs``, at which it fails;
- every other extension that it does not know, such as that of a partial clone.

SHA-256, which libgit2 does not open, it reads as Git does.

The *common* directory is opened, and anew for each question: what it holds open it would have to close.
"""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from dulwich.config import ConfigFile
from dulwich.objects import Commit, ObjectID, Tree
from dulwich.refs import SYMREF, Ref, SymrefLoop
from dulwich.repo import Repo, UnsupportedExtension, UnsupportedVersion

from git_kas.domain.branch import LocalBranch, usable_time
from git_kas.domain.names import BranchName, ObjectId
from git_kas.domain.tracking import TrackingReferences
from git_kas.errors import InvalidName, ProgramFailed, UnsupportedRepository

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from git_kas.domain.history import Parents
    from git_kas.domain.location import RepositoryLocation

_HEADS: Final = b"refs/heads/"
_REMOTES: Final = b"refs/remotes/"
_REPLACE: Final = b"refs/replace/"
_ELSEWHERE: Final = "Use the reader 'gitcli' (git config kas.reader gitcli)."
_READABLE: Final = {b"refstorage": {b"files"}, b"objectformat": {b"sha1", b"sha256"}}
"""Extensions that dulwich tries to read, and the values with which it reads as Git does."""


def open_repository(location: RepositoryLocation) -> DulwichRepository:
    """The reader of the repository at ``location``.

    Raises:
        UnsupportedRepository: dulwich would not read it, or not as Git does.
    """
    _refuse_extensions(location.common_dir)
    repository = DulwichRepository(location.common_dir)
    if repository.has_references(_REPLACE):
        raise UnsupportedRepository(
            "The repository has replace refs, which dulwich ignores.", next_step=_ELSEWHERE
        )
    return repository


def _refuse_extensions(common_dir: str) -> None:
    """Before dulwich opens the repository: that alone may write."""
    try:
        config = ConfigFile.from_path(os.path.join(common_dir, "config"))
        extensions = list(config.items((b"extensions",)))
    except FileNotFoundError:
        return
    except (OSError, ValueError) as error:
        raise UnsupportedRepository(
            f"dulwich cannot read the configuration of {common_dir}: {error}.", next_step=_ELSEWHERE
        ) from error
    for name, value in extensions:
        if value.lower() not in _READABLE.get(name.lower(), {value.lower()}):
            raise UnsupportedRepository(
                f"dulwich does not read extensions.{os.fsdecode(name)} = {os.fsdecode(value)} as Git does.",
                next_step=_ELSEWHERE,
            )


class DulwichRepository:
    """Reads references and history of one repository."""

    def __init__(self, common_dir: str) -> None:
        self._common_dir = common_dir

    @contextmanager
    def _open(self) -> Iterator[Repo]:
        try:
            with Repo(controldir=self._common_dir) as repository:
                yield repository
        except (UnsupportedExtension, UnsupportedVersion, StopIteration) as error:
            reason = str(error) or "its packed-refs is empty"
            raise UnsupportedRepository(
                f"dulwich does not read {self._common_dir}: {reason}.", next_step=_ELSEWHERE
            ) from error
        except Exception as error:
            # dulwich has no error of its own for damage: KeyError, ValueError, AssertionError, zlib.error …
            if isinstance(error, ProgramFailed | UnsupportedRepository):
                raise
            raise ProgramFailed(
                f"dulwich cannot read the repository: {type(error).__name__} {error}.", next_step=_ELSEWHERE
            ) from error

    def has_references(self, prefix: bytes) -> bool:
        """Whether there is any reference whose name begins with ``prefix``."""
        with self._open() as repository:
            return any(name.startswith(prefix) for name in repository.refs.allkeys())

    def local_branches(self) -> Sequence[LocalBranch]:
        """See :class:`git_kas.ports.git.Repository`."""
        with self._open() as repository:
            tracking = TrackingReferences(_entries(repository))
            names = sorted(name for name in repository.refs.allkeys() if name.startswith(_HEADS))
            branches = [_local_branch(repository, name, tracking) for name in names]
        return [branch for branch in branches if branch]

    def remote_branches(self) -> Mapping[str, ObjectId]:
        """See :class:`git_kas.ports.git.Repository`."""
        found: dict[str, ObjectId] = {}
        with self._open() as repository:
            for name in repository.refs.allkeys():
                raw = repository.refs.read_ref(name) if name.startswith(_REMOTES) else None
                if raw is None or raw.startswith(SYMREF):
                    continue
                commit = _peeled(repository, raw)
                if commit is not None:
                    found[os.fsdecode(name)] = ObjectId.trusted(commit.id.decode("ascii"))
        return found

    def symbolic_target(self, ref: str) -> str:
        """See :class:`git_kas.ports.git.Repository`."""
        with self._open() as repository:
            raw = repository.refs.read_ref(Ref(os.fsencode(ref))) or b""
        return os.fsdecode(raw.removeprefix(SYMREF)) if raw.startswith(SYMREF) else ""

    def parents(self, tips: Iterable[ObjectId]) -> Parents:
        """See :class:`git_kas.ports.git.Repository`."""
        found: dict[ObjectId, Sequence[ObjectId]] = {}
        trusted = ObjectId.trusted
        with self._open() as repository:
            provider = repository.parents_provider()
            pending = list(tips)
            while pending:
                commit = pending.pop()
                if commit not in found:
                    above = provider.get_parents(ObjectID(commit.encode("ascii")))
                    found[commit] = [trusted(parent.decode("ascii")) for parent in above]
                    pending += found[commit]
        return found

    def is_shallow(self) -> bool:
        """See :class:`git_kas.ports.git.Repository`."""
        return os.path.exists(os.path.join(self._common_dir, "shallow"))

    def root_of(self, refs: Sequence[str]) -> ObjectId | None:
        """See :class:`git_kas.ports.git.Repository`."""
        if self.is_shallow():
            return None
        with self._open() as repository:
            commit = next(filter(None, (_commit_at(repository, ref) for ref in refs)), None)
            while commit is not None and commit.parents:
                commit = _peeled(repository, commit.parents[0])
            return ObjectId.trusted(commit.id.decode("ascii")) if commit is not None else None

    def reflog(self, branch: BranchName) -> Sequence[str]:
        """See :class:`git_kas.ports.git.Repository`."""
        # dulwich 1.2 fails at an entry without a message, as git update-ref writes it.
        try:
            with open(os.path.join(self._common_dir, "logs", *branch.ref.split("/")), "rb") as file:
                return [os.fsdecode(line.partition(b"\t")[2]).rstrip("\n") for line in file]
        except OSError:
            return []

    def read_file(self, commit: ObjectId, path: str) -> bytes | None:
        """See :class:`git_kas.ports.git.Repository`."""
        with self._open() as repository:
            mode, name = _Trees(repository).entry(commit, path)
            if name is None or not stat.S_ISREG(mode):
                return None
            return bytes(repository.object_store[name].as_raw_string())

    def existing_paths(self, candidates: Sequence[tuple[ObjectId, str]]) -> Sequence[bool]:
        """See :class:`git_kas.ports.git.Repository`."""
        with self._open() as repository:
            trees = _Trees(repository)
            return [trees.entry(commit, path)[1] is not None for commit, path in candidates]


class _Trees:
    """Looks up paths in commits, and reads each tree once."""

    def __init__(self, repository: Repo) -> None:
        self._repository = repository
        self._roots: dict[ObjectId, ObjectID] = {}
        self._trees: dict[ObjectID, Tree] = {}

    def entry(self, commit: ObjectId, path: str) -> tuple[int, ObjectID | None]:
        """Mode and object name of what is at ``path`` in ``commit``; 0 and None where there is nothing."""
        mode, name = stat.S_IFDIR, self._root(commit)
        for segment in os.fsencode(path).split(b"/"):
            if mode != stat.S_IFDIR:
                return 0, None
            try:
                mode, name = self._tree(name)[segment]
            except KeyError:
                return 0, None
        return mode, name

    def _root(self, commit: ObjectId) -> ObjectID:
        if commit not in self._roots:
            found = self._repository.object_store[ObjectID(commit.encode("ascii"))]
            if not isinstance(found, Commit):
                raise ProgramFailed(f"{commit} is no commit.", next_step=_ELSEWHERE)
            self._roots[commit] = found.tree
        return self._roots[commit]

    def _tree(self, name: ObjectID) -> Tree:
        if name not in self._trees:
            found = self._repository.object_store[name]
            if not isinstance(found, Tree):
                raise ProgramFailed(f"{os.fsdecode(name)} is no tree.", next_step=_ELSEWHERE)
            self._trees[name] = found
        return self._trees[name]


def _local_branch(repository: Repo, ref: Ref, tracking: TrackingReferences) -> LocalBranch | None:
    try:
        name = BranchName(os.fsdecode(ref.removeprefix(_HEADS)))
        names, target = repository.refs.follow(ref)
    except (InvalidName, KeyError, SymrefLoop):
        return None
    if target is None or not _is_object_name(target):
        return None  # a symbolic reference to nothing, or a file that holds no reference
    upstream = tracking.upstream_of(name)
    leads_to = os.fsdecode(names[1]) if len(names) > 1 else ""
    if target in repository.object_store and isinstance(commit := repository.object_store[target], Commit):
        tip = ObjectId.trusted(commit.id.decode("ascii"))
        return LocalBranch(name, tip, usable_time(commit.commit_time), upstream, leads_to)
    return LocalBranch(name, None, None, upstream, leads_to)


def _commit_at(repository: Repo, ref: str) -> Commit | None:
    """The commit that ``ref`` leads to, if there is one."""
    try:
        return _peeled(repository, repository.refs[Ref(os.fsencode(ref))])
    except (KeyError, SymrefLoop):
        return None


def _peeled(repository: Repo, raw: bytes) -> Commit | None:
    """The commit that a reference leads to, if it is here."""
    if not _is_object_name(raw):
        return None
    name = ObjectID(raw)
    while name in repository.object_store:
        found = repository.object_store[name]
        if isinstance(found, Commit):
            return found
        if found.type_name != b"tag":
            return None
        name = found.object[1]  # type: ignore[attr-defined]  # a Tag has it
    return None


def _is_object_name(raw: bytes) -> bool:
    try:
        return bool(ObjectId(raw.decode("ascii"))) and set(raw) != {ord("0")}
    except (InvalidName, UnicodeDecodeError):
        return False


def _entries(repository: Repo) -> Iterator[tuple[str, str]]:
    """Keys and values of the configuration, in rising precedence."""
    for backend in reversed(repository.get_config_stack().backends):
        for section in backend.sections():
            prefix = ".".join([os.fsdecode(section[0]).lower(), *map(os.fsdecode, section[1:])])
            for name, value in backend.items(section):
                yield f"{prefix}.{os.fsdecode(name).lower()}", os.fsdecode(value)
