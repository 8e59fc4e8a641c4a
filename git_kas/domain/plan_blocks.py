"""The blocks of a markdown text that matter in a plan, in order; code and comments are no blocks."""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain.plan_rules import Finding, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from markdown_it.token import Token

_FENCE_START: Final = re.compile(r"^ {0,3}(`{3,}|~{3,})[ \t]*[^\s`~]", re.MULTILINE)
_CONTAINERS: Final = frozenset({"bullet_list", "ordered_list", "blockquote"})


class BlockKind(Enum):
    """What a block is."""

    HEADING = auto()
    UNDERLINED = auto()
    PARAGRAPH = auto()
    OTHER = auto()


class Block(NamedTuple):
    """A block that begins in ``line`` (counted from 1), with its source text.

    ``level`` is that of a heading. ``depth`` counts the lists and quotations around the block. ``starts_item``
    marks the first paragraph of a list item.
    """

    kind: BlockKind
    line: int
    text: str = ""
    level: int = 0
    depth: int = 0
    starts_item: bool = False


class Blocks(NamedTuple):
    """The blocks of a text, and what is wrong with its markdown."""

    blocks: Sequence[Block]
    findings: Sequence[Finding]


def read_blocks(text: str) -> Blocks:
    """Take a markdown text apart, as CommonMark says."""
    from markdown_it import MarkdownIt

    markdown = MarkdownIt("commonmark").disable("reference")
    markdown.core.ruler.enableOnly(["normalize", "block"])
    tokens = markdown.parse(text)
    return Blocks(list(_blocks(tokens)), [finding for token in tokens for finding in _findings(token)])


def _blocks(tokens: Sequence[Token]) -> Iterator[Block]:
    depth, before = 0, ""
    for position, token in enumerate(tokens):
        container, _, step = token.type.rpartition("_")
        line = token.map[0] + 1 if token.map else 0
        if container in _CONTAINERS:
            depth += 1 if step == "open" else -1
        elif token.type == "heading_open":
            kind = BlockKind.HEADING if token.markup.startswith("#") else BlockKind.UNDERLINED
            yield Block(kind, line, tokens[position + 1].content, int(token.tag[1:]), depth)
        elif token.type == "paragraph_open":
            starts_item = before == "list_item_open"
            content = tokens[position + 1].content
            yield Block(BlockKind.PARAGRAPH, line, content, depth=depth, starts_item=starts_item)
        elif not token.nesting and token.map and token.type != "inline":
            yield Block(BlockKind.OTHER, line, depth=depth)
        before = token.type


def _findings(token: Token) -> Iterator[Finding]:
    if token.map is None or token.level:
        return
    first, end = token.map
    if token.type == "html_block" and token.content.lstrip().startswith("<!--") and "-->" not in token.content:
        yield Finding(first + 1, Rule.UNCLOSED_BLOCK, "this comment has no end; write '-->' where it ends")
    if token.type != "fence":
        return
    if end - first < _line_count(token.content) + 2:
        yield Finding(
            first + 1, Rule.UNCLOSED_BLOCK, f"this code fence has no end; write '{token.markup}' where it ends"
        )
    for start in _FENCE_START.finditer(token.content):
        if start.group(1).startswith(token.markup):
            line = first + 2 + token.content.count("\n", 0, start.start())
            message = f"a code fence begins inside that of line {first + 1}; make the outer one longer"
            yield Finding(line, Rule.NESTED_FENCE, message)
            break


def _line_count(text: str) -> int:
    return text.count("\n") + (not text.endswith("\n") and bool(text))
