"""The lines of which a shim is made.

They also run under ``sh -e`` (husky), so a command that may fail stands in a condition. The environment is left
as it is: a chained hook gets the one that Git has made.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from git_kas.domain.hooks import HookName

if TYPE_CHECKING:
    from collections.abc import Sequence

_PLACE: Final = re.compile("@([A-Z]+)@")

_INTRODUCTION: Final = """\
# Made by 'git kas hooks install'; 'git kas hooks uninstall' puts back what was here before.
# It refuses what would bring guarded files into shared history: see 'git kas guard -h'.

case $0 in */*) here=${0%/*} ;; *) here=. ;; esac
"""

# Variables that switch the magic of pathspecs off (git(1)), and objects that stand for others (git-replace(1)),
# would blind what follows. Given before the command they do not stay.
_ASK_GIT: Final = """
say() {
    printf 'git-kas: %s\\n' "$1" >&2
}

ask_git() {
    GIT_LITERAL_PATHSPECS=0 GIT_GLOB_PATHSPECS=0 GIT_NOGLOB_PATHSPECS=0 GIT_ICASE_PATHSPECS=0 \\
        GIT_NO_REPLACE_OBJECTS=1 git "$@"
}
"""

_DECIDE: Final = """
decide() {
    program=@PROGRAM@
    if [ ! -f "$program" ] || [ ! -x "$program" ]; then
        program=git-kas
    fi
    if ! command -v "$program" >/dev/null 2>&1; then
        say "Refused: guarded files may be in this, and the program git-kas that can tell is not found."
        say "Install git-kas, or put it on the PATH of this hook: $0"
        exit 1
    fi
    status=0
    "$program" guard "$@" || status=$?
    if [ "$status" -gt 1 ]; then
        say "Refused: guarded files may be in this, and '$program guard' could not look (exit status $status)."
        say "Mend what it says above; 'git kas doctor' may know more."
    fi
    if [ "$status" -ne 0 ]; then
        exit "$status"
    fi
}
"""

_STAGED: Final = """
check() {
    ask_git diff --cached --quiet --diff-filter=d --no-renames --no-ext-diff --no-relative \\
        --ignore-submodules=none -- @SPECS@ || decide --staged
}

check
"""

# What the chained hook has staged counts as well.
_CHAIN_COMMIT: Final = """
chained=$here/@CHAINED@
if [ @TEST@ "$chained" ] && [ ! -d "$chained" ]; then
    @RUN@"$chained" "$@" || exit $?
    check
fi
"""

_LINES_FROM_INPUT: Final = """
if ! lines=$(cat); then
    say "Refused: the refs could not be read from standard input."
    exit 1
fi
"""
_LINES_FROM_ARGUMENTS: Final = """
lines="$2 $3 $1"
"""

# The lines are given as here-documents: printf is a program of its own for some shells (mksh, that of OpenBSD),
# and with many refs cannot be started, after which everything would read an empty input.
# diff-tree prints what is no object name as it is, so the words come out only if all that should stand before
# them was read to its end; whatever else comes out is a guarded path, or something that is not understood.
# Commits come first: one of the second part gets another parent there, and a root would keep it.
_LOOK: Final = """
refs() {
    LC_ALL=C sed @NORMALIZE@ -e '/^[^ ]* 00* /d' "$@" <<LINES || echo 'not read'
$lines
LINES
}

commits() {
    refs @COMMITS@ |
        ask_git rev-list --parents --stdin --not @KNOWN@ && echo commits
}

tips() {
    refs @TIPS@ |
        ask_git cat-file --batch-check='%(objectname)' && echo tips && echo compared
}

look() {
    found=$({ commits | cut -d ' ' -f 1,2 && tips | LC_ALL=C sed @PAIRS@; } |
        ask_git diff-tree --stdin --root -r --no-renames --no-ext-diff --no-relative --diff-filter=d \\
            --ignore-submodules=none --no-commit-id --name-only -- @SPECS@)
}

if [ -n "$lines" ]; then
    if ! look 2>/dev/null || [ "$found" != 'commits
tips compared' ]; then
        decide @MODE@ <<LINES || exit $?
$lines
LINES
    fi
fi
"""

_CHAIN_WITH_INPUT: Final = """
chained=$here/@CHAINED@
if [ @TEST@ "$chained" ] && [ ! -d "$chained" ]; then
    if [ -n "$lines" ]; then
        @RUN@"$chained" "$@" <<LINES || exit $?
$lines
LINES
    else
        @RUN@"$chained" "$@" </dev/null || exit $?
    fi
fi
"""
_CHAIN_WITH_ARGUMENTS: Final = """
chained=$here/@CHAINED@
if [ @TEST@ "$chained" ] && [ ! -d "$chained" ]; then
    @RUN@"$chained" "$@" || exit $?
fi
"""

# sed: 'old new ref'; from the right, as a local ref may be an expression with blanks in it (githooks(5)).
_PUSH_LINES: Final = r"-e 's/^.* \([^ ]*\) \([^ ]*\) \([^ ]*\)$/\3 \1 \2/'"
_NEW: Final = r"-e 's/^[^ ]* \([^ ]*\) .*$/\1/'"
_NEW_WITHOUT_OLD: Final = r"""-e 's/^00* \([^ ]*\) .*$/\1/' -e 's/^\([^ ]*\) \([^ ]*\) .*$/\2\
^\1/'"""
_TIPS: Final = r"""-e 's/^00* \([^ ]*\) /\1 \1 /' -e 's/^\([^ ]*\) \([^ ]*\) .*$/\2^{commit}\
\1^{commit}/'"""
_PAIRS: Final = (
    r"-e N -e 's/\n/ /' -e '/^[0-9a-f]* [0-9a-f]*$/b' -e '/^tips compared$/b' -e 's/.*/not understood/'"
)


