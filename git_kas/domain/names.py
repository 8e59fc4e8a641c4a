"""Names of plans, branches, topics and objects: validated when they are made, so never afterwards.

Each name is a ``str`` subclass; holding one means that the text has passed its rule.
"""

from __future__ import annotations

import re
from typing import Final, Self

from git_kas.errors import InvalidName

PLAN_SUFFIX: Final = ".md"
BRANCH_PREFIX: Final = "plan/"

# Longer names could not carry a signal prefix and still be one file name of 255 bytes (ORIGIN 3.1).
_PLAN_NAME_BYTES: Final = 200
_TOPIC_CHARACTERS: Final = 200

_USUAL_PLAN_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,180}\.md")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_DATE_PREFIX: Final = re.compile(r"\d{4}-\d{2}-\d{2}-")
_NOT_IN_SLUG: Final = re.compile(r"[^a-z0-9]+")
_NOT_IN_REF: Final = re.compile(r"[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//")
_OBJECT_ID: Final = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


class PlanName(str):
    """The key of a plan: one path segment that ends in ``.md``, such as ``2026-02-28-rate-limit.md``."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:  # noqa: D102
        problem = "" if _USUAL_PLAN_NAME.fullmatch(text) else _plan_name_problem(text)
        if problem:
            raise InvalidName(
                f"{text!r} is no plan name: {problem}.",
                next_step="A plan name is one file name that ends in '.md'.",
            )
        return super().__new__(cls, text)

    @property
    def key(self) -> str:
        """The name without ``.md``."""
        return self.removesuffix(PLAN_SUFFIX)

    @property
    def display_name(self) -> str:
        """The name without ``.md`` and without a leading ``YYYY-MM-DD-``."""
        return _DATE_PREFIX.sub("", self.key, count=1) if _DATE_PREFIX.match(self.key) else self.key

    @property
    def slug(self) -> str:
        """The display name in ``a-z0-9`` and single hyphens; empty where it has no such character."""
        return slugify(self.display_name)

    @property
    def default_branch(self) -> BranchName:
        """The branch a plan gets when nobody names one: ``plan/<slug>``."""
        return BranchName(BRANCH_PREFIX + (self.slug or "plan"))


class BranchName(str):
    """A local branch, named without ``refs/heads/``; the rules are those of git-check-ref-format(1)."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:  # noqa: D102
        problem = _branch_name_problem(text)
        if problem:
            raise InvalidName(
                f"{text!r} is no branch name: {problem}.",
                next_step="See git-check-ref-format(1) for the rules.",
            )
        return super().__new__(cls, text)

    @property
    def ref(self) -> str:
        """The full name of the reference."""
        return f"refs/heads/{self}"


class TopicName(str):
    """A label that plans share: one line of up to 200 characters that is not blank."""

    __slots__ = ()

    def __new__(cls, text: str) -> Self:  # noqa: D102
        if not text.strip() or _CONTROL.search(text) or len(text) > _TOPIC_CHARACTERS or not _is_unicode(text):
            raise InvalidName(
                f"{text!r} is no topic name.",
                next_step=f"A topic is one line of 1 to {_TOPIC_CHARACTERS} characters.",
            )
        return super().__new__(cls, text)


class ObjectId(str):
    """The full name of a Git object: 40 (SHA-1) or 64 (SHA-256) lower-case hexadecimal digits.

    Readers that get names from Git itself build it with :meth:`trusted`, which does not check.
    """

    __slots__ = ()

    def __new__(cls, text: str) -> Self:  # noqa: D102
        if not _OBJECT_ID.fullmatch(text):
            raise InvalidName(
                f"{text!r} is no full object name.", next_step="'git rev-parse' prints the full name."
            )
        return super().__new__(cls, text)

    @classmethod
    def trusted(cls, text: str) -> Self:
        """The same without a check, for names that Git printed."""
        return super().__new__(cls, text)


def slugify(text: str) -> str:
    """Lower-case ``text``, every run of characters other than ``a-z0-9`` as one hyphen, none at the ends."""
    return _NOT_IN_SLUG.sub("-", text.lower()).strip("-")


def plan_name_from_argument(argument: str) -> PlanName:
    """The plan that a person or agent means: a bare key, with ``.md``, or with a path before it.

    Raises:
        InvalidName: what remains is no plan name.
    """
    name = re.split(r"[/\\]", argument)[-1]
    return PlanName(name if name.endswith(PLAN_SUFFIX) else name + PLAN_SUFFIX)


def relative_folder(text: str) -> str:
    """A folder inside a worktree, with single ``/`` between segments and none at the ends.

    Raises:
        InvalidName: it is absolute, leaves the worktree, or holds a control character.
    """
    segments = [segment for segment in text.replace("\\", "/").split("/") if segment not in {"", "."}]
    outside = text.startswith(("/", "\\")) or ".." in segments or ":" in text
    if outside or not segments or _CONTROL.search(text) or ".git" in map(str.lower, segments):
        raise InvalidName(
            f"{text!r} is no folder inside a worktree.", next_step="Use a relative path such as docs/plans."
        )
    return "/".join(segments)


def _plan_name_problem(text: str) -> str:  # noqa: PLR0911 - one line for each rule
    if not text.endswith(PLAN_SUFFIX):
        return "it does not end in '.md'"
    if text == PLAN_SUFFIX:
        return "there is nothing before '.md'"
    if "/" in text or "\\" in text:
        return "it has more than one path segment"
    if _CONTROL.search(text):
        return "it contains a control character"
    if not _is_unicode(text):
        return "it is not valid Unicode"
    if (not text.isascii() and len(text.encode()) > _PLAN_NAME_BYTES) or len(text) > _PLAN_NAME_BYTES:
        return f"it is longer than {_PLAN_NAME_BYTES} bytes"
    return ""


def _branch_name_problem(text: str) -> str:
    if text in {"", "HEAD"}:
        return "Git reserves it" if text else "it is empty"
    if text.startswith("-"):
        return "it begins with '-'"
    found = _NOT_IN_REF.search(text)
    if found:
        return f"it contains {found.group()!r}"
    if text.startswith("/") or text.endswith(("/", ".")):
        return "it begins or ends with '/' or ends with '.'"
    for component in text.split("/"):
        if component.startswith(".") or component.endswith(".lock"):
            return f"its part {component!r} begins with '.' or ends with '.lock'"
    return ""


def _is_unicode(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text)
