"""Pages made from the code are current, and what they document is complete."""

from __future__ import annotations

import inspect
import subprocess
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from string import Template
from typing import Any

import pytest

from git_kas.config_keys import KEYS
from git_kas.domain.agents import MODES, Mode
from git_kas.domain.branch import (
    LANDING_METHOD_MEANINGS,
    PRESENCE_MEANINGS,
    UNKNOWN_REASON_MEANINGS,
    VERDICT_MEANINGS,
    LandingMethod,
    Presence,
    UnknownReason,
    VerdictKind,
)
from git_kas.domain.prompts import FIELDS, TEMPLATES
from git_kas.domain.stage import CONDITION_MEANINGS, JOB_MEANINGS, Condition, JobState
from git_kas.domain.triage import FLAG_MEANINGS, Flag
from git_kas.plugin import spec
from git_kas.usecases.drive_ports import STEP_MEANINGS, Step

ROOT = Path(__file__).parents[2]
HOOKS = [name for name in vars(spec) if name.startswith(spec.HOOK_PREFIX)]


def test_no_page_is_stale() -> None:
    finished = subprocess.run(
        [sys.executable, str(ROOT / "tools/generate.py"), "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, f"run 'python tools/generate.py':\n{finished.stdout}{finished.stderr}"


def test_every_word_has_a_meaning() -> None:
    assert set(FLAG_MEANINGS) == set(Flag)
    assert set(VERDICT_MEANINGS) == set(VerdictKind)
    assert set(LANDING_METHOD_MEANINGS) == set(LandingMethod)
    assert set(PRESENCE_MEANINGS) == set(Presence)
    assert set(UNKNOWN_REASON_MEANINGS) == set(UnknownReason)


@pytest.mark.parametrize("hook", HOOKS)
def test_hook_is_documented_by_its_exact_signature(hook: str) -> None:
    page = (ROOT / "docs/reference/plugin-hooks.md").read_text()
    signature = f"{hook}{inspect.signature(getattr(spec, hook))}".replace("'", "")
    assert f"## `{signature}`\n" in page
    assert inspect.getdoc(getattr(spec, hook))


@pytest.mark.parametrize("hook", HOOKS)
def test_hook_is_used_by_a_plugin_and_has_a_test_of_its_name(hook: str) -> None:
    modules = [path for folder in ("plugins", "hooks") for path in (ROOT / folder).glob("*/plugin.py")]
    plugins = "".join(path.read_text() for path in modules)
    assert f"def {hook}(" in plugins
    tests = (ROOT / "tests/contract/test_hooks.py").read_text()
    assert f"def test_{hook}(" in tests


def test_every_word_of_driving_has_a_meaning_and_a_place() -> None:
    page = (ROOT / "docs/reference/driving.md").read_text()
    tables: list[tuple[type[StrEnum], Mapping[Any, object]]] = [
        (Mode, MODES),
        (JobState, JOB_MEANINGS),
        (Condition, CONDITION_MEANINGS),
        (Step, STEP_MEANINGS),
    ]
    for words, meanings in tables:
        assert set(meanings) == set(words)
        assert all(f"| `{word}` |" in page for word in words)
    driving = {key.git for key in KEYS if key.git.startswith(("kas.agent", "kas.task", "kas.worktree"))}
    assert driving
    assert all(f"| `{key}` |" in page for key in driving)
    for template in TEMPLATES.values():
        fields = {found["named"] or found["braced"] for found in Template.pattern.finditer(template)} - {None}
        assert fields <= set(FIELDS)
