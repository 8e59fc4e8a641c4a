"""What taking a file out of version control asks Git, and has Git do, in one worktree."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain.finish_text import complaint
from git_kas.domain.names import ObjectId
from git_kas.domain.untrack import Entry, parse_index, parse_tree
from git_kas.errors import ProgramFailed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from git_kas.ports.git import Ended, Porcelain

_UNKNOWN_OPTION: Final = 129
_LITERAL: Final = "--literal-pathspecs"


class Rule(NamedTuple):
    """The rule of gitignore(5) that decides about a path: where it stands, and itself; else all are empty."""

    source: str
    line: str
    pattern: str

    @property
    def ignores(self) -> bool:
        """Whether it has the path ignored."""
        return bool(self.pattern) and not self.pattern.startswith("!")

    @property
    def is_shared(self) -> bool:
        """Whether it stands in a file that can be committed, and not in the settings of one user or clone."""
        return self.source.rpartition("/")[2] == ".gitignore" and not self.source.startswith(("/", ".git/"))


class UntrackGit:
    """Git in the worktree ``top`` whose administrative folder is ``git_dir``."""

    def __init__(self, porcelain: Porcelain, top: str, git_dir: str) -> None:
        self._porcelain = porcelain
        self._top = top
        # Found once by where the user stands; a GIT_DIR of theirs is not handed on to children.
        self._located = (f"--git-dir={git_dir}", f"--work-tree={top}")

    # -- looking ---------------------------------------------------------------------------------------------

    def head(self) -> ObjectId | None:
        """The commit that is checked out; None on a branch without one."""
        ended = self._attempt("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        return ObjectId(ended.out.strip()) if ended.status == 0 else None

    def index(self, pathspecs: Sequence[str]) -> Mapping[str, Entry]:
        """The entries of the index by path."""
        return dict(parse_index(self._run("ls-files", "--full-name", "--stage", "-z", "--", *pathspecs)))

    def unmerged(self) -> list[str]:
        """The paths in conflict."""
        return list(dict(parse_index(self._run("ls-files", "--full-name", "--unmerged", "-z"))))

    def tree(self, commit: ObjectId) -> Mapping[str, Entry]:
        """The entries of a commit's tree by path."""
        return dict(parse_tree(self._run("ls-tree", "-r", "-z", "--full-tree", commit)))

    def rules(self, paths: Sequence[str]) -> Mapping[str, Rule]:
        """For each path the rule that would decide about it if it were not tracked (git-check-ignore(1))."""
        asked = ("check-ignore", "--no-index", "--verbose", "--non-matching", "-z", "--stdin")
        ended = self._attempt(*asked, stdin="".join(f"{path}\0" for path in paths))
        if ended.status not in {0, 1}:
            raise _failed("check-ignore", ended)
        fields = ended.out.split("\0")
        quads = zip(fields[0::4], fields[1::4], fields[2::4], fields[3::4], strict=False)
        return {path: Rule(source, line, pattern) for source, line, pattern, path in quads}

    def is_changed(self, path: str) -> bool:
        """Whether the file at ``path`` differs from the index."""
        ended = self._attempt(
            _LITERAL, "diff", "--quiet", "--no-ext-diff", "--ignore-submodules=all", "--", path
        )
        if ended.status not in {0, 1}:
            raise _failed("diff", ended)
        return ended.status == 1

    def is_left_out(self, path: str) -> bool:
        """Whether Git was told to keep ``path`` out of the worktree (sparse checkout, skip-worktree)."""
        return self._run(_LITERAL, "ls-files", "-t", "-z", "--full-name", "--", path).startswith("S ")

    def staged(self) -> list[str]:
        """The paths that the next commit would change."""
        listed = self._run(
            "diff", "--cached", "--name-only", "--no-renames", "--no-ext-diff", "--no-relative", "-z"
        )
        return [path for path in listed.split("\0") if path]

    def objects_at(self, tips: Sequence[ObjectId], path: str) -> list[ObjectId | None]:
        """For each commit the blob that it has at ``path``, None where it has none."""
        if not tips or "\n" in path:  # the questions of cat-file are lines
            return [None] * len(tips)
        asked = "".join(f"{tip}:{path}\n" for tip in tips)
        ended = self._attempt("cat-file", "--batch-check=%(objecttype) %(objectname)", stdin=asked)
        if ended.status:
            raise _failed("cat-file", ended)
        answers = [line.partition(" ") for line in ended.out.split("\n")[: len(tips)]]
        return [ObjectId.trusted(name) if kind == "blob" else None for kind, _, name in answers]

    def refs_that_change(self, pathspecs: Sequence[str], *commits: str) -> list[str]:
        """The refs among ``commits`` (as rev-list(1) takes them) that lead to one which changes such a path."""
        asked = ("log", "--no-show-signature", "--source", "--format=%S", "--full-history", *commits)
        return list(dict.fromkeys(self._run(*asked, "--", *pathspecs).splitlines()))

    # -- acting ----------------------------------------------------------------------------------------------

    def take_out(self, paths: Sequence[str]) -> None:
        """Take ``paths`` out of the index, all at once, and leave the files alone.

        Raises:
            ProgramFailed: Git refuses, for example because the staged version stands nowhere else.
        """
        asked = (_LITERAL, "rm", "--cached", "--quiet", "--pathspec-from-file=-", "--pathspec-file-nul")
        names = "".join(f"{path}\0" for path in paths)
        # What a sparse checkout leaves out is taken out as well; Git before 2.34 does so without being told.
        ended = self._attempt(*asked, "--sparse", stdin=names)
        if ended.status == _UNKNOWN_OPTION:
            ended = self._attempt(*asked, stdin=names)
        if ended.status:
            raise _failed("rm", ended)

    def stage(self, path: str) -> str:
        """Stage the file at ``path``; why that failed, empty if it did not."""
        ended = self._attempt(_LITERAL, "add", "--", path)
        return complaint(ended.err) if ended.status else ""

    def _run(self, *arguments: str) -> str:
        return self._porcelain.run(self._top, *self._located, *arguments)

    def _attempt(self, *arguments: str, stdin: str = "") -> Ended:
        return self._porcelain.attempt(self._top, *self._located, *arguments, stdin=stdin)


def _failed(command: str, ended: Ended) -> ProgramFailed:
    return ProgramFailed(
        f"git {command} failed: {complaint(ended.err)}.", next_step="Settle that, then run this again."
    )
