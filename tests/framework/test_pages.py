"""The hook section of the README and the page about the framework, followed in a fresh clone."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from framework.worlds import STATE, Framework, FrameworkRepo, run

ROOT = Path(__file__).parents[2]
ADDRESS = "https://git.example.com/git-kas"


def block(page: str, mark: str, language: str) -> str:
    """The block behind a comment."""
    found = re.search(rf"<!-- {mark} -->\n+```{language}\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
    assert found is not None
    return found[1]


def here(config: str, framework: Framework) -> str:
    """The configuration with the address and the revision that exist here."""
    assert ADDRESS in config
    return config.replace(ADDRESS, str(framework.hooks)).replace("v0.1.0", framework.revision)


@pytest.fixture
def clone(framework: Framework, environment: dict[str, str], tmp_path: Path) -> FrameworkRepo:
    """A fresh clone of git-kas itself."""
    made = FrameworkRepo(tmp_path / "git-kas", framework.environment(environment), framework)
    run(["git", "clone", "-q", str(framework.hooks), str(made.path)], tmp_path, made.environment)
    return made


def test_the_native_section_of_the_readme(clone: FrameworkRepo) -> None:
    said = clone.passes("sh", "-ec", block("README.md", "hooks: native", "sh"))
    assert said.startswith("Nothing is tracked here")
    assert "active" in said
    clone.stage_state()
    assert STATE in clone.refused("git", "commit", "-m", "state")


def test_the_framework_section_of_the_readme(clone: FrameworkRepo) -> None:
    config = here(block("README.md", "hooks: framework", "yaml"), clone.framework)
    (clone.path / ".pre-commit-config.yaml").write_text(config)
    clone.passes("pre-commit", "install")
    clone.git("add", ".pre-commit-config.yaml")
    clone.passes("git", "commit", "-m", "configuration")
    clone.stage_state()
    assert STATE in clone.refused("git", "commit", "-m", "state")


def test_the_framework_section_of_the_page(clone: FrameworkRepo) -> None:
    page = "docs/how-to/keep-state-out-of-commits.md"
    found = re.search(r"```yaml\n(.*?)```", (ROOT / page).read_text(), re.DOTALL)
    assert found is not None
    (clone.path / ".pre-commit-config.yaml").write_text(here(found[1], clone.framework))
    clone.git("add", ".pre-commit-config.yaml")
    clone.passes("sh", "-ec", block(page, "in the clone, with the framework", "sh"))
    clone.passes("git", "commit", "-m", "configuration")
    clone.stage_state()
    assert STATE in clone.refused("git", "commit", "-m", "state")
    clone.git("commit", "-q", "--no-verify", "-m", "past the hook")
    for stage in ("pre-commit", "pre-merge-commit", "pre-push"):
        assert (clone.path / ".git/hooks" / stage).exists()
