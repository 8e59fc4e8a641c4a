"""Commits of our own that keep other objects from ``git gc`` as long as a reference leads to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from git_kas.errors import ProgramFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from git_kas.domain.names import ObjectId
    from git_kas.ports.git import Porcelain

_PARENTS_AT_MOST: Final = 500
_IDENTITY: Final = "git-kas <git-kas@localhost> 0 +0000"
_MODES: Final = {"blob": "100644", "tree": "040000"}


class Plumbing:
    """Git's plumbing commands on one repository, named by its common directory."""

    def __init__(self, porcelain: Porcelain, common_dir: str) -> None:
        self._porcelain = porcelain
        self._common_dir = common_dir

    def run(self, *arguments: str, stdin: str = "") -> str:
        """What ``git *arguments`` printed.

        Raises:
            ProgramFailed: Git ended with an error; the message quotes all of it.
        """
        located = f"--git-dir={self._common_dir}"
        ended = self._porcelain.attempt(self._common_dir, located, *arguments, stdin=stdin)
        if ended.status:
            said = " ".join(ended.err.split()).removeprefix("fatal: ")
            raise ProgramFailed(f"git {arguments[0]} failed: {said}", next_step="Look at what Git says.")
        return ended.out

    def references(self, *patterns: str) -> list[tuple[str, str, str]]:
        """Full name, object, and target of a symbolic one, of each reference below ``patterns``."""
        listed = self.run("for-each-ref", "--format=%(objectname) %(symref) %(refname)", *patterns)
        fields = (line.split(" ", 2) for line in listed.split("\n") if line)
        return [(name, object_, symbolic) for object_, symbolic, name in fields]

    def head_target(self) -> str:
        """The full name of the reference that the repository's own HEAD leads to, empty if it is detached."""
        located = f"--git-dir={self._common_dir}"
        ended = self._porcelain.attempt(self._common_dir, located, "symbolic-ref", "--quiet", "HEAD")
        return ended.out.strip()

    def transaction(self, commands: Sequence[str], reason: str = "") -> None:
        """One reference transaction (git-update-ref(1)); symbolic references are not followed.

        Raises:
            ProgramFailed: nothing was changed.
        """
        if commands:
            message = ["-m", reason] if reason else []
            self.run("update-ref", *message, "--no-deref", "--stdin", stdin="".join(f"{c}\n" for c in commands))


def set_anchor(plumbing: Plumbing, ref: str, names: Iterable[str]) -> None:
    """Have ``ref`` lead to every object of ``names`` that exists.

    Commits become parents of a commit that nobody else knows, files and folders entries of its tree. Its author
    and date are fixed: it needs no user, and the same objects give the same commit.
    """
    kinds = _kinds(plumbing, list(dict.fromkeys(names)))
    entries = [
        f"{_MODES[kind]} {kind} {name}\t{name}" for name, kind in sorted(kinds.items()) if kind in _MODES
    ]
    tree = plumbing.run("mktree", stdin="".join(f"{entry}\n" for entry in entries)).strip()
    commits = [name for name, kind in kinds.items() if kind == "commit"]
    tip = ""
    for start in range(0, max(len(commits), 1), _PARENTS_AT_MOST):
        parents = [*([tip] if tip else []), *commits[start : start + _PARENTS_AT_MOST]]
        tip = _commit(plumbing, tree, parents)
    plumbing.transaction([f"update {ref} {tip}"])


def drop_anchors(plumbing: Plumbing, prefix: str) -> None:
    """Remove every reference below ``prefix``."""
    found = plumbing.references(prefix)
    plumbing.transaction([f"delete {name} {object_}" for name, object_, _ in found])


def _kinds(plumbing: Plumbing, names: Sequence[str]) -> dict[str, str]:
    """Object → its kind, for those that exist."""
    if not names:
        return {}
    answers = plumbing.run(
        "cat-file", "--batch-check=%(objectname) %(objecttype)", stdin="".join(f"{name}\n" for name in names)
    )
    fields = (line.split(" ") for line in answers.splitlines())
    return {name: kind for name, kind in fields if kind != "missing"}


def _commit(plumbing: Plumbing, tree: str, parents: Sequence[str | ObjectId]) -> str:
    lines = [
        f"tree {tree}",
        *(f"parent {parent}" for parent in parents),
        f"author {_IDENTITY}",
        f"committer {_IDENTITY}",
        "",
        "Kept by git-kas until 'git kas trash purge'",
        "",
    ]
    return plumbing.run("hash-object", "-t", "commit", "-w", "--stdin", stdin="\n".join(lines)).strip()
