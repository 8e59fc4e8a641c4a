"""Fixtures of the contract suites: every installed reader, opened on a real repository."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from contract.readers import READERS, Open, OpenWith, open_repository
from git_kas.ports.git import Repository


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
