"""No text of the product holds a complete destructive command."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = sorted(path for folder in ("git_kas", "plugins") for path in (ROOT / folder).rglob("*.py"))
DESTRUCTIVE = re.compile(
    r"\brm -|--force\b|reset --hard|branch -[dD]\b|push --delete|clean -[a-z]*f|worktree remove|--no-verify"
)

# An option of our own that passes the lifecycle by; the history keeps what was there before.
NAMES_AN_OPTION = re.compile(r"^--force$|set-status")


def texts(path: Path) -> list[str]:
    """Every text in the module that is no docstring."""
    tree = ast.parse(path.read_text())
    docstrings = {
        ast.get_docstring(node, clean=False)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
    }
    constants = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return [text for text in constants if isinstance(text, str) and text not in docstrings]


@pytest.mark.parametrize("path", PRODUCT, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_text_holds_a_destructive_command(path: Path) -> None:
    assert [text for text in texts(path) if DESTRUCTIVE.search(text) and not NAMES_AN_OPTION.search(text)] == []


def test_the_check_can_fail() -> None:
    assert DESTRUCTIVE.search("run 'git branch -D x'")
    assert DESTRUCTIVE.search("git worktree remove --force x")
    assert not DESTRUCTIVE.search("git branch --verbose --merged main --list x")
