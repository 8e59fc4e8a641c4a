"""Signals on disk: what attackers, shells and full disks can do to them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from contract.signal_cases import FOLDERS, NAME, RECORD, Case, assert_empty, claim, leave
from git_kas.domain.signal_rules import Cause
from git_kas.domain.signal_text import LARGEST_SIGNAL
from git_kas.errors import Busy, KasError, ReadOnly, StoreFull, WouldLoseData
from git_kas.ports.signals import SignalPlace
from git_kas_files.signal_box import FolderSignalBox


def files_below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir())


def test_a_folder_that_we_make_is_ignored_by_git(
    box: FolderSignalBox, place: SignalPlace, worktree: Path
) -> None:
    box.write(place, NAME, b"text")
    assert files_below(worktree) == [f"{FOLDERS[0]}/.gitignore", f"{FOLDERS[0]}/{NAME}"]
    assert (worktree / FOLDERS[0] / ".gitignore").read_text() == "*\n"


def test_nothing_is_left_of_a_signal_that_was_applied(
    box: FolderSignalBox, place: SignalPlace, worktree: Path
) -> None:
    path = leave(place, NAME, "text")
    case = Case(box, place, leave)
    claimed = claim(case)
    assert files_below(worktree) == [f"{FOLDERS[0]}/processing/{claimed.identity}/{NAME}"]
    box.finish(claimed)
    box.tidy([place])
    assert list(path.parent.iterdir()) == []


@pytest.mark.parametrize("kind", ["file", "link", "closed"])
def test_what_an_agent_puts_among_the_claimed_hides_none_of_them(
    box: FolderSignalBox, place: SignalPlace, worktree: Path, kind: str
) -> None:
    leave(place, NAME, "text")
    claimed = claim(Case(box, place, leave))
    for digit in "0123456789abcdef":  # before and behind it, in whatever order the system lists them
        path = worktree / FOLDERS[0] / "processing" / (digit * 64)
        if kind == "file":
            path.touch()
        elif kind == "link":
            path.symlink_to("/")
        else:
            path.mkdir(mode=0)
    assert list(box.find([place]).claimed) == [claimed]


def test_a_rejected_signal_is_a_file_to_read(box: FolderSignalBox, place: SignalPlace) -> None:
    leave(place, NAME, "first line\nsecond line\n")
    rejected = box.reject(claim(Case(box, place, leave)), RECORD)
    first, _, rest = Path(rejected.path).read_text().partition("\n")
    assert '"reason": "It is old."' in first
    assert rest == "first line\nsecond line\n"


def test_a_name_that_is_no_text(box: FolderSignalBox, place: SignalPlace) -> None:
    name = os.fsdecode(b"review-approved-\xff\n.md")
    leave(place, name)
    box.reject(claim(Case(box, place, leave)), RECORD)
    (rejected,) = box.rejected()
    assert rejected.name == name


def test_the_longest_name(box: FolderSignalBox, place: SignalPlace) -> None:
    leave(place, "x" * 255)
    claimed = claim(Case(box, place, leave))
    box.give_back(claimed)
    assert claim(Case(box, place, leave)) == claimed


def test_only_regular_files(box: FolderSignalBox, place: SignalPlace, worktree: Path) -> None:
    secret = worktree.parent / "outside/secret"
    secret.write_text("secret")
    folder = leave(place, "x").parent
    (folder / "x").unlink()
    (folder / "link").symlink_to(secret)
    (folder / "loop").symlink_to("loop")
    (folder / "folder").mkdir()
    os.mkfifo(folder / "pipe")
    assert box.find([place]).waiting == []


def test_a_file_that_becomes_a_link_is_not_claimed(
    box: FolderSignalBox, place: SignalPlace, worktree: Path
) -> None:
    path = leave(place, NAME, "text")
    (waiting,) = box.find([place]).waiting
    path.unlink()
    path.symlink_to(worktree.parent / "outside/secret")
    with pytest.raises(ReadOnly):
        box.claim(waiting)
    assert path.is_symlink()


@pytest.mark.parametrize("linked", ["docs", "docs/plans", "docs/plans/.signals"])
@pytest.mark.parametrize("target", ["outside", "worktree/.git"])
def test_a_folder_that_leads_elsewhere_is_not_touched(
    box: FolderSignalBox, place: SignalPlace, worktree: Path, linked: str, target: str
) -> None:
    link, goal = worktree / linked, worktree.parent / target
    link.parent.mkdir(parents=True, exist_ok=True)
    goal.mkdir(exist_ok=True)
    link.symlink_to(goal)
    inside = goal / os.path.relpath(FOLDERS[0], linked)
    inside.mkdir(parents=True, exist_ok=True)
    (inside / NAME).write_text("text")
    found = box.find([place])
    assert found.waiting == []
    assert "is not in the worktree" in found.problems[0]
    with pytest.raises(KasError, match="is not in the worktree"):
        box.write(place, "review-approved-b.md", b"")
    assert os.listdir(inside) == [NAME]


def test_processing_may_be_no_link(box: FolderSignalBox, place: SignalPlace, worktree: Path) -> None:
    path = leave(place, NAME, "text")
    (path.parent / "processing").symlink_to(worktree.parent / "outside")
    with pytest.raises(ReadOnly):
        claim(Case(box, place, leave))
    assert path.exists()
    assert os.listdir(worktree.parent / "outside") == []


def test_a_folder_reached_by_two_names_is_read_once(
    box: FolderSignalBox, place: SignalPlace, worktree: Path
) -> None:
    leave(place, NAME, "text")
    (worktree / ".kasmos").mkdir()
    (worktree / ".kasmos/signals").symlink_to("../docs/plans/.signals")
    assert len(box.find([place]).waiting) == 1


def test_what_the_earlier_system_was_processing_is_left_alone(
    box: FolderSignalBox, place: SignalPlace, worktree: Path
) -> None:
    leave(place, f"processing/{NAME}", folder=FOLDERS[1])
    leave(place, f"processing/other/{NAME}", folder=FOLDERS[1])
    found = box.find([place])
    assert (found.waiting, found.claimed) == ([], [])


def test_a_shell_that_is_still_writing(box: FolderSignalBox, place: SignalPlace) -> None:
    from threading import Timer

    path = leave(place, NAME)
    os.utime(path)
    timer = Timer(0.02, lambda: path.write_text("the text"))
    timer.start()
    (waiting,) = box.find([place]).waiting
    timer.join()
    assert waiting.head == b"the text"


def test_a_text_that_grows_after_the_claim_is_not_lost(box: FolderSignalBox, place: SignalPlace) -> None:
    path = leave(place, NAME, "text")
    with path.open("a") as writer:
        claimed = claim(Case(box, place, leave))
        writer.write(" and more")
    assert not box.finish(claimed)
    (left,) = box.find([place]).claimed
    assert (left.identity, left.intact, left.content) == (claimed.identity, False, b"text and more")
    rejected = box.reject(claimed, RECORD)
    assert Path(rejected.path).read_bytes().endswith(b"text and more")
    assert_empty(Case(box, place, leave))


def test_a_large_file_is_kept_as_a_whole(box: FolderSignalBox, place: SignalPlace) -> None:
    size = LARGEST_SIGNAL + 1000
    leave(place, NAME, "x" * size)
    claimed = claim(Case(box, place, leave))
    assert (claimed.size, len(claimed.content)) == (size, LARGEST_SIGNAL + 1)
    box.retry(box.reject(claimed, RECORD))
    (retried,) = box.find([]).claimed
    assert (retried.size, len(retried.content)) == (size, LARGEST_SIGNAL + 1)
    rejected = box.reject(retried, RECORD)
    assert len(Path(rejected.path).read_bytes().partition(b"\n")[2]) == size


def test_a_huge_file_is_not_copied(box: FolderSignalBox, place: SignalPlace) -> None:
    path = leave(place, NAME)
    os.truncate(path, 65 * 1024 * 1024)
    claimed = claim(Case(box, place, leave))
    with pytest.raises(WouldLoseData):
        box.reject(claimed, RECORD)
    box.give_back(claimed)
    assert path.stat().st_size == 65 * 1024 * 1024


def test_a_damaged_record_is_still_listed(box: FolderSignalBox, place: SignalPlace) -> None:
    leave(place, NAME, "text")
    rejected = box.reject(claim(Case(box, place, leave)), RECORD)
    Path(rejected.path).write_text("{\nnot much")
    (found,) = box.rejected()
    assert (found.identity, found.record.cause) == (rejected.identity, Cause.MALFORMED)


def test_one_at_a_time(box: FolderSignalBox) -> None:
    with box.exclusive(), pytest.raises(Busy, match=f"by process {os.getpid()} on "), box.exclusive():
        pass
    with box.exclusive():
        pass


@pytest.fixture
def read_only(worktree: Path) -> Iterator[Path]:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    worktree.chmod(0o500)
    yield worktree
    worktree.chmod(0o700)


def test_a_folder_that_cannot_be_written(box: FolderSignalBox, place: SignalPlace, read_only: Path) -> None:
    with pytest.raises(ReadOnly):
        box.write(place, NAME, b"")


def test_a_full_disk(box: FolderSignalBox, place: SignalPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(opened: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreFull, match="No space left on device"):
        box.write(place, NAME, b"text")
    monkeypatch.undo()
    assert box.find([place]).waiting == []
    assert [name for name in os.listdir(Path(place.worktree, FOLDERS[0])) if name != ".gitignore"] == []
