"""What the documents point to is there, and what they have readers type is a command line of the program."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from git_kas.cli.parser import build_parser, find_command
from git_kas.errors import KasError

ROOT = Path(__file__).parents[2]
FOLDERS = ("docs", "benchmarks", "hooks", "plugins")
DOCUMENTS = sorted(
    [*ROOT.glob("*.md"), *(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.md"))]
)
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
TYPED = re.compile(
    r"""(?:^|\$\(|&& |sudo -u \S+ )git[ -]kas (?!<)((?:'[^']*'|"[^"]*"|[^#|>&)\n'"])*)""", re.MULTILINE
)


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def anchors(text: str) -> set[str]:
    """Of a document's headings, as forges make them."""
    headings = re.findall(r"^#+ (.*)$", BLOCK.sub("", text), re.MULTILINE)
    plain = (re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in plain}


def dead_links(path: Path, text: str) -> list[str]:
    dead = []
    for link in LINK.findall(BLOCK.sub("", text)):
        target, _, anchor = link.partition("#")
        if re.match(r"[a-z]+:", link):
            continue
        file = path.parent / target if target else path
        if not file.exists() or (anchor and anchor not in anchors(file.read_text())):
            dead.append(link)
    return dead


def typed(text: str) -> list[str]:
    """The command lines of git-kas in the blocks for shells."""
    blocks = [block.replace("\\\n", " ") for language, block in BLOCK.findall(text) if language == "sh"]
    return [line.strip() for block in blocks for line in TYPED.findall(block)]


def is_understood(line: str) -> bool:
    """Whether the parser takes it; nothing is run."""
    words = [word for word in shlex.split(line) if word != "…"]
    if not words or words[0].startswith("-") or words[-1] in {"-h", "--help"}:
        return True
    try:
        entry, rest = find_command(words)
        build_parser(entry).parse_args(rest)
    except (KasError, SystemExit):
        return False
    return True


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_every_link_leads_somewhere(path: Path) -> None:
    assert dead_links(path, path.read_text()) == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=name)
def test_every_command_line_is_one(path: Path) -> None:
    assert [line for line in typed(path.read_text()) if not is_understood(line)] == []


def test_the_checks_can_fail() -> None:
    page = ROOT / "docs/how-to/install.md"
    text = (
        "[a](../tutorial.md) [b](nowhere.md) [c](../tutorial.md#no)\n```sh\ngit kas plan list --no-such\n```\n"
    )
    assert dead_links(page, text) == ["nowhere.md", "../tutorial.md#no"]
    assert [is_understood(line) for line in typed(text)] == [False]
    assert sum(len(typed(path.read_text())) for path in DOCUMENTS) > 100
