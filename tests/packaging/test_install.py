"""Wheel, sdist and editable installs each give a working ``git kas triage``; nothing is fetched."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import zipfile
from pathlib import Path

import pytest

from support import Repo

ROOT = Path(__file__).parents[2]
PURELIB = sysconfig.get_paths()["purelib"]
PLUGINS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["git_kas"]
PYTHONS = {"3.11", "3.12", "3.13", "3.14"}


def run(*command: str | Path, cwd: Path, env: dict[str, str] | None = None) -> str:
    finished = subprocess.run(
        [str(word) for word in command], cwd=cwd, env=env, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean copy of what git tracks, so that nothing lying about gets into a package."""
    copy = tmp_path_factory.mktemp("source")
    tracked = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT)
    for name in filter(None, tracked.split("\0")):
        if (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, copy / name)
    return copy


@pytest.fixture(scope="module")
def built(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel made from that sdist."""
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, source, cwd=folder)
    return folder


@pytest.fixture
def new_environment(tmp_path: Path) -> Path:
    """A fresh environment that sees the dependencies of this one, but not its git-kas."""
    folder = tmp_path / "venv"
    run(sys.executable, "-m", "venv", folder, cwd=tmp_path)
    visible = tmp_path / "dependencies"
    visible.mkdir()
    for entry in os.scandir(PURELIB):
        if not entry.name.lower().startswith(("git_kas", "_git_kas", "pip", "__editable__")):
            (visible / entry.name).symlink_to(entry.path)
    site = next((folder / "lib").glob("python*/site-packages"))
    (site / "dependencies.pth").write_text(f"{visible}\n")
    return folder / "bin"


def install(scripts: Path, *what: str | Path) -> None:
    run(
        scripts / "pip", "install", "--quiet", "--no-index", "--no-deps", "--no-build-isolation", *what,
        cwd=scripts.parent,
        env={**os.environ, "PIP_FIND_LINKS": "", "PIP_DISABLE_PIP_VERSION_CHECK": "1"},
    )  # fmt: skip


@pytest.mark.parametrize("kind", ["wheel", "sdist", "editable"])
def test_triage_works_from_any_directory(
    kind: str, built: Path, source: Path, new_environment: Path, repo: Repo, environment: dict[str, str]
) -> None:
    if kind == "wheel":
        install(new_environment, next(built.glob("*.whl")))
    elif kind == "sdist":
        install(new_environment, next(built.glob("*.tar.gz")))
    else:
        install(new_environment, "--editable", source)
    repo.commit("deep", {"a/b/c.txt": "c\n"})
    linked = repo.worktree("feature")
    path = f"{new_environment}{os.pathsep}{environment['PATH']}"
    for folder in (repo.path, repo.path / "a/b", linked):
        out = run("git", "kas", "triage", cwd=folder, env=environment | {"PATH": path})
        assert "feature" in out
    assert "==> .claude/agents/coder.md <==" in run(
        "git", "kas", "setup", "claude", "--print", cwd=repo.path, env=environment | {"PATH": path}
    )
    listed = run("git", "kas", "plugins", cwd=repo.path, env=environment | {"PATH": path})
    assert [line.split()[-1] for line in listed.splitlines()[1:]] == ["ok"] * len(PLUGINS)


def test_wheel_holds_the_product_and_nothing_else(built: Path) -> None:
    names = zipfile.ZipFile(next(built.glob("*.whl"))).namelist()
    tops = {name.split("/")[0] for name in names}
    version = next(built.glob("*.whl")).name.split("-")[1]
    metadata = {f"git_kas-{version}.dist-info", f"git_kas-{version}.data"}
    packages = {path.parent.name for root in ("plugins", "hooks") for path in (ROOT / root).glob("*/plugin.py")}
    assert {module.partition(".")[0] for module in PLUGINS.values()} == packages
    assert tops == {"git_kas"} | packages | metadata
    assert f"git_kas-{version}.data/data/share/man/man1/git-kas.1" in names
    assert "git_kas/py.typed" in names
    templates = {str(path.relative_to(ROOT)) for path in (ROOT / "git_kas/templates").rglob("*.md")}
    assert templates
    assert templates <= set(names)


def test_claimed_pythons_are_those_that_were_run() -> None:
    """The classifiers name what CONTRIBUTING says was run; the running one is among them."""
    text = (ROOT / "pyproject.toml").read_text()
    claimed = {version for version in PYTHONS if f"Python :: {version}" in text}
    assert f"{sys.version_info.major}.{sys.version_info.minor}" in claimed
