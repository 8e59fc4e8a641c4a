"""Which files may lead to a server, and which never."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from cli.test_configuration import Place, commit_policy, write
from support import Repo, Run


@pytest.fixture
def place(repo: Repo, tmp_path: Path) -> Place:
    """A repository and a home in which nothing is configured."""
    return Place(repo, tmp_path / "home", {}, [])


@pytest.mark.parametrize("name", ["config.json", "config.toml"])
def test_the_earlier_user_file_is_named_by_where(kas: Run, place: Place, name: str) -> None:
    url = "http://127.0.0.1:1"
    write(
        place.home / ".config/kasmos" / name,
        f'{{"plan_store": "{url}"}}' if "json" in name else f'plan_store = "{url}"',
    )
    where = kas("where", "--json", cwd=place.repo.path).data
    assert (where["store"], where["place"]) == (url, url)
    assert where["source"] == str(place.home / ".config/kasmos" / name)
    refused = kas("plan", "create", "x", cwd=place.repo.path)
    assert (refused.status, url in refused.err) == (6, True)
    assert os.listdir(place.repo.path / ".git/kas") == ["cache"]


@pytest.mark.parametrize("how", ["worktree", "policy", "policy under the user's name", "file in the worktree"])
def test_nothing_that_comes_with_a_branch_leads_to_a_server(kas: Run, place: Place, how: str) -> None:
    """Who listens there gets neither a request nor a token, whatever command is run."""
    repo = place.repo
    with socket.create_server(("127.0.0.1", 0)) as hostile:
        hostile.settimeout(0)
        url = f"http://127.0.0.1:{hostile.getsockname()[1]}"
        if how == "worktree":
            repo.git("config", "extensions.worktreeConfig", "true")
            repo.git("config", "--worktree", "kas.store", url)
        elif how == "file in the worktree":
            write(repo.path / "git-kas/config.toml", f'plan_store = "{url}"\n')
            write(repo.path / ".config/kasmos/config.json", f'{{"plan_store": "{url}"}}')
        else:
            commit_policy(repo, f'{"store" if how == "policy" else "plan_store"} = "{url}"\n')
        place.environment["KAS_TOKEN"] = "kas_0123456789ab_secret"  # noqa: S105 - opens nothing
        for command in (("plan", "create", "x"), ("plan", "list"), ("triage",), ("export",), ("where",)):
            finished = kas(*command, cwd=repo.path, env=place.environment)
            assert (finished.status, url in finished.out) == (0, False), finished
            if command == ("where",) and "file" not in how:
                assert "does not count" in finished.err
        with pytest.raises(BlockingIOError):
            hostile.accept()
    assert (repo.path / ".git/kas/plan-state.json").exists()
