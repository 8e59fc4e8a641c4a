"""What the templates say is what the code's tables say, in the forms that Claude Code and opencode read."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from git_kas.cli.commands import COMMANDS
from git_kas.domain import agent_texts
from git_kas.domain.agent_files import ROLES, SLASH_COMMANDS, TEMPLATES, Harness, agent_files
from git_kas.domain.agent_texts import filled, placeholders, values_of_tables
from git_kas.domain.jsonc import parse
from git_kas.domain.lifecycle import USER_ONLY, Event, Status
from git_kas.domain.signals import SIGNAL_FORMS, WRONG_PREFIXES
from git_kas.domain.triage import FLAG_MEANINGS
from git_kas.errors import error_types
from plan_commands import Plans
from scaffold.texts import COMMAND, Text, written_texts

TEMPLATE_FOLDER = Path(agent_texts.__file__).parents[1] / "templates"
SOURCES = {name: (TEMPLATE_FOLDER / f"{name}.md").read_text() for name in TEMPLATES}
CLAUDE_AGENT = {"name", "description", "tools"}
CLAUDE_COMMAND = {"description", "argument-hint", "allowed-tools", "disable-model-invocation"}
OPENCODE_AGENT = {"description", "mode", "temperature"}
OPENCODE_COMMAND = {"description", "agent"}
KEYS = {
    ".claude/agents": CLAUDE_AGENT,
    ".claude/commands": CLAUDE_COMMAND,
    ".opencode/agents": OPENCODE_AGENT,
    ".opencode/commands": OPENCODE_COMMAND,
}


@pytest.fixture
def texts(place: Plans) -> list[Text]:
    """Everything that is written for both."""
    place.out("setup", "claude")
    place.out("setup", "opencode")
    return written_texts(place.path)


def known(words: str) -> bool:
    """Whether ``words`` begin with a command of git kas."""
    names = {entry.name for entry in COMMANDS}
    return any(words == name or words.startswith(f"{name} ") for name in names)


def test_every_file_is_a_template_of_the_table_and_every_placeholder_has_a_value() -> None:
    on_disk = {str(path.relative_to(TEMPLATE_FOLDER))[:-3] for path in TEMPLATE_FOLDER.rglob("*.md")}
    assert {name for name in on_disk if not name.startswith("prompts/")} == set(TEMPLATES)
    asked = set().union(*map(placeholders, SOURCES.values()))
    assert asked <= set(values_of_tables("docs/plans")) | {"shared_rules"}


def test_a_name_that_the_tables_do_not_have_is_an_error() -> None:
    with pytest.raises(KeyError, match=r"event\.review_start"):
        filled("{{event.review_start}}", values_of_tables("docs/plans"))


def test_no_template_writes_a_word_of_the_tables_by_hand() -> None:
    words = {*Event, *(form.word for form in SIGNAL_FORMS), *FLAG_MEANINGS} - {
        "locked",
        "protected",
        "detached",
    }
    for name, source in SOURCES.items():
        assert [word for word in sorted(words) if re.search(rf"\b{word}\b", without_placeholders(source))] in (
            [],
            ["cancel"],
            ["operation"],
        ), name


def without_placeholders(source: str) -> str:
    return re.sub(r"\{\{[^}]*\}\}", "", source)


def test_a_renamed_event_reaches_the_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    renamed = [form._replace(word="verdict_good") if "approved" in form.word else form for form in SIGNAL_FORMS]
    monkeypatch.setattr(agent_texts, "SIGNAL_FORMS", renamed)
    with pytest.raises(KeyError, match=r"signal\.review_approved"):
        agent_files(Harness.CLAUDE, SOURCES, "docs/plans")


def test_the_texts_say_what_the_tables_say(texts: list[Text]) -> None:
    by_path = {text.path: text.body for text in texts}
    custodial = by_path[".claude/agents/custodial.md"]
    assert all(f"`{event}`" in custodial for event in Event)
    assert all(f"- {error.exit_status}: " in custodial for error in error_types())
    assert all(f"`{status}`" in by_path[".opencode/commands/kas.reset-plan.md"] for status in Status)
    assert all(f"`{flag}`" in by_path[".claude/commands/kas.triage.md"] for flag in FLAG_MEANINGS)
    for role in ("planner", "coder", "reviewer"):
        assert all(f"`{event}`" in by_path[f".claude/agents/{role}.md"] for event in USER_ONLY)
    assert not any("{{" in body or "}}" in body for body in by_path.values())


def test_the_faults_of_the_earlier_texts_are_not_there(texts: list[Text]) -> None:
    for text in texts:
        assert not any(wrong in text.body for wrong in WRONG_PREFIXES)
        assert not re.search(
            r"review_start|in_progress|git checkout|kq |rm -|branch -[dD]|--force\b", text.body
        )
        assert "edit `plan-state.json`" not in text.body or "ever edit `plan-state.json`" in text.body


def test_the_front_matter_is_of_the_documented_form(texts: list[Text]) -> None:
    assert len(texts) == 2 * (len(ROLES) + len(SLASH_COMMANDS))
    for text in texts:
        folder, name = text.path.rsplit("/", 1)
        assert set(text.about) <= KEYS[folder], text.path
        assert 20 < len(text.about["description"]) < 120
        if folder == ".claude/agents":
            assert text.about["name"] == name.removesuffix(".md")
        if folder == ".opencode/commands":
            assert f".opencode/agents/{text.about['agent']}.md" in {other.path for other in texts}
        if folder.endswith("commands"):
            assert text.body.count("$ARGUMENTS") == 1


def test_only_what_looks_may_run_unasked(texts: list[Text]) -> None:
    changing = {"--execute", "reset-plan", "transition", "finish", "implement", "apply", "set-status"}
    for text in texts:
        for allowed in re.findall(r"Bash\(([^)]*)\)", text.about.get("allowed-tools", "")):
            assert allowed.startswith(COMMAND)
            line = allowed.removeprefix(COMMAND).removesuffix(":*")
            assert known(line)
            assert changing.isdisjoint(line.split())
            assert allowed != "git kas cleanup:*"  # with --execute it removes


def test_opencode_permissions_name_real_commands_and_let_the_last_rule_win(place: Plans) -> None:
    place.out("setup", "opencode")
    agents = parse((place.path / ".opencode/opencode.jsonc").read_text()).value["agent"]
    assert set(agents) == {role.name for role in ROLES}
    for name, agent in agents.items():
        permission = agent["permission"]
        assert set(permission) == {"edit", "bash", "external_directory"}
        rules = list(permission["bash"])
        assert rules[0] == "*"
        for pattern in rules:
            if pattern.startswith(COMMAND):
                assert known(pattern.removeprefix(COMMAND).split(" *")[0].rstrip("*"))
        assert permission["bash"]["git kas reset-plan *"] == ("ask" if name == "custodial" else "deny")
    assert agents["reviewer"]["permission"]["edit"] == {"*": "deny"}
    assert agents["planner"]["permission"]["edit"] == {"*": "deny", "docs/plans/*": "allow"}
    assert agents["coder"]["permission"]["edit"] == "allow"


def test_commands_stand_in_code_only_and_slash_commands_exist(texts: list[Text]) -> None:
    names = {command.name for command in SLASH_COMMANDS}
    for text in texts:
        assert COMMAND not in text.prose(), text.path
        assert set(re.findall(r"/(kas\.[a-z-]+)", text.body)) <= names
        assert list(text.commands()), text.path
