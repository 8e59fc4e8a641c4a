"""Folders that go while somebody begins to watch them."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from git_kas.errors import KasError
from git_kas.ports.watch import WatchedFolder
from git_kas_files import watch


@pytest.mark.parametrize("recursive", [False, True])
def test_a_folder_that_goes_before_it_is_watched_is_watched_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, recursive: bool
) -> None:
    """As when a worktree is being removed, which is itself what the watcher was woken by."""
    goes = tmp_path / "worktree" / "goes"
    goes.mkdir(parents=True)
    (tmp_path / "stays").mkdir()
    existing = watch._existing

    def going(folders: Sequence[WatchedFolder]) -> Any:
        found = existing(folders)
        shutil.rmtree(goes.parent, ignore_errors=True)
        return found

    monkeypatch.setattr(watch, "_existing", going)
    folders = [WatchedFolder(str(tmp_path / "stays")), WatchedFolder(str(goes), recursive)]
    with watch.DiskWatch().changes(folders, 0.01) as changes:
        goes.parent.mkdir()
        assert changes.wait(60)


def test_what_cannot_be_watched_leaves_no_thread_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "here").mkdir()
    nowhere = str(tmp_path / "nowhere")
    found: dict[str, tuple[bool, frozenset[str]]]
    found = {str(tmp_path / "here"): (False, frozenset()), nowhere: (False, frozenset())}
    monkeypatch.setattr(watch, "_existing", lambda _: found)
    before = threading.active_count()
    with pytest.raises(KasError, match="cannot be watched"), watch.DiskWatch().changes([]):
        raise AssertionError
    assert threading.active_count() == before
