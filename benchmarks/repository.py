"""Builds the repositories that the benchmarks look at, the same one for the same parameters.

``python -m benchmarks.repository DIR --branches 1000 --commits 20000 --worktrees 50 --plans 200``

DIR then holds ``repository/`` (the main worktree), ``worktrees/``, ``home/`` and the marker
``git-kas-benchmark.json``. A DIR whose marker shows the same parameters is used again as it is.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from benchmarks.history import Branch, HistoryWriter, Stream, draft_branches, steps_of_base

BASE: Final = "main"
LAYOUT: Final = 2  # raise it whenever the same parameters begin to give another repository
MARKER: Final = "git-kas-benchmark.json"

_GIT_CONFIG: Final = (
    "[user]\n\tname = Bench\n\temail = bench@example.invalid\n"
    "[init]\n\tdefaultBranch = main\n[advice]\n\tdetachedHead = false\n"
)
_TEXTLESS_EVERY: Final = 10  # of so many plans one has no text


@dataclass(frozen=True, slots=True)
class Parameters:
    """What a repository is made of. ``commits`` counts all that the base reaches, merged branches included."""

    branches: int
    commits: int = 20_000
    worktrees: int = 50
    plans: int = 200
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Built:
    """A repository on disk, and the environment in which git and git-kas are to run there."""

    path: Path
    environment: Mapping[str, str]

    @property
    def kas_folder(self) -> Path:
        """The folder in the common directory that belongs to git-kas."""
        return self.path / ".git" / "kas"


def clean_environment(home: Path) -> dict[str, str]:
    """An environment without anybody's configuration; this interpreter's programs come first on PATH."""
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    return kept | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', os.defpath)}",
        "HOME": str(home),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": str(home / "gitconfig"),
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
    }


def build(folder: Path, parameters: Parameters) -> Built:
    """The repository of these parameters in ``folder``, built unless it is there already.

    Raises:
        FileExistsError: ``folder`` holds something else than an earlier repository of this function.
        ValueError: the parameters do not fit together.
    """
    branches = draft_branches(parameters.branches, parameters.seed)
    steps_of_base(parameters.commits, branches)
    if parameters.worktrees > len(branches):
        raise ValueError(f"{len(branches)} branches are too few for {parameters.worktrees} worktrees")
    folder = folder.absolute()
    built = Built(folder / "repository", clean_environment(folder / "home"))
    wanted = {"layout": LAYOUT, **asdict(parameters), "complete": True}
    found = _read_marker(folder)
    if found == wanted:
        return built
    if found is not None:
        shutil.rmtree(folder)
    elif folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} holds something else; name an empty or a new folder")
    (folder / "home").mkdir(parents=True)
    _write_json(folder / MARKER, wanted | {"complete": False})
    (folder / "home" / "gitconfig").write_text(_GIT_CONFIG)
    _fill(folder, built, parameters, branches)
    _write_json(folder / MARKER, wanted)
    return built


def small_repository(folder: Path, plans: int) -> Built:
    """A repository of one commit with ``plans`` plans in its store, made anew in ``folder``."""
    built = Built(folder / "repository", clean_environment(folder / "home"))
    (folder / "home").mkdir(parents=True)
    (folder / "home" / "gitconfig").write_text(_GIT_CONFIG)
    _git(built, "init", "--quiet", "--template=", str(built.path), cwd=folder)
    _git(built, "commit", "--quiet", "--allow-empty", "--message=first")
    _write_plans(built, _plans(plans, []))
    return built


def _read_marker(folder: Path) -> object:
    try:
        return json.loads((folder / MARKER).read_text())
    except (OSError, ValueError):
        return None


def _write_json(path: Path, value: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2) + "\n")


def _git(built: Built, *arguments: str, cwd: Path | None = None) -> None:
    subprocess.run(["git", *arguments], cwd=cwd or built.path, env=built.environment, check=True)


def _fill(folder: Path, built: Built, parameters: Parameters, branches: Sequence[Branch]) -> None:
    _git(built, "init", "--quiet", "--template=", str(built.path), cwd=folder)
    names = [branch.name for branch in branches]
    plans = _plans(parameters.plans, names)
    texts = [name for number, name in enumerate(plans) if number % _TEXTLESS_EVERY]
    with Stream(built.path, built.environment) as stream:
        HistoryWriter(stream, parameters.commits, parameters.seed, texts).write(branches)
    _git(built, "gc", "--quiet")
    _git(built, "reset", "--quiet", "--hard", BASE)
    worktrees = list(_add_worktrees(folder, built, names, parameters.worktrees))
    _settle(built, [built.path, *worktrees])
    for number, worktree in enumerate(worktrees):
        if number % 3 == 0:
            _make_dirty(worktree)
    _write_plans(built, plans)


def _plans(count: int, branches: Sequence[str]) -> dict[str, dict[str, str]]:
    """As many plans; where there are enough branches, half of the plans name one, spread over them all."""
    named = min(count // 2, len(branches))
    plans = {}
    for number in range(count):
        branch = branches[number * len(branches) // named] if number < named else ""
        merged = not branch.startswith("plan/open-")
        plans[f"2026-01-{1 + number % 28:02}-plan-{number:05}.md"] = {
            "status": "done" if merged else ("implementing", "reviewing")[number % 2],
            "description": f"What plan number {number} is about, in one line",
            "branch": branch,
            "created_at": f"2026-01-{1 + number % 28:02}T08:00:00Z",
        }
    return plans


def _write_plans(built: Built, plans: Mapping[str, Mapping[str, str]]) -> None:
    _write_json(built.kas_folder / "plan-state.json", {"plans": plans})


def _add_worktrees(folder: Path, built: Built, branches: Sequence[str], count: int) -> Iterator[Path]:
    for number in range(count):
        path = folder / "worktrees" / f"wt-{number:03}"
        branch = branches[number * len(branches) // count]
        _git(built, "worktree", "add", "--quiet", str(path), branch)
        yield path


def _settle(built: Built, worktrees: Sequence[Path]) -> None:
    """Let every index be younger than its files, as in a worktree that somebody has used for a while.

    Until then Git reads the contents of all files at every look (gitformat-index, "racy Git").
    """
    time.sleep(2)
    for worktree in worktrees:
        _git(built, "status", "--short", cwd=worktree)


def _make_dirty(worktree: Path) -> None:
    """Two changed files and two untracked ones."""
    for path in sorted((worktree / "src").rglob("*.txt"))[:2]:
        path.write_text(path.read_text() + "an uncommitted line\n")
    for name in ("notes.txt", "src/scratch.txt"):
        (worktree / name).write_text("not tracked\n")


def main() -> None:
    """Build one repository and say where it is."""
    parser = argparse.ArgumentParser(description="Build a repository for the benchmarks.")
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--branches", type=int, default=1_000)
    parser.add_argument("--commits", type=int, default=20_000)
    parser.add_argument("--worktrees", type=int, default=50)
    parser.add_argument("--plans", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    parameters = Parameters(given.branches, given.commits, given.worktrees, given.plans, given.seed)
    try:
        print(build(given.folder, parameters).path)
    except (FileExistsError, ValueError) as error:
        parser.error(f"{error}.")


if __name__ == "__main__":
    main()
