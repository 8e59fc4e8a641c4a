"""What the written files say: their front matter, and every command line that they name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import yaml

_FENCE = re.compile(r"^ *```\w*\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"``([^`]+(?:`[^`]+)*?) ?``|`([^`\n]+)`")
_HERE_DOCUMENT = re.compile(r" <<'END'$")
COMMAND = "git kas "


class Text(NamedTuple):
    """A written markdown file: its front matter, and the text that an agent reads."""

    path: str
    about: dict[str, Any]
    body: str

    def commands(self) -> Iterator[str]:
        """The command lines of git-kas in it, without what is fed to them."""
        for block in _FENCE.findall(self.body):
            for line in map(str.strip, block.splitlines()):
                if line.startswith(COMMAND):
                    yield _HERE_DOCUMENT.sub("", line)
        for double, single in _CODE.findall(_FENCE.sub("", self.body)):
            if (double or single).startswith(COMMAND):
                yield double or single

    def prose(self) -> str:
        """What stands outside of code."""
        return _CODE.sub("", _FENCE.sub("", self.body))


def read_text(path: Path, root: Path) -> Text:
    """The file at ``path``."""
    _, about, body = path.read_text().split("---\n", 2)
    return Text(str(path.relative_to(root)), yaml.safe_load(about), body)


def written_texts(root: Path) -> list[Text]:
    """All markdown files that ``git kas setup`` has written below ``root``."""
    found = sorted(path for folder in (".claude", ".opencode") for path in (root / folder).rglob("*.md"))
    return [read_text(path, root) for path in found]
