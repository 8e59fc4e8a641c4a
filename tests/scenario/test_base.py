"""Which branch is the base: configured, detected, or none (DESIGN 4 and 7)."""

from __future__ import annotations

import pytest

from scenario.rows import Triage, configuration
from support import Repo, Run


@pytest.fixture
def develop(repo: Repo) -> Repo:
    """A repository whose ``side`` is merged into ``develop`` and not into ``main``."""
    repo.git("switch", "-q", "-c", "side")
    repo.commit("on side")
    repo.git("switch", "-q", "-c", "develop", "main")
    repo.git("merge", "-q", "--no-ff", "-m", "merge", "side")
    repo.git("switch", "-q", "main")
    return repo


def track_remote_head(repo: Repo, branch: str) -> None:
    repo.git("remote", "add", "origin", "/nowhere")
    repo.git("update-ref", f"refs/remotes/origin/{branch}", branch)
    repo.git("symbolic-ref", "refs/remotes/origin/HEAD", f"refs/remotes/origin/{branch}")


def test_base_is_main_when_nothing_says_otherwise(develop: Repo, triage: Triage) -> None:
    answer = triage()
    assert (answer.base, answer.verdict("side")) == ("main", ("unmerged", None))


def test_base_configured_in_git(develop: Repo, triage: Triage) -> None:
    develop.git("config", "kas.base", "develop")
    answer = triage()
    assert (answer.base, answer.verdict("side")) == ("develop", ("ancestor", None))
    assert answer.branch("develop")["is_base"]


def test_base_configured_in_the_committed_policy(develop: Repo, triage: Triage) -> None:
    develop.commit("policy", {".kas.toml": 'base = "develop"\n'})
    linked = develop.path.parent / "linked"
    develop.git("worktree", "add", "-q", str(linked), "side")
    assert not (linked / ".kas.toml").exists()
    for place in (develop.path, linked):
        answer = triage(place)
        assert (answer.base, answer.verdict("side")) == ("develop", ("ancestor", None))


def test_policy_that_is_not_committed_does_not_count(develop: Repo, triage: Triage) -> None:
    (develop.path / ".kas.toml").write_text('base = "develop"\n')
    assert triage().base == "main"


def test_policy_of_another_branch_does_not_count(develop: Repo, triage: Triage) -> None:
    linked = develop.worktree("other")
    develop.commit("policy", {".kas.toml": 'base = "develop"\n'}, cwd=linked)
    assert triage(linked).base == "main"


def test_git_configuration_outranks_the_policy(develop: Repo, triage: Triage) -> None:
    develop.commit("policy", {".kas.toml": 'base = "develop"\n'})
    assert triage(env=configuration(kas__base="side")).base == "side"


def test_base_is_what_origin_head_points_to(develop: Repo, triage: Triage) -> None:
    track_remote_head(develop, "develop")
    answer = triage()
    assert (answer.base, answer.verdict("side")) == ("develop", ("ancestor", None))


def test_git_configuration_outranks_origin_head(develop: Repo, triage: Triage) -> None:
    track_remote_head(develop, "develop")
    develop.git("config", "kas.base", "main")
    assert triage().base == "main"


def test_origin_head_that_leads_nowhere_does_not_count(develop: Repo, triage: Triage) -> None:
    track_remote_head(develop, "develop")
    develop.git("symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/gone")
    assert triage().base == "main"


def test_base_is_the_configured_default_branch(develop: Repo, triage: Triage) -> None:
    assert triage(env=configuration(init__defaultBranch="develop")).base == "develop"


def test_base_is_master_where_there_is_no_main(repo: Repo, triage: Triage) -> None:
    repo.git("branch", "-m", "main", "master")
    assert triage().base == "master"


def test_base_that_is_only_a_remote_tracking_branch(develop: Repo, triage: Triage) -> None:
    track_remote_head(develop, "develop")
    develop.git("branch", "-q", "-D", "develop")
    answer = triage()
    assert (answer.base, answer.verdict("side")) == ("develop", ("ancestor", None))
    row = answer.branch("main")
    behind, ahead = develop.git("rev-list", "--left-right", "--count", "origin/develop...main").split()
    assert (row["behind"], row["ahead"], row["is_base"]) == (int(behind), int(ahead), False)


def test_no_base_is_unknown(repo: Repo, triage: Triage) -> None:
    repo.git("branch", "-m", "main", "trunk")
    repo.git("branch", "other")
    answer = triage()
    assert answer.base is None
    for name in ("trunk", "other"):
        row = answer.branch(name)
        assert (row["verdict"], row["reason"], row["ahead"], row["behind"]) == (
            "unknown",
            "no_base",
            None,
            None,
        )
        assert row["tip"] == repo.git("rev-parse", "trunk")


@pytest.mark.parametrize("command", ["triage", "where"])
@pytest.mark.parametrize("value", ["no-such-branch", "not a name", "-x", "a..b"])
def test_configured_base_that_does_not_exist_is_refused(kas: Run, repo: Repo, value: str, command: str) -> None:
    repo.git("config", "kas.base", value)
    finished = kas(command, "--json", cwd=repo.path)
    assert (finished.status, finished.json()["kind"]) == (2, "error")
    assert value in finished.json()["error"]["message"]
    assert "kas.base" in finished.json()["error"]["message"]


def test_tag_named_as_the_base_is_not_taken_for_it(repo: Repo, triage: Triage) -> None:
    first = repo.git("rev-parse", "main")
    repo.git("tag", "main", first)
    repo.commit("later")
    repo.git("branch", "side", "refs/heads/main")
    row = triage().branch("side")
    assert (row["ahead"], row["behind"]) == (0, 0)
