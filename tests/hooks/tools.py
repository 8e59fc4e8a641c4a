"""Other tools that put hooks into a repository, run as their users run them, without network."""

from __future__ import annotations

import json
import os
import sys
from abc import ABC, abstractmethod
from pathlib import Path

import pytest

from hooks.worlds import HookWorld
from support import needs_program

ROOT = Path(__file__).parents[2]
NPM_VARIABLE = "KAS_TEST_NPM"
HOOKS = ("pre-commit", "pre-merge-commit", "pre-push")


def npm_package(name: str) -> Path:
    """The folder of an npm package that was installed for the tests; without it skip, and in CI fail."""
    needs_program("node")
    place = os.environ.get(NPM_VARIABLE) or ROOT / ".venv-npm"
    found = Path(place) / "node_modules" / name
    if not found.is_dir():
        message = f"the npm package '{name}' is not installed (.ci/npm-packages.txt, .ci/run, {NPM_VARIABLE})"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    return found


class Tool(ABC):
    """A tool: its set-up, what it says it guards, and its ways of being installed once more."""

    name: str
    again: tuple[str, ...] = ("",)

    def __init__(self, world: HookWorld) -> None:
        self.world = world

    @property
    def folder(self) -> Path:
        """Where the hooks are that it writes, or has the user write."""
        return self.world.hooks

    @property
    def effective(self) -> Path:
        """Where Git looks for hooks."""
        return self.folder

    @abstractmethod
    def configure(self) -> None:
        """Have its hooks note what they are given; commit its configuration."""

    @abstractmethod
    def install(self, *words: str) -> int:
        """Install it, or once more in another way; the exit status."""

    def file(self, name: str, text: str) -> None:
        """Write and commit a file."""
        path = self.world.top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        self.world.ok("git", "add", "-f", "--", name)
        self.world.ok("git", "commit", "--no-verify", "-qm", f"add {name}")


class ByHand(Tool):
    """Hooks that somebody wrote."""

    name = "by hand"

    def configure(self) -> None:
        """Nothing: the hooks are all there is."""

    def install(self, *words: str) -> int:
        """Write them, whatever is there."""
        assert not words
        for hook in HOOKS:
            self.world.write_hook(hook, f"theirs-{hook}")
        return 0


class PreCommit(Tool):
    """https://pre-commit.com, from PyPI."""

    name = "pre-commit"
    again = ("", "-f")

    def configure(self) -> None:
        """Local hooks of the system's language, which need nothing to be fetched."""
        hooks = [
            {
                "id": hook,
                "name": hook,
                "language": "system",
                "entry": f"{self.world.recorder} theirs-{hook}",
                "stages": [hook],
                "always_run": True,
                "pass_filenames": False,
            }
            for hook in HOOKS
        ]
        document = {
            "default_install_hook_types": list(HOOKS),
            "repos": [{"repo": "local", "hooks": hooks}],
        }
        self.file(".pre-commit-config.yaml", json.dumps(document, indent=2) + "\n")

    def install(self, *words: str) -> int:
        """``pre-commit install``."""
        return self.world.run(sys.executable, "-m", "pre_commit", "install", *words).status


class Lefthook(Tool):
    """https://lefthook.dev, from PyPI, a real binary."""

    name = "lefthook"
    again = ("", "-f")

    @property
    def program(self) -> Path:
        """The program."""
        return Path(sys.executable).with_name("lefthook")

    def configure(self) -> None:
        """Commands; that of pre-push gets the input."""
        document = {
            "output": False,
            **{
                hook: {
                    "commands": {
                        "note": {
                            "run": f"{self.world.recorder} theirs-{hook} {{0}}",
                            "use_stdin": hook == "pre-push",
                        }
                    }
                }
                for hook in HOOKS
            },
        }
        self.file("lefthook.yml", json.dumps(document, indent=2) + "\n")

    def install(self, *words: str) -> int:
        """``lefthook install``."""
        return self.world.run(self.program, "install", *words).status


class Husky9(Tool):
    """husky 9: hooks in .husky, and core.hooksPath at a folder below."""

    name = "husky-9"

    @property
    def folder(self) -> Path:
        """Where the user writes hooks."""
        return self.world.top / ".husky"

    @property
    def effective(self) -> Path:
        """What husky writes."""
        return self.folder / "_"

    def configure(self) -> None:
        """Hooks without a mode to run, as husky's own page has them."""
        npm_package("husky")
        for hook in HOOKS:
            self.file(f".husky/{hook}", f'"{self.world.recorder}" theirs-{hook} "$@"\n')

    def install(self, *words: str) -> int:
        """What the package's script ``prepare`` runs."""
        assert not words
        return self.world.run("node", npm_package("husky") / "bin.js").status


class Husky8(Husky9):
    """husky 5 to 8: core.hooksPath at .husky itself."""

    name = "husky-5"

    @property
    def effective(self) -> Path:
        """The same folder."""
        return self.folder

    def configure(self) -> None:
        """Hooks as ``husky add`` writes them."""
        npm_package("husky-8")
        for hook in HOOKS:
            line = '#!/usr/bin/env sh\n. "$(dirname -- "$0")/_/husky.sh"\n\n'
            self.file(f".husky/{hook}", f'{line}"{self.world.recorder}" theirs-{hook} "$@"\n')
            (self.folder / hook).chmod(0o755)

    def install(self, *words: str) -> int:
        """``husky install``."""
        assert not words
        return self.world.run("node", npm_package("husky-8") / "lib/bin.js", "install").status


class Husky4(Tool):
    """husky 4: a hook for every name, commands in package.json."""

    name = "husky-4"

    def configure(self) -> None:
        """Commands in package.json, and the program where npx finds it."""
        package = npm_package("husky-4")
        commands = {hook: f"{self.world.recorder} theirs-{hook}" for hook in HOOKS}
        self.file("package.json", json.dumps({"private": True, "husky": {"hooks": commands}}) + "\n")
        self.file(".gitignore", "node_modules\n")
        binaries = self.world.top / "node_modules/.bin"
        binaries.mkdir(parents=True)
        (binaries / "husky-run").symlink_to(package.parent / ".bin/husky-run")

    def install(self, *words: str) -> int:
        """What its ``postinstall`` runs."""
        assert not words
        needs_program("npx")
        installer = npm_package("husky-4") / "lib/installer/bin.js"
        agent = "npm/10.0.0 node/v20.0.0 linux x64"
        environment = {"INIT_CWD": str(self.world.top), "npm_config_user_agent": agent}
        return self.world.run("node", installer, "install", env=environment).status


TOOLS: tuple[type[Tool], ...] = (ByHand, PreCommit, Lefthook, Husky9, Husky8, Husky4)
