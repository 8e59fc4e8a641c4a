"""``git kas completion``: scripts made from the table of commands and their parsers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.commands import COMMANDS, GROUPS
from git_kas.cli.parser import build_parser
from git_kas.cli.result import Result

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App

DESCRIPTION = "Print a completion script for your shell. It completes 'git kas' and 'git-kas'."
EXAMPLES = (
    ("git kas completion bash > ~/.local/share/bash-completion/completions/git-kas", "for bash"),
    ("git kas completion zsh > ~/.zsh/completions/_git-kas", "for zsh, in a folder of $fpath"),
    ("git kas completion fish > ~/.config/fish/completions/git-kas.fish", "for fish"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    parser.add_argument("shell", choices=tuple(_SCRIPTS), metavar="SHELL", help="bash, zsh or fish")


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    script = _SCRIPTS[arguments.shell](_words())
    return Result("completion", lambda: {"shell": arguments.shell, "script": script}, lambda _: script)


def _words() -> dict[str, list[str]]:
    """What may follow each word: subcommands after ``""`` and a group, options and choices after a command."""
    top = sorted({entry.words[0] for entry in COMMANDS})
    words = {"": top}
    for group in GROUPS:
        words[group] = sorted(entry.words[1] for entry in COMMANDS if entry.words[0] == group)
    for entry in COMMANDS:
        parser = build_parser(entry)
        actions = parser._actions  # noqa: SLF001 - argparse has no other way to list them
        options = [option for action in actions for option in action.option_strings if option.startswith("--")]
        choices = [
            str(choice) for action in actions if not action.option_strings for choice in action.choices or ()
        ]
        words[entry.name] = sorted(choices) + sorted(options)
    return words


def _bash(words: dict[str, list[str]]) -> str:
    cases = "".join(f"        '{key}') words='{' '.join(values)}' ;;\n" for key, values in words.items())
    return f"""# bash completion for git kas
_git_kas_words() {{
    local words
    case "$1" in
{cases}        *) words='' ;;
    esac
    printf '%s' "$words"
}}

_git_kas() {{
    local current="${{COMP_WORDS[COMP_CWORD]}}" key='' index start=1
    [ "${{COMP_WORDS[0]##*/}}" = git ] && start=2
    for ((index = start; index < COMP_CWORD; index++)); do
        case "${{COMP_WORDS[index]}}" in
            -*) ;;
            *)
                if [ -n "$(_git_kas_words "${{key:+$key }}${{COMP_WORDS[index]}}")" ]; then
                    key="${{key:+$key }}${{COMP_WORDS[index]}}"
                fi
                ;;
        esac
    done
    mapfile -t COMPREPLY < <(compgen -W "$(_git_kas_words "$key")" -- "$current")
}}
complete -o default -F _git_kas git-kas
"""


def _zsh(words: dict[str, list[str]]) -> str:
    table = "".join(f"    '{key}' '{' '.join(values)}'\n" for key, values in words.items() if key)
    return f"""#compdef git-kas
_git-kas() {{
    local -A followers
    followers=(
{table}    )
    local key='' word
    for word in ${{words[2,CURRENT-1]}}; do
        [[ $word == -* ]] && continue
        [[ -n ${{followers[${{key:+$key }}$word]}} ]] && key="${{key:+$key }}$word"
    done
    if [[ -z $key ]]; then
        compadd -- {" ".join(words[""])}
    else
        compadd -- ${{=followers[$key]}}
    fi
}}
_git-kas "$@"
"""


def _fish(words: dict[str, list[str]]) -> str:
    seen = "__fish_seen_subcommand_from"
    lines = ["# fish completion for git kas", "complete -c git-kas -f", f"complete -c git -n '{seen} kas' -f"]
    for key, values in words.items():
        parts = key.split()
        for program, guard in (("git-kas", ""), ("git", f"{seen} kas; and ")):
            if not parts:
                others = " ".join(words[""])
                condition = f"{guard}not {seen} {others}"
            else:
                condition = guard + "; and ".join(f"{seen} {part}" for part in parts)
            lines.append(f"complete -c {program} -n '{condition}' -a '{' '.join(values)}'")
    return "\n".join(lines) + "\n"


_SCRIPTS = {"bash": _bash, "zsh": _zsh, "fish": _fish}
