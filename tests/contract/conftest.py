"""Fixtures of the contract suites: every installed reader on a real repository, and signals on disk."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from contract.readers import READERS, Open, OpenWith, open_repository
from contract.signal_cases import FOLDERS
from git_kas.ports.git import Repository
from git_kas.ports.signals import SignalPlace
from git_kas_files.signal_box import FolderSignalBox


@pytest.fixture(params=READERS)
def reader(request: pytest.FixtureRequest) -> str:
    """The name of an installed reader."""
    return cast("str", request.param)


@pytest.fixture
def open_with(environment: dict[str, str]) -> OpenWith:
    """Open the repository at a folder with the reader of that name."""

    def open_(name: str, folder: Path) -> Repository:
        return open_repository(name, folder, environment)

    return open_


@pytest.fixture
def open_reader(reader: str, open_with: OpenWith) -> Open:
    """Open the repository at a folder with the reader under test."""

    def open_(folder: Path) -> Repository:
        return open_with(reader, folder)

    return open_


@pytest.fixture
def worktree(tmp_path: Path) -> Path:
    """A folder for a worktree with signals, beside ``common`` and ``outside``."""
    for name in ("common", "outside", "worktree"):
        (tmp_path / name).mkdir()
    return tmp_path / "worktree"


@pytest.fixture
def place(worktree: Path) -> SignalPlace:
    """That worktree, as a place of signals."""
    return SignalPlace("wt", str(worktree), FOLDERS)


@pytest.fixture
def box(worktree: Path) -> FolderSignalBox:
    """The box on disk of its repository."""
    return FolderSignalBox(str(worktree.parent / "common"), patience=0.05)
