"""Generated worktrees, in every state that an option allows: cleanup, ``git gc --prune=now``, undo."""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from janitor import assert_restored, picture
from support import Repo, Run

SEEDS = (1, 2)
WORKTREES = 28
STATES_EACH = 3
OF_EACH_STATE = 10  # at least, in one run; 20 in both
ACCEPTED = (
    "--discard-uncommitted",
    "--discard-untracked",
    "--discard-ignored",
    "--discard-hidden",
    "--discard-commits",
    "--discard-fresh",
)
NAMES = ("plain.txt", "two words.txt", "line\nend.txt", "-dash", "ünï.txt", "deep/er/file.bin", b"\xff\xfe.bin")

State = Callable[[Repo, Path, random.Random], None]


def any_name(chance: random.Random) -> str:
    name = chance.choice(NAMES)
    return f"{os.fsdecode(name)}-{chance.randrange(1000)}"


def write(path: Path, chance: random.Random, name: str | None = None) -> str:
    name = name or any_name(chance)
    target = path / name
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(chance.randbytes(chance.randrange(2000)))
    target.chmod(chance.choice((0o644, 0o600, 0o755, 0o444)))
    os.utime(target, ns=(1, chance.randrange(10**18, 2 * 10**18)))
    return name


def dirty(repo: Repo, path: Path, chance: random.Random) -> None:
    (path / "tracked.txt").unlink(missing_ok=True)
    write(path, chance, "tracked.txt")


def staged_only(repo: Repo, path: Path, chance: random.Random) -> None:
    name = write(path, chance)
    repo.git("add", "--", name, cwd=path)
    (path / name).unlink()


def untracked(repo: Repo, path: Path, chance: random.Random) -> None:
    write(path, chance)
    os.mkfifo(path / f"pipe-{chance.randrange(1000)}")
    (path / f"link-{chance.randrange(1000)}").symlink_to("nowhere/at all")


def ignored(repo: Repo, path: Path, chance: random.Random) -> None:
    write(path, chance, f"secret-{chance.randrange(1000)}.env")


def conflicted(repo: Repo, path: Path, chance: random.Random) -> None:
    texts = [f"{number} {chance.random()}" for number in (1, 2, 3)]
    blobs = [repo.git("hash-object", "-w", "--stdin", stdin=text, cwd=path) for text in texts]
    lines = [f"100644 {blob} {stage}\tconflict.txt\n" for stage, blob in enumerate(blobs, 1)]
    repo.git("update-index", "--index-info", stdin="".join(lines), cwd=path)
    write(path, chance, "conflict.txt")


def detached(repo: Repo, path: Path, chance: random.Random) -> None:
    repo.git("checkout", "-q", "--detach", cwd=path)
    repo.commit(f"only here {chance.random()}", cwd=path)


def forgotten(repo: Repo, path: Path, chance: random.Random) -> None:
    repo.commit(f"forgotten {chance.random()}", cwd=path)
    repo.git("reset", "-q", "--soft", "HEAD~1", cwd=path)


def overlooked(repo: Repo, path: Path, chance: random.Random) -> None:
    repo.git("update-index", chance.choice(("--assume-unchanged", "--skip-worktree")), "tracked.txt", cwd=path)
    dirty(repo, path, chance)


STATES: dict[str, State] = {
    state.__name__: state
    for state in (detached, forgotten, dirty, staged_only, untracked, ignored, overlooked, conflicted)
}
"""In an order in which they can be applied one after the other."""


@pytest.mark.parametrize("seed", SEEDS)
def test_cleanup_then_housekeeping_then_undo_is_the_identity(
    seed: int, kas: Run, repo: Repo, environment: dict[str, str]
) -> None:
    chance = random.Random(seed)
    repo.git("config", "gc.reflogExpire", "never")  # what Git's own housekeeping takes is not our loss
    repo.git("config", "gc.reflogExpireUnreachable", "never")
    repo.commit("base", {".gitignore": "*.env\n", "tracked.txt": "tracked\n"})
    counted: Counter[str] = Counter()
    names = []
    for number in range(WORKTREES):
        path = repo.worktree(f"plan/w{number}")
        rarest = sorted(STATES, key=lambda name: (counted[name], chance.random()))[:STATES_EACH]
        for name in (name for name in STATES if name in rarest):
            STATES[name](repo, path, chance)
        counted.update(rarest)
        names += [path.name, f"plan/w{number}"]
    assert min(counted[name] for name in STATES) >= OF_EACH_STATE
    words = ("done", "cancelled")
    plans = {f"w{n}.md": {"status": chance.choice(words), "branch": f"plan/w{n}"} for n in range(WORKTREES)}
    repo.write_state(plans)
    before = picture(repo)
    done = kas("cleanup", *names, "--execute", *ACCEPTED, "--json", cwd=repo.path).data
    gone = [row for row in done["rows"] if row["kind"] == "worktree" and row["done"]]
    assert len(gone) == WORKTREES, [row for row in done["rows"] if not row["done"]]
    repo.git("gc", "-q", "--prune=now")
    repo.git("fsck", "--full")
    assert kas("undo", cwd=repo.path).status == 0
    assert_restored(before, picture(repo), done["operation"])
    repo.git("fsck", "--full")
    repo.git("gc", "-q", "--prune=now")
    for line in repo.git("worktree", "list", "--porcelain").splitlines():
        if line.startswith("worktree "):
            check_blobs(repo, Path(line.removeprefix("worktree ")))
    print(f"FIGURES seed {seed}: {dict(counted)}")


def check_blobs(repo: Repo, worktree: Path) -> None:
    """Every object of the index and of the reflogs is there."""
    staged = [line.split()[1] for line in repo.git("ls-files", "-s", cwd=worktree).splitlines()]
    logged = repo.git("reflog", "--format=%H", "HEAD", cwd=worktree).splitlines()
    answers = repo.git("cat-file", "--batch-check", stdin="".join(f"{name}\n" for name in (*staged, *logged)))
    assert "missing" not in answers
