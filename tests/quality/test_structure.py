"""House rules about structure that no ready-made tool checks."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAY_START_PROCESSES = tuple(f"plugins/git_kas_{plugin}/" for plugin in ("gitcli", "github", "process", "tmux"))
# The wrapper is a program of its own.
READS_ENVIRONMENT = ("git_kas/app.py", "plugins/git_kas_process/wrapper.py")
PRODUCT = sorted(path for folder in ("git_kas", "plugins", "hooks") for path in (ROOT / folder).rglob("*.py"))
TESTS_AND_TOOLS = sorted(
    path for folder in ("tests", "tools", "benchmarks") for path in (ROOT / folder).rglob("*.py")
)


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


@pytest.mark.parametrize("path", PRODUCT + TESTS_AND_TOOLS, ids=name)
def test_module_fits_the_limits(path: Path) -> None:
    text = path.read_text()
    assert text.count("\n") <= 400
    tree = ast.parse(text)
    long = [f.name for f in functions(tree) if (f.end_lineno or 0) - f.lineno + 1 > 40]
    assert long == []


@pytest.mark.parametrize("path", PRODUCT, ids=name)
def test_only_the_named_modules_do_what_only_they_may(path: Path) -> None:
    text = path.read_text()
    tree = ast.parse(text)
    uses = {ast.unparse(node) for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    reads_environment = not uses.isdisjoint({"os.environ", "os.getenv", "os.environb"})
    assert not reads_environment or name(path) in READS_ENVIRONMENT
    starts_processes = not uses.isdisjoint(
        {"subprocess.run", "subprocess.Popen", "os.system", "os.posix_spawnp", "os.fork", "os.execvp"}
    )
    assert not starts_processes or name(path).startswith(MAY_START_PROCESSES)


def test_there_is_product_code_to_look_at() -> None:
    assert len(PRODUCT) > 40
