"""``docs/how-to/guard-in-ci.md``: each example is run as its forge would, with the forge's variables."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from guard_untrack.worlds import state
from plan_commands import EARLIER
from support import Repo

PAGE = Path(__file__).parents[2] / "docs/how-to/guard-in-ci.md"
ZEROS = "0" * 40
INSTALLATION = "pip install git-kas"


class Event(NamedTuple):
    """What a forge runs its job for: ``base`` is None for a push, whose old tip is ``before``."""

    base: str | None
    before: str
    baseline: str = ""


class Ci:
    """The examples of the page, run in a repository."""

    def __init__(self, repo: Repo, environment: Mapping[str, str]) -> None:
        self.repo = repo
        self.environment = environment

    def run(self, forge: str, event: Event) -> subprocess.CompletedProcess[str]:
        """The job as it ended."""
        scripts, variables = (self.gitlab if forge == "GitLab CI" else self.actions)(forge, event)
        return subprocess.run(
            ["bash", "-e", "-c", "\n".join(scripts)],
            cwd=self.repo.path,
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            check=False,
        )

    def actions(self, forge: str, event: Event) -> tuple[list[str], dict[str, str]]:
        """The scripts of the workflow, and what its expressions give."""
        (job,) = example(forge)["jobs"].values()
        checkout, _, installation, guard = job["steps"]
        assert (checkout["with"]["fetch-depth"], installation["run"]) == (0, INSTALLATION)
        values = {
            "github.event.pull_request.base.sha || github.event.before": event.base or event.before,
            "vars.KAS_BASELINE": event.baseline,
        }
        expressions = {name: re.fullmatch(r"\$\{\{ (.*) \}\}", text) for name, text in guard["env"].items()}
        variables = {name: values[found[1]] for name, found in expressions.items() if found}
        assert variables.keys() == guard["env"].keys()
        return [guard["run"]], variables

    def gitlab(self, forge: str, event: Event) -> tuple[list[str], dict[str, str]]:
        """The job's script, and GitLab's variables."""
        job = example(forge)["guard"]
        installation, *scripts = job["script"]
        assert (job["variables"]["GIT_DEPTH"], installation) == ("0", INSTALLATION)
        variables = {"CI_COMMIT_BEFORE_SHA": event.before, "CI_COMMIT_SHA": self.repo.git("rev-parse", "HEAD")}
        if event.base:
            variables |= {"CI_MERGE_REQUEST_DIFF_BASE_SHA": event.base, "CI_COMMIT_BEFORE_SHA": ZEROS}
        return scripts, variables | ({"KAS_BASELINE": event.baseline} if event.baseline else {})


def example(forge: str) -> Any:
    """The YAML below the heading ``forge``."""
    section = PAGE.read_text().split(f"## {forge}\n")[1]
    found = re.search(r"```yaml\n(.*?)```", section, re.DOTALL)
    assert found is not None
    return yaml.safe_load(found[1])


FORGES = ["GitHub Actions", "GitLab CI", "Gitea Actions"]


@pytest.fixture
def ci(new_repo: Callable[..., Repo], environment: dict[str, str]) -> Ci:
    repo = new_repo("project")
    repo.commit("old state", {EARLIER: state({"2026-01-01-a.md": "ready"})})
    repo.git("rm", "-q", EARLIER)
    repo.commit("stop tracking it")
    return Ci(repo, environment)


def bad_then_clean(ci: Ci) -> str:
    """A branch of which only a commit on the way has the file; that commit."""
    ci.repo.git("switch", "-qc", "feature")
    bad = ci.repo.commit("bad", {EARLIER: "{}\n"})
    ci.repo.git("rm", "-q", EARLIER)
    ci.repo.commit("clean again")
    return bad


@pytest.mark.parametrize("forge", FORGES)
def test_a_good_branch_passes(ci: Ci, forge: str) -> None:
    base = ci.repo.git("rev-parse", "HEAD")
    ci.repo.commit("good")
    assert ci.run(forge, Event(base, "")).returncode == 0
    finished = ci.run(forge, Event(None, base))
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout == ""
    report = ci.repo.path / "gl-code-quality-report.json"
    assert not report.exists() or json.loads(report.read_text()) == []


@pytest.mark.parametrize("forge", FORGES)
def test_a_commit_on_the_way_is_refused_and_shown(ci: Ci, forge: str) -> None:
    base = ci.repo.git("rev-parse", "main")
    bad = bad_then_clean(ci)
    assert ci.run(forge, Event(base, "")).returncode == 1
    finished = ci.run(forge, Event(None, base))
    assert finished.returncode == 1
    assert bad[:12] in finished.stdout + finished.stderr
    if forge == "GitLab CI":
        (found,) = json.loads((ci.repo.path / "gl-code-quality-report.json").read_text())
        assert found["location"]["path"] == EARLIER
    else:
        assert f"::error file={EARLIER}" in finished.stdout


def test_a_pull_request_is_checked_out_as_its_merge(ci: Ci) -> None:
    base = ci.repo.git("rev-parse", "main")
    ci.repo.git("switch", "-qc", "feature")
    ci.repo.commit("good")
    ci.repo.git("switch", "-q", "main")
    ci.repo.commit("main goes on")
    ci.repo.git("switch", "-q", "--detach")
    ci.repo.git("merge", "-q", "--no-ff", "-m", "merge of the forge", "feature")
    assert ci.run("GitHub Actions", Event(base, "")).returncode == 0


@pytest.mark.parametrize("forge", FORGES)
def test_the_first_push_and_the_baseline(ci: Ci, forge: str) -> None:
    assert ci.run(forge, Event(None, ZEROS)).returncode == 1
    old = ci.repo.git("rev-parse", "HEAD")
    ci.repo.commit("new")
    finished = ci.run(forge, Event(None, ZEROS, old))
    assert finished.returncode == 0, finished.stderr


@pytest.mark.parametrize("forge", FORGES)
def test_a_shallow_clone_fails(ci: Ci, forge: str, environment: dict[str, str], tmp_path: Path) -> None:
    base = ci.repo.git("rev-parse", "HEAD")
    ci.repo.commit("good")
    ci.repo.git("clone", "-q", "--depth=1", ci.repo.path.as_uri(), str(tmp_path / "shallow"))
    shallow = Ci(Repo(tmp_path / "shallow", environment), environment)
    finished = shallow.run(forge, Event(base, ""))
    assert finished.returncode not in {0, 1}
    assert "fetch-depth" in finished.stderr


def test_the_last_example_is_that_of_the_framework() -> None:
    last = PAGE.read_text().rsplit("```sh\n", 1)[1]
    assert last.startswith("pre-commit run kas-guard --hook-stage pre-push --from-ref ")
