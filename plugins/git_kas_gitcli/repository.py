"""The port :class:`~git_kas.ports.git.Repository` over Git's plumbing commands.

Two children answer everything triage asks: ``for-each-ref`` and one ``rev-list`` over all tips. That is
several times faster than libgit2's walk, uses the commit-graph, and is right for every repository format,
shallow clone and replace ref that Git itself understands (benchmarks/README).
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import cast

from git_kas.domain.branch import LocalBranch, usable_time
from git_kas.domain.history import Parents
from git_kas.domain.location import RepositoryLocation
from git_kas.domain.names import BranchName, ObjectId
from git_kas.errors import InvalidName
from git_kas_gitcli.process import GitReader

_BRANCH_FIELDS = (
    "%(objectname)%00%(objecttype)%00%(committerdate:unix)%00%(upstream)%00%(symref)%00%(refname:lstrip=2)"
)

_REMOTES = "refs/remotes/"
_REMOTE_FIELDS = "%(objectname) %(symref) %(refname)"


class PlumbingRepository:
    """Reads references and history of one repository."""

    def __init__(self, location: RepositoryLocation, environment: Mapping[str, str]) -> None:
        self._common_dir = location.common_dir
        self._git = GitReader(location.common_dir, environment)

    def local_branches(self) -> Sequence[LocalBranch]:
        """See :class:`git_kas.ports.git.Repository`."""
        status, output, _ = self._git.attempt("for-each-ref", f"--format={_BRANCH_FIELDS}", "refs/heads/")
        lines = _lines(output) if status == 0 else self._branch_lines_one_by_one()
        branches = (_local_branch(line) for line in lines)
        return [branch for branch in branches if branch]

    def remote_branches(self) -> Mapping[str, ObjectId]:
        """See :class:`git_kas.ports.git.Repository`."""
        status, output, _ = self._git.attempt(
            "for-each-ref", f"--format=%(objecttype) {_REMOTE_FIELDS}", _REMOTES
        )
        if status:  # an object is missing
            output = self._git.read("for-each-ref", f"--format=unknown {_REMOTE_FIELDS}", _REMOTES)
        fields = [line.split(" ", 3) for line in _lines(output)]
        found = {name: tip for _, tip, symref, name in fields if not symref}
        odd = [name for kind, _, symref, name in fields if kind != "commit" and not symref]
        found |= dict(zip(odd, self._peel([found[name] for name in odd]), strict=True))
        return {name: ObjectId.trusted(tip) for name, tip in found.items() if tip}

    def _peel(self, objects: Sequence[str]) -> list[str]:
        """The commit that each object leads to, empty where it leads to none that is here."""
        if not objects:
            return []
        wanted = "".join(f"{name}^{{commit}}\n" for name in objects)
        output = self._git.read("cat-file", "--batch-check=%(objectname)", stdin=wanted.encode())
        return [line if " " not in line else "" for line in output.decode("ascii").splitlines()]

    def symbolic_target(self, ref: str) -> str:
        """See :class:`git_kas.ports.git.Repository`."""
        files = not os.path.isdir(os.path.join(self._common_dir, "reftable"))
        # Symbolic references are never packed: without a file there is none, and no need to ask Git.
        if files and not os.path.lexists(os.path.join(self._common_dir, *ref.split("/"))):
            return ""
        _, output, _ = self._git.attempt("symbolic-ref", "--quiet", ref)
        return os.fsdecode(output).strip()

    def parents(self, tips: Iterable[ObjectId]) -> Parents:
        """See :class:`git_kas.ports.git.Repository`."""
        wanted = "".join(f"{tip}\n" for tip in tips)
        output = self._git.read("rev-list", "--parents", "--stdin", stdin=wanted.encode())
        lines = output.decode("ascii").splitlines()
        width = len(lines[0].partition(" ")[0]) if lines else 0
        history = {line[:width]: line[width + 1 :].split() for line in lines}
        # Plain text in the type of names: wrapping each of them would take longer than reading them.
        return cast("dict[ObjectId, Sequence[ObjectId]]", history)

    def is_shallow(self) -> bool:
        """See :class:`git_kas.ports.git.Repository`."""
        return os.path.exists(os.path.join(self._common_dir, "shallow"))

    def root_of(self, refs: Sequence[str]) -> ObjectId | None:
        """See :class:`git_kas.ports.git.Repository`; mostly one call, as all references have the same root."""
        if self.is_shallow():
            return None
        roots = self._roots(refs)
        if len(roots) > 1:
            roots = next(filter(None, (self._roots([ref]) for ref in refs)), [])
        return ObjectId.trusted(roots[0]) if roots else None

    def _roots(self, refs: Sequence[str]) -> list[str]:
        """The roots that first parents lead to from those of ``refs`` that there are.

        Replace refs are one clone's own, so what they say does not count.
        """
        options = ("--first-parent", "--max-parents=0", "--ignore-missing")
        _, output, _ = self._git.attempt("--no-replace-objects", "rev-list", *options, *refs, "--")
        return output.decode("ascii").split()

    def reflog(self, branch: BranchName) -> Sequence[str]:
        """See :class:`git_kas.ports.git.Repository`."""
        if os.path.isdir(os.path.join(self._common_dir, "reftable")):
            output = self._git.read("log", "--walk-reflogs", "--reverse", "--format=%gs", branch.ref, "--")
            return list(_lines(output))[::-1]
        try:
            with open(os.path.join(self._common_dir, "logs", *branch.ref.split("/")), "rb") as file:
                return [_message(line) for line in file]
        except OSError:
            return []

    def read_file(self, commit: ObjectId, path: str) -> bytes | None:
        """See :class:`git_kas.ports.git.Repository`."""
        listed = self._git.read("--literal-pathspecs", "ls-tree", "-z", "--full-tree", commit, "--", path)
        mode, kind, rest = (*listed.split(b" ", 2), b"", b"", b"")[:3]
        if kind != b"blob" or mode == b"120000" or rest.partition(b"\t")[2] != os.fsencode(path) + b"\0":
            return None
        return self._git.read("cat-file", "blob", rest.partition(b"\t")[0].decode("ascii"))

    def existing_paths(self, candidates: Sequence[tuple[ObjectId, str]]) -> Sequence[bool]:
        """See :class:`git_kas.ports.git.Repository`.

        Folders are read rather than paths asked for: that needs no object of the file itself, which a partial
        clone may lack, and no path can break the lines of a question.
        """
        places = [
            (f"{commit}:{path.rpartition('/')[0]}", path.rpartition("/")[2]) for commit, path in candidates
        ]
        names = self._names_in_trees(list(dict.fromkeys(folder for folder, _ in places)))
        return [os.fsencode(name) in names[folder] for folder, name in places]

    def _names_in_trees(self, trees: Sequence[str]) -> dict[str, frozenset[bytes]]:
        """The names in each folder, given as ``<commit>:<path>``; none where there is no such folder."""
        if not trees:
            return {}
        questions = os.fsencode("".join(f"{tree}\n" for tree in trees))
        output = self._git.read("cat-file", "--batch-check=%(objectname) %(objecttype)", stdin=questions)
        answers = [line.split(b" ") for line in output.split(b"\n")[:-1]]
        objects = [answer[0] if answer[1:] == [b"tree"] else b"" for answer in answers]
        wanted = list(dict.fromkeys(name for name in objects if name))
        content = self._git.read("cat-file", "--batch", stdin=b"".join(name + b"\n" for name in wanted))
        names = dict(zip(wanted, _names_of_each_tree(content), strict=True))
        return {tree: names.get(name, frozenset()) for tree, name in zip(trees, objects, strict=True)}

    def _branch_lines_one_by_one(self) -> Iterator[str]:
        """What the bulk call would print if Git did not give up at the first branch without its object."""
        names = self._git.read(
            "for-each-ref", "--format=%(objectname)%00%(upstream)%00%(refname)", "refs/heads/"
        )
        for line in _lines(names):
            tip, upstream, name = line.split("\0")
            status, output, _ = self._git.attempt("for-each-ref", f"--format={_BRANCH_FIELDS}", name)
            if status == 0 and output:
                yield os.fsdecode(output).rstrip("\n")
            else:
                yield "\0".join([tip, "missing", "", upstream, "", name.removeprefix("refs/heads/")])


def _local_branch(line: str) -> LocalBranch | None:
    tip, kind, committed_at, upstream, leads_to, name = line.split("\0")
    try:
        branch = BranchName(name)
    except InvalidName:  # Git lists what update-ref was forced to write; no command of ours could name it
        return None
    if kind != "commit":
        return LocalBranch(branch, None, None, upstream, leads_to)
    when = usable_time(int(committed_at)) if committed_at.isdecimal() else None
    return LocalBranch(branch, ObjectId.trusted(tip), when, upstream, leads_to)


def _names_of_each_tree(content: bytes) -> Iterator[frozenset[bytes]]:
    """The names in each tree that ``git cat-file --batch`` printed."""
    start = 0
    while start < len(content):
        end = content.index(b"\n", start)
        object_name, _, size = content[start:end].split(b" ")
        start = end + 1 + int(size) + 1
        yield frozenset(_names_in_tree(content[end + 1 : start - 1], len(object_name) // 2))


def _names_in_tree(tree: bytes, hash_bytes: int) -> Iterator[bytes]:
    """Entries of a tree are mode, space, name, NUL and the binary object name (gitformat-pack(5))."""
    start = 0
    while start < len(tree):
        end = tree.index(b"\0", start)
        yield tree[tree.index(b" ", start) + 1 : end]
        start = end + 1 + hash_bytes


def _lines(output: bytes) -> Iterator[str]:
    return (line for line in os.fsdecode(output).split("\n") if line)


def _message(line: bytes) -> str:
    return os.fsdecode(line.partition(b"\t")[2]).rstrip("\n")
