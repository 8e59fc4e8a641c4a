"""``git kas plan topic``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from git_kas.cli.plan_options import add_writing, request_of
from git_kas.cli.plan_view import plan_data
from git_kas.cli.result import Result
from git_kas.cli.style import printable, render_table
from git_kas.domain.mutation import CreateTopic, Update
from git_kas.domain.names import TopicName, plan_name_from_argument
from git_kas.errors import UsageError

if TYPE_CHECKING:
    import argparse

    from git_kas.app import App

DESCRIPTION = (
    "List the topics; or set the topic of a plan, or take it away. Plans of one topic are expected to\n"
    "touch the same code. A topic is created when it is first used, or with --create."
)
EXAMPLES = (
    ("git kas plan topic", "all topics and how many plans have them"),
    ("git kas plan topic rate-limit api", "the plan belongs to the topic api"),
    ("git kas plan topic rate-limit --none", "it belongs to none"),
    ("git kas plan topic --create billing", "a topic without a plan yet"),
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """See :class:`git_kas.cli.result.Command`."""
    parser.add_argument("plan", nargs="?", metavar="PLAN", help="a plan, with or without folder and .md")
    parser.add_argument("topic", nargs="?", metavar="TOPIC", help="its new topic")
    parser.add_argument("--none", action="store_true", help="take the plan's topic away")
    parser.add_argument("--create", metavar="TOPIC", help="create a topic")
    add_writing(parser)


def run(app: App, arguments: argparse.Namespace) -> Result:
    """See :class:`git_kas.cli.result.Command`."""
    if arguments.create:
        if arguments.plan:
            raise UsageError("--create takes no plan.", next_step="Create the topic by giving it to the plan.")
        app.store.commit(CreateTopic(TopicName(arguments.create)), request_of(app, arguments))
        return _list(app)
    if not arguments.plan and not arguments.none:
        return _list(app)
    if not arguments.plan or arguments.none == bool(arguments.topic):
        raise UsageError("Name a plan, and its topic or --none.", next_step="See 'git kas plan topic -h'.")
    topic = TopicName(arguments.topic) if arguments.topic else ""
    name = plan_name_from_argument(arguments.plan)
    asked = Update(name, topic=topic, if_revision=arguments.if_revision)
    plan = app.store.commit(asked, request_of(app, arguments)).plan or app.store.get_plan(name)
    data = {"plan": plan_data(plan), "topics": None}
    text = f"{printable(name)}: {'topic ' + printable(topic) if topic else 'no topic'}\n"
    return Result("plan.topic", lambda: data, lambda _: text)


def _list(app: App) -> Result:
    topics = app.store.list_topics()
    counts = {topic.name: 0 for topic in topics}
    for plan in app.store.list_plans():
        if plan.topic:
            counts[plan.topic] = counts.get(plan.topic, 0) + 1
    data = [
        {"name": topic.name, "created_at": topic.created_at, "plans": counts[topic.name]} for topic in topics
    ]
    rows = [(topic.name, str(counts[topic.name]), topic.created_at) for topic in topics]
    return Result(
        "plan.topic",
        lambda: {"plan": None, "topics": data},
        lambda style: render_table(("topic", "plans", "created at"), rows, style) if rows else "No topics.\n",
    )
