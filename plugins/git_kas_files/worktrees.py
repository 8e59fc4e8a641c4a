"""Reads the administrative files of worktrees (gitrepository-layout(5), ``worktrees/``).

libgit2 tells neither lock nor HEAD, and takes live siblings for prunable when it was opened from a moved
worktree (GIT-FACTS 5), so these few small files are read here. Nothing is judged by ``is_prunable``.
"""

import os
from collections.abc import Iterator, Sequence

from git_kas.domain.location import RepositoryLocation
from git_kas.domain.names import BranchName, ObjectId
from git_kas.domain.worktree import FolderState, Operation, Worktree
from git_kas.errors import InvalidName
from git_kas_files.gitdir import read_gitfile, read_line

_HEADS = "refs/heads/"
_LOCK_FILES = ("index.lock", "HEAD.lock")

# What Git leaves in the administrative folder while an operation is not finished. ``rebase-apply`` serves
# both am and rebase; the file ``applying`` tells them apart.
OPERATION_FILES = (
    ("rebase-merge", Operation.REBASE),
    ("rebase-apply/rebasing", Operation.REBASE),
    ("rebase-apply/applying", Operation.AM),
    ("MERGE_HEAD", Operation.MERGE),
    ("CHERRY_PICK_HEAD", Operation.CHERRY_PICK),
    ("REVERT_HEAD", Operation.REVERT),
    ("BISECT_LOG", Operation.BISECT),
)

SEQUENCER = "sequencer"
_SEQUENCED = {"pick": Operation.CHERRY_PICK, "revert": Operation.REVERT}


def read_worktrees(location: RepositoryLocation) -> Sequence[Worktree]:
    """The main worktree, if there is one, then the linked ones in order of their paths."""
    linked = sorted(_linked(location), key=lambda worktree: worktree.path)
    if location.main_worktree is None:
        return linked
    return [_worktree("", location.main_worktree, location.common_dir), *linked]


def _linked(location: RepositoryLocation) -> Iterator[Worktree]:
    folder = os.path.join(location.common_dir, "worktrees")
    try:
        ids = os.listdir(folder)
    except OSError:
        return
    for id_ in ids:
        admin_dir = os.path.join(folder, id_)
        gitfile = read_line(os.path.join(admin_dir, "gitdir"))
        if not gitfile:
            continue
        gitfile = os.path.normpath(os.path.join(admin_dir, gitfile))
        path = os.path.dirname(gitfile)
        moved_to = None
        if _same(location.git_dir, admin_dir) and location.worktree and not _same(location.worktree, path):
            moved_to = location.worktree
        yield _worktree(id_, path, admin_dir, moved_to)


def _worktree(id_: str, path: str, admin_dir: str, moved_to: str | None = None) -> Worktree:
    branch, head = _head(admin_dir)
    locked = os.path.join(admin_dir, "locked")
    return Worktree(
        id=id_,
        path=path,
        admin_dir=admin_dir,
        branch=branch,
        head=head,
        folder=_folder_state(path, admin_dir),
        moved_to=moved_to,
        locked=bool(id_) and os.path.exists(locked),
        lock_reason=read_line(locked) if id_ else "",
        operations=_operations(admin_dir),
        lock_files=tuple(name for name in _LOCK_FILES if os.path.exists(os.path.join(admin_dir, name))),
        moving=tuple(_moving(os.path.join(admin_dir, "rebase-merge", "update-refs"))),
    )


def _folder_state(path: str, admin_dir: str) -> FolderState:
    gitfile = os.path.join(path, ".git")
    if not os.path.lexists(path):
        return FolderState.MISSING
    target = gitfile if os.path.isdir(gitfile) else read_gitfile(gitfile)
    if target is not None and _same(target, admin_dir):
        return FolderState.PRESENT
    if not os.path.lexists(gitfile):
        if os.path.isdir(os.path.join(admin_dir, "objects")):
            return FolderState.PRESENT  # the main worktree of a .git that is elsewhere (core.worktree)
        if _is_empty_folder(path):
            return FolderState.MISSING  # what is left of a volume that is not mounted
    return FolderState.FOREIGN


def _is_empty_folder(path: str) -> bool:
    try:
        return not os.listdir(path)
    except OSError:
        return False


def _head(admin_dir: str) -> tuple[BranchName | None, ObjectId | None]:
    text = read_line(os.path.join(admin_dir, "HEAD"))
    if text.startswith("ref: "):
        return _branch(text.removeprefix("ref: ").strip()), None
    returning_to = _branch_to_return_to(admin_dir)
    try:
        return returning_to, ObjectId(text)
    except InvalidName:
        return returning_to, None


def _branch_to_return_to(admin_dir: str) -> BranchName | None:
    for name in ("rebase-merge/head-name", "rebase-apply/head-name"):
        if branch := _branch(read_line(os.path.join(admin_dir, name))):
            return branch
    bisected = read_line(os.path.join(admin_dir, "BISECT_START"))
    return _branch(_HEADS + bisected) if bisected and not _is_object_id(bisected) else None


def _moving(path: str) -> Iterator[BranchName]:
    """The branches that a rebase lists as to be moved: a name and two commits, each on its own line."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape", newline="\n") as file:
            refs = file.read().split("\n")[::3]
    except OSError:
        return
    yield from filter(None, map(_branch, refs))


def _branch(ref: str) -> BranchName | None:
    if not ref.startswith(_HEADS):
        return None
    try:
        return BranchName(ref.removeprefix(_HEADS))
    except InvalidName:
        return None


def _is_object_id(text: str) -> bool:
    try:
        return bool(ObjectId(text))
    except InvalidName:
        return False


def _operations(admin_dir: str) -> tuple[Operation, ...]:
    found = [operation for name, operation in OPERATION_FILES if os.path.exists(os.path.join(admin_dir, name))]
    # Between two steps of a longer cherry-pick or revert only the list of what is left tells.
    next_step = read_line(os.path.join(admin_dir, SEQUENCER, "todo")).partition(" ")[0]
    found += [operation for word, operation in _SEQUENCED.items() if word == next_step]
    return tuple(dict.fromkeys(found))


def _same(one: str, other: str) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)
