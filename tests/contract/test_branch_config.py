"""What every editor of branches' configuration keeps, the memory fake included."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from git_kas.errors import Busy, KasError, ProgramFailed
from git_kas.ports.branch_config import BranchConfig, ConfigChange
from git_kas.ports.fake_janitor import FakeBranchConfig
from git_kas_gitcli.branch_config import FileBranchConfig
from support import Repo

TEXT = b"""# a comment
[core]
\trepositoryformatversion = 0
\tbare = false
[branch "a"]
\tremote = origin ; where from
\t# inside
\tmerge = "refs/heads/#a; \\
more"
# of the next one
[Branch "b\\"c"] remote = x
[branch "A"]
\tremote = other
[branch "a"]
\tdescription = twice
[user]
\tname = Ada"""


class Edited:
    """A configuration, its text, and the changes that were announced."""

    def __init__(
        self, config: BranchConfig, read: Callable[[], bytes], write: Callable[[bytes], object]
    ) -> None:
        self.config = config
        self.read = read
        self.write = write
        self.announced: list[ConfigChange] = []

    def take_out(self, *branches: str) -> bool:
        return self.config.take_out(set(branches), self.announced.append)

    def put_back(self, change: ConfigChange) -> bool:
        return self.config.put_back(change, self.announced.append)


def on_disk(repo: Repo, environment: dict[str, str]) -> Edited:
    file = repo.path / ".git/config"
    config = FileBranchConfig(str(repo.path / ".git"), environment)
    return Edited(config, file.read_bytes, file.write_bytes)


@pytest.fixture(params=["memory", "disk"])
def edited(request: pytest.FixtureRequest, repo: Repo, environment: dict[str, str]) -> Edited:
    if request.param == "disk":
        made = on_disk(repo, environment)
    else:
        fake = FakeBranchConfig()
        made = Edited(fake, lambda: fake.text, lambda text: setattr(fake, "text", text))
    made.write(TEXT)
    return made


@pytest.fixture
def disk(repo: Repo, environment: dict[str, str]) -> Edited:
    return on_disk(repo, environment)


def test_sections_go_and_come_back_byte_for_byte(edited: Edited) -> None:
    assert edited.take_out("a", 'b"c', "unknown")
    text = edited.read()
    assert b'[branch "A"]\n\tremote = other\n' in text
    assert b"# of the next one" in text
    assert text.count(b"ranch") == 1
    assert [piece.branch for piece in edited.announced[0].pieces] == ["a", 'b"c', "a"]
    assert edited.put_back(edited.announced[0])
    assert edited.read() == TEXT
    assert not edited.put_back(edited.announced[0])


def test_nothing_to_take_out_is_no_change(edited: Edited) -> None:
    assert not edited.take_out("unknown")
    assert not edited.take_out()
    assert edited.announced == []
    assert edited.read() == TEXT


def test_into_a_file_that_changed_they_come_back_at_the_end(edited: Edited) -> None:
    edited.take_out("a")
    edited.write(edited.read() + b"\n[later]\n\tx = 1")
    assert edited.put_back(edited.announced[0])
    text = edited.read()
    assert text.endswith(b"x = 1\n" + b"".join(piece.text for piece in edited.announced[0].pieces))
    assert not edited.put_back(edited.announced[0])


def test_what_raises_before_the_change_stops_it(edited: Edited) -> None:
    def refuse(change: ConfigChange) -> None:
        raise Busy("No.", next_step="")

    with pytest.raises(Busy):
        edited.config.take_out({"a"}, refuse)
    assert edited.read() == TEXT


def test_the_mode_stays_and_a_link_is_followed(disk: Edited, repo: Repo) -> None:
    file, real = repo.path / ".git/config", repo.path.parent / "real-config"
    disk.write(TEXT)
    file.rename(real)
    file.symlink_to(real)
    real.chmod(0o640)
    assert disk.take_out("a")
    assert file.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert sorted(path.name for path in real.parent.glob("real-config*")) == ["real-config"]


def test_a_lock_is_waited_for_and_then_respected(disk: Edited, repo: Repo) -> None:
    disk.write(TEXT)
    lock = repo.path / ".git/config.lock"
    lock.write_text("somebody else's")
    with pytest.raises(Busy, match=r"config\.lock"):
        disk.take_out("a")
    disk.config.release(disk.announced[0].after)
    assert lock.read_text() == "somebody else's"
    assert disk.read() == TEXT


def test_a_lock_of_our_own_is_released(disk: Edited, repo: Repo) -> None:
    disk.write(TEXT)
    disk.take_out("a")
    lock = repo.path / ".git/config.lock"
    lock.write_bytes(disk.read())
    disk.config.release(disk.announced[0].after)
    assert not lock.exists()


def test_what_git_reads_otherwise_is_left(disk: Edited, repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    from git_kas_gitcli import branch_config

    disk.write(TEXT)

    def wrong(text: bytes, branches: object) -> tuple[bytes, list[object]]:
        return text.replace(b"name = Ada", b"name = Eve"), []

    monkeypatch.setattr(branch_config, "take_out", wrong)
    with pytest.raises(ProgramFailed, match="left as it is"):
        disk.take_out("a")
    assert disk.read() == TEXT


@pytest.mark.parametrize("text", [b"[broken", b'[branch "a]\n'])
def test_a_damaged_file_is_left(disk: Edited, text: bytes) -> None:
    disk.write(text)
    with pytest.raises(KasError):
        disk.take_out("a")
    assert disk.read() == text


def test_whatever_git_writes_is_understood(disk: Edited, repo: Repo, tmp_path: Path) -> None:
    for name in ("a", "x.y", "ü", 'q"uote', "semi;colon#"):
        repo.git("config", f"branch.{name}.description", 'line one\nline "two"\\ # no comment ; either\t')
        repo.git("config", "--add", f"branch.{name}.merge", "refs/heads/x")
    before = disk.read()
    assert disk.take_out("a", "x.y", "ü", 'q"uote', "semi;colon#")
    assert "branch." not in repo.git("config", "--local", "--list")
    assert disk.put_back(disk.announced[0])
    assert disk.read() == before
