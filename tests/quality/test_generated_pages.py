"""Pages made from the code are current, and what they document is complete."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

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
from git_kas.domain.triage import FLAG_MEANINGS, Flag
from git_kas.plugin import spec

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
