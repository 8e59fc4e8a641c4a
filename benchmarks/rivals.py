"""The tools that git-kas is compared with where branches are judged by content, each on a copy of its own.

Both take minutes. They really act, or leave objects behind, so they never see the repository itself.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.common import CACHE_FOLDER, Sample, measure
from benchmarks.repository import BASE, Built, clean_environment

_DELETE_MERGED_BRANCHES: Final = "git-delete-merged-branches==7.7.0"

# Of git-extras' git-delete-squashed-branches, from its description: the branch's tree as one commit on top of
# the merge base, and whether `git cherry` finds that patch in the base. It prints where the original deletes.
_SQUASH_LOOP: Final = f"""
git for-each-ref --format='%(refname:lstrip=2)' refs/heads | while read -r branch; do
    test "$branch" = {BASE} && continue
    fork=$(git merge-base {BASE} "$branch") || continue
    tree=$(git rev-parse "$branch^{{tree}}")
    squashed=$(git commit-tree "$tree" -p "$fork" -m _)
    case "$(git cherry {BASE} "$squashed")" in
        -*) echo "$branch" ;;
    esac
done
"""


@dataclass(frozen=True, slots=True)
class RivalRun:
    """What a rival took for landed, in one run, and how many loose objects it left behind."""

    sample: Sample
    landed: frozenset[str]
    objects: int


def run_squash_loop(built: Built) -> RivalRun:
    """The algorithm of git-extras, as a shell loop."""
    with copied(built) as copy, tempfile.NamedTemporaryFile("r") as printed:
        before = count_loose_objects(copy)
        command = ("sh", "-c", _SQUASH_LOOP)
        sample = measure(command, copy.path, copy.environment, Path(printed.name))
        found = frozenset(printed.read().split())
        return RivalRun(sample, found, count_loose_objects(copy) - before)


def run_delete_merged_branches(built: Built) -> RivalRun:
    """git-delete-merged-branches from PyPI at its highest effort. Branches of worktrees it leaves out."""
    program = _installed()
    with copied(built) as copy:
        _git(copy, "config", "delete-merged-branches.configured", "5.0.0+")  # or it asks
        before, objects = branches_of(copy), count_loose_objects(copy)
        command = (str(program), "--branch", BASE, "--effort", "3", "--yes")
        sample = measure(command, copy.path, copy.environment)
        found = before - branches_of(copy)
        return RivalRun(sample, found, count_loose_objects(copy) - objects)


def branches_of(built: Built) -> frozenset[str]:
    """The names of the local branches."""
    return frozenset(_git(built, "for-each-ref", "--format=%(refname:lstrip=2)", "refs/heads").split())


def count_loose_objects(built: Built) -> int:
    """How many objects are in no pack."""
    return int(_git(built, "count-objects").split()[0])


def _git(built: Built, *arguments: str) -> str:
    return subprocess.run(
        ["git", *arguments], cwd=built.path, env=built.environment, capture_output=True, text=True, check=True
    ).stdout


def _installed() -> Path:
    """The program, installed from PyPI in an environment of its own unless it is there."""
    folder = CACHE_FOLDER / "rivals"
    program = folder / "bin" / "git-delete-merged-branches"
    if not program.exists():
        subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        subprocess.run([folder / "bin" / "pip", "install", "--quiet", _DELETE_MERGED_BRANCHES], check=True)
    return program


@contextmanager
def copied(built: Built) -> Iterator[Built]:
    """A copy of the repository and its worktrees, whose links lead to one another and never to the originals.

    Not by `git worktree repair`: the copies' links still lead to the original, and it would change that one.
    """
    source = built.path.parent
    with tempfile.TemporaryDirectory(prefix="git-kas-rival-") as name:
        top = Path(name) / "copy"
        shutil.copytree(source, top, symlinks=True)
        for admin in (top / "repository/.git/worktrees").iterdir():
            registered = Path((admin / "gitdir").read_text().strip())
            gitfile = top / registered.relative_to(source)
            (admin / "gitdir").write_text(f"{gitfile}\n")
            gitfile.write_text(f"gitdir: {admin}\n")
        yield Built(top / "repository", clean_environment(top / "home"))
