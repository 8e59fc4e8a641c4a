"""The port :class:`~git_kas.ports.guarded.Guarded` over Git's plumbing commands."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from git_kas.domain.guard import rough_pathspecs
from git_kas.domain.landing import PathChange
from git_kas.domain.names import ObjectId
from git_kas.errors import ProgramFailed
from git_kas.ports.guarded import ObjectKind, Peeled
from git_kas_gitcli.contents import parse_changes, parse_raw, tree_entry
from git_kas_gitcli.process import GitReader

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from git_kas.domain.guard import GuardPattern
    from git_kas.domain.location import RepositoryLocation
    from git_kas.ports.guarded import Span

# Whatever a configuration or .gitmodules says about folders, renames and submodules does not count.
_RAW: Final = ("-z", "--raw", "--no-renames", "--no-relative", "--ignore-submodules=none")
_NONE_IN_COMMON: Final = 1  # how git merge-base ends then
_KINDS: Final = frozenset(map(str, ObjectKind))


class PlumbingGuarded:
    """Reads with the index and the object folders of the hook that this process runs in."""

    def __init__(self, location: RepositoryLocation, environment: Mapping[str, str]) -> None:
        # git commit <path> has an index of its own made, and names it to its hooks (githooks(5), pre-commit).
        index = environment.get("GIT_INDEX_FILE")
        kept = {"GIT_INDEX_FILE": os.path.abspath(index)} if index else {}
        own = {**environment, "GIT_NO_REPLACE_OBJECTS": "1"}
        self._git = GitReader(location.git_dir, own, kept)

    def staged(self, patterns: Sequence[GuardPattern]) -> Sequence[PathChange]:
        """See :class:`git_kas.ports.guarded.Guarded`."""
        unborn, _, _ = self._git.attempt("rev-parse", "--verify", "--quiet", "HEAD")
        head = self._empty_tree() if unborn else "HEAD"
        # An entry of git add -N is not in the commit.
        options = ("--cached", "--ita-invisible-in-index", *_RAW)
        output = self._git.read("diff-index", *options, head, "--", *rough_pathspecs(patterns))
        return _all_changes(output)

    def peel(self, names: Sequence[str]) -> Sequence[Peeled | None]:
        """See :class:`git_kas.ports.guarded.Guarded`."""
        if any("\n" in name for name in names):
            raise ProgramFailed("A revision has a line end in it.", next_step="Name it by its object name.")
        asked = b"".join(os.fsencode(name) + b"^{}\n" for name in names)
        output = self._git.read("cat-file", "--batch-check=%(objectname) %(objecttype)", stdin=asked)
        lines = output.decode("utf-8", "surrogateescape").splitlines()
        if len(lines) != len(names):
            raise _not_in_full("cat-file")
        return [_peeled(line) for line in lines]

    def introduced(
        self, span: Span, patterns: Sequence[GuardPattern]
    ) -> Sequence[tuple[ObjectId, Sequence[PathChange]]]:
        """See :class:`git_kas.ports.guarded.Guarded`."""
        lines = self._walked(span)
        if not lines:
            return []
        # With a parent on the line it is compared with that one alone, and --root is for those without.
        asked = b"".join(b" ".join(line.split(b" ", 2)[:2]) + b"\n" for line in lines)
        specs = rough_pathspecs(patterns)
        output = self._git.read_much(
            "diff-tree", "--stdin", "--root", "-r", "--always", *_RAW, "--", *specs, stdin=asked
        )
        commits = [ObjectId.trusted(line.partition(b" ")[0].decode("ascii")) for line in lines]
        changes = zip(commits, parse_changes(output, commits), strict=True)
        return [(commit, changed) for commit, changed in changes if changed]

    def between(
        self, pairs: Sequence[tuple[Peeled | None, Peeled]], patterns: Sequence[GuardPattern]
    ) -> Sequence[Sequence[PathChange]]:
        """See :class:`git_kas.ports.guarded.Guarded`."""
        commits = [(before, after) for before, after in pairs if before and _are_commits(before, after)]
        asked = "".join(f"{after.id} {before.id}\n" for before, after in commits).encode()
        specs = rough_pathspecs(patterns)
        command = ("diff-tree", "--stdin", "-r", "--always", *_RAW, "--", *specs)
        output = self._git.read_much(*command, stdin=asked) if commits else b""
        of_commits = parse_changes(output, [after.id for _, after in commits])
        return [
            next(of_commits) if before and _are_commits(before, after) else self._of_trees(before, after, specs)
            for before, after in pairs
        ]

    def history(self, span: Span) -> Sequence[tuple[ObjectId, Sequence[ObjectId]]]:
        """See :class:`git_kas.ports.guarded.Guarded`."""
        lines = (line.decode("ascii").split(" ") for line in self._walked(span, "--topo-order"))
        names = ([ObjectId.trusted(word) for word in line] for line in lines)
        return [(commit, parents) for commit, *parents in names]

    def reaches(self, tips: Sequence[ObjectId], commit: ObjectId) -> bool:
        """See :class:`git_kas.ports.guarded.Guarded`."""
        asked = "".join([f"{commit}\n", *(f"^{tip}\n" for tip in tips)]).encode()
        return not self._git.read("rev-list", "--max-count=1", "--stdin", stdin=asked)

    def merge_bases(self, one: ObjectId, other: ObjectId) -> Sequence[ObjectId]:
        """See :class:`git_kas.ports.guarded.Guarded`."""
        command = ("merge-base", "--all", one, other)
        status, output, _ = self._git.attempt(*command)
        if status == _NONE_IN_COMMON and not output:
            return []
        listed = output if not status else self._git.read(*command)  # which says what is wrong
        return [ObjectId(line) for line in listed.decode("ascii").splitlines()]

    def _walked(self, span: Span, *options: str) -> list[bytes]:
        """Lines of commits and their parents. History is not simplified: no path is given to the walk."""
        known = ["--not"] if span.here or span.remote else []
        known += ["--branches", "--tags"] if span.here else []
        known += [f"--remotes={span.remote}"] if span.remote else []
        asked = "".join([*(f"{tip}\n" for tip in span.tips), *(f"^{known}\n" for known in span.known)]).encode()
        return self._git.read("rev-list", "--parents", *options, "--stdin", *known, stdin=asked).splitlines()

    def _of_trees(self, before: Peeled | None, after: Peeled, specs: Sequence[str]) -> Sequence[PathChange]:
        if before is None:
            listed = self._git.read("ls-tree", "-r", "-z", "--full-tree", after.id)
            return [_listed(line) for line in listed.split(b"\0") if line]
        return _all_changes(self._git.read("diff-tree", "-r", *_RAW, before.id, after.id, "--", *specs))

    def _empty_tree(self) -> str:
        return self._git.read("hash-object", "-t", "tree", "--stdin").decode("ascii").strip()


def _are_commits(before: Peeled, after: Peeled) -> bool:
    return before.kind is after.kind is ObjectKind.COMMIT


def _all_changes(output: bytes) -> list[PathChange]:
    fields = iter(output.split(b"\0"))
    changes: list[PathChange] = []
    following = parse_raw(next(fields), fields, changes)
    if following:
        raise _not_in_full("diff")
    return changes


def _peeled(line: str) -> Peeled | None:
    name, _, kind = line.rpartition(" ")
    return Peeled(ObjectId(name), ObjectKind(kind)) if kind in _KINDS else None


def _listed(line: bytes) -> PathChange:
    """A line of ``git ls-tree`` (git-ls-tree(1), OUTPUT FORMAT) as something that is new."""
    entry, _, path = line.partition(b"\t")
    mode, _, name = entry.split(b" ")
    return PathChange(path, None, tree_entry(mode, name))


def _not_in_full(command: str) -> ProgramFailed:
    return ProgramFailed(
        f"git {command} did not answer in full.", next_step="'git fsck' says whether the repository is whole."
    )