def body(hook: HookName, specs: Sequence[str], *, program: str, chained: str, run: str) -> str:
    """The script of ``hook`` after its first lines.

    ``specs`` are the pathspecs of what is guarded, ``run`` what stands before the chained hook; empty: nothing,
    so that it has to be executable.
    """
    values = {
        "PROGRAM": quoted(program),
        "SPECS": " ".join(quoted(spec) for spec in specs),
        "CHAINED": chained,
        "TEST": "-f" if run.startswith("sh -e ") else "-x",
        "RUN": run,
        **_PUSH_VALUES.get(hook, {}),
    }
    return _PLACE.sub(lambda place: values[place[1]], "".join(_PARTS[hook]))


def quoted(text: str) -> str:
    """One word for a POSIX shell."""
    return "'" + text.replace("'", "'\\''") + "'"


_SERVER_VALUES: Final = {
    "NORMALIZE": "",
    "COMMITS": _NEW,
    "KNOWN": "--branches --tags",
    "TIPS": _TIPS,
    "PAIRS": _PAIRS,
    "MODE": "--stdin",
}
_PUSH_VALUES: Final = {
    HookName.PRE_PUSH: {
        "NORMALIZE": _PUSH_LINES,
        "COMMITS": _NEW_WITHOUT_OLD,
        "KNOWN": '--remotes="$remote"',
        "TIPS": _TIPS,
        "PAIRS": _PAIRS,
        "MODE": '--push "$remote"',
    },
    HookName.PRE_RECEIVE: _SERVER_VALUES,
    HookName.UPDATE: _SERVER_VALUES,
}
_START: Final = (_INTRODUCTION, _ASK_GIT, _DECIDE)
_PARTS: Final = {
    HookName.PRE_COMMIT: (*_START, _STAGED, _CHAIN_COMMIT),
    HookName.PRE_MERGE_COMMIT: (*_START, _STAGED, _CHAIN_COMMIT),
    HookName.PRE_PUSH: (*_START, "\nremote=$1\n", _LINES_FROM_INPUT, _LOOK, _CHAIN_WITH_INPUT),
    HookName.PRE_RECEIVE: (*_START, _LINES_FROM_INPUT, _LOOK, _CHAIN_WITH_INPUT),
    HookName.UPDATE: (*_START, _LINES_FROM_ARGUMENTS, _LOOK, _CHAIN_WITH_ARGUMENTS),
}
