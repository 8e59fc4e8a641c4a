"""The table of routes: what is served, to whom, by which function, in which form. Pages are made from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.server import native, v1
from git_kas.server.access import Role
from git_kas.server.contract import OF_CHANGING, OF_MAKING, OF_READING
from git_kas.server.exchange import BYTES, JSON, MARKDOWN, Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from git_kas.server.exchange import Call
    from git_kas.server.services import Services, Snapshot

    Handler = Callable[[Call, Services], Answer]
    Reader = Callable[[Call, Snapshot], Answer]

_PLAIN: Final = "text/plain"


class Route(NamedTuple):
    """A route; ``role`` is the lowest that may use it, None for everybody, token or not.

    Each of ``{project}`` and ``{filename}`` is one percent-encoded segment of the path. ``query`` and
    ``headers`` name what may go with a request, ``body`` and ``answer`` what is sent and answered: a schema of
    :mod:`git_kas.server.contract`, or the type of what is no JSON; empty for nothing. ``streams``: who accepts
    events gets them.
    """

    method: str
    path: str
    role: Role | None
    meaning: str
    handler: Handler
    answer: str = ""
    query: Sequence[str] = ()
    headers: Sequence[str] = ()
    body: str = ""
    status: int = 200
    asks_database: bool = True
    streams: bool = False

    @property
    def operation(self) -> str:
        """A word for it that no other route has."""
        words = self.path.replace("{", "").replace("}", "").replace(".", "_").removeprefix("/v1").split("/")
        return "_".join(
            [self.method.lower(), *(word for word in words if word not in {"", "projects", "project"})]
        )


def _read(reader: Reader) -> Handler:
    """A reader whose ``ETag`` is the number of the project's last commit."""
    return lambda call, services: services.read(call, reader, by_change=True)


def _read_plan(reader: Reader) -> Handler:
    """A reader that gives its own ``ETag``, if what it reads is there."""
    return lambda call, services: services.read(call, reader, by_change=False)


def _openapi(call: Call, services: Services) -> Answer:
    from git_kas.server.openapi import document  # it is made from this table

    del call, services
    return Answer(200, document(), JSON)


_P: Final = "/v1/projects/{project}"
_F: Final = _P + "/plans/{filename}"

ROUTES: Final[Sequence[Route]] = (
    Route(
        "GET",
        "/healthz",
        None,
        "200 while the server answers; asks nothing of the database",
        v1.health,
        answer=_PLAIN,
        asks_database=False,
    ),
    Route(
        "GET",
        "/v1/ping",
        None,
        "200 and nothing while the database answers, else 503",
        v1.ping,
        answer=_PLAIN,
    ),
    Route(
        "GET",
        "/v1/version",
        Role.READ,
        "name, version and protocol of the server",
        v1.version,
        answer="Version",
        asks_database=False,
    ),
    Route(
        "GET",
        "/v1/openapi.json",
        Role.READ,
        "this table as an OpenAPI 3.1 document",
        _openapi,
        answer=JSON,
        asks_database=False,
    ),
    Route(
        "GET",
        "/metrics",
        Role.READ,
        "counters for Prometheus (text format 0.0.4); no names of projects or plans",
        v1.metrics,
        answer=_PLAIN,
        asks_database=False,
    ),
    Route(
        "GET",
        _P + "/plans",
        Role.READ,
        (
            "all plans by name, with their texts unless `content=0`; `status` (repeatable) and `topic` choose, "
            "both together intersect"
        ),
        _read(v1.list_plans),
        answer="Plans",
        query=("status", "topic", "content"),
        headers=OF_READING,
    ),
    Route(
        "POST",
        _P + "/plans",
        Role.AGENT,
        "create a plan, and the topic that it names: 201 with the stored entry",
        v1.create_plan,
        answer="Plan",
        headers=OF_MAKING,
        body="NewPlan",
        status=201,
    ),
    Route(
        "GET",
        _F,
        Role.READ,
        "one plan, with its text unless `content=0`",
        _read_plan(v1.get_plan),
        answer="Plan",
        query=("content",),
        headers=OF_READING,
    ),
    Route(
        "PUT",
        _F,
        Role.AGENT,
        "replace an entry, with its text if there is a `content`: the stored entry",
        v1.put_plan,
        answer="Plan",
        headers=OF_CHANGING,
        body="PlanValues",
    ),
    Route(
        "DELETE",
        _F,
        Role.USER,
        "take a plan off the list; all about it is kept: 204",
        v1.remove_plan,
        headers=OF_CHANGING,
        status=204,
    ),
    Route(
        "GET",
        _F + "/content",
        Role.READ,
        "the text; `Kas-Content-Id` is its SHA-256, empty where there is none",
        _read_plan(v1.get_content),
        answer=MARKDOWN,
        headers=OF_READING,
    ),
    Route(
        "PUT",
        _F + "/content",
        Role.AGENT,
        "replace the text by the body",
        v1.put_content,
        answer=_PLAIN,
        headers=OF_CHANGING,
        body=MARKDOWN,
    ),
    Route(
        "POST",
        _F + "/rename",
        Role.AGENT,
        "give it another name: `new_filename`; history follows",
        v1.rename_plan,
        answer=_PLAIN,
        headers=OF_CHANGING,
        body="NewName",
    ),
    Route(
        "POST",
        _F + "/transition",
        Role.AGENT,
        "apply an event of the lifecycle: `event`, `note`; the stored entry",
        v1.transition_plan,
        answer="Plan",
        headers=OF_CHANGING,
        body="Move",
    ),
    Route(
        "GET",
        _F + "/history",
        Role.READ,
        "what happened to the plan, removed ones too, after the change `since`",
        _read_plan(v1.plan_history),
        answer="Entries",
        query=("since",),
        headers=OF_READING,
    ),
    Route(
        "GET",
        _P + "/topics",
        Role.READ,
        "all topics by name",
        _read(v1.list_topics),
        answer="Topics",
        headers=OF_READING,
    ),
    Route(
        "POST",
        _P + "/topics",
        Role.AGENT,
        "create a topic: 201",
        v1.create_topic,
        answer="Topic",
        headers=OF_MAKING,
        body="Topic",
        status=201,
    ),
    Route(
        "GET",
        _P + "/changes",
        Role.READ,
        (
            "the number of the last commit, once it is greater than `since` or after `wait` (up to 60) "
            "seconds; a stream of them to who accepts `text/event-stream`"
        ),
        v1.changes,
        answer="Change",
        query=("since", "wait"),
        headers=("Last-Event-ID",),
        streams=True,
    ),
    Route(
        "GET",
        _P + "/state",
        Role.READ,
        "change number, all plans as `git kas export` has them, and remarks; `status`, `topic` choose",
        _read(native.state),
        answer="State",
        query=("status", "topic"),
        headers=OF_READING,
    ),
    Route(
        "GET",
        _P + "/state/{filename}",
        Role.READ,
        "change number, and a plan with its run",
        _read_plan(native.state_of_plan),
        answer="StateOfPlan",
        headers=OF_READING,
    ),
    Route(
        "GET",
        _P + "/history",
        Role.READ,
        "change number and history of the project, or of `plan`, after the change `since`",
        _read_plan(native.history),
        answer="History",
        query=("plan", "since"),
        headers=OF_READING,
    ),
    Route(
        "GET",
        _P + "/outcomes",
        Role.READ,
        "what was committed under an idempotency `key`",
        native.outcomes,
        answer="Found",
        query=("key",),
    ),
    Route(
        "GET",
        _P + "/remarks",
        Role.READ,
        "what there is to say about stored state",
        _read(native.remarks),
        answer="Remarks",
        headers=OF_READING,
    ),
    Route(
        "GET",
        _P + "/export",
        Role.READ,
        "everything, as `git kas export` has it",
        native.export,
        answer="Export",
    ),
    Route(
        "POST",
        _P + "/commits",
        Role.AGENT,
        "commit mutations in order as one durable step: an answer for each; `pieces` names a body sent before",
        native.commits,
        answer="Answers",
        body="Commits",
    ),
    Route(
        "POST",
        _P + "/pieces",
        Role.USER,
        "keep the body, a piece of a request that is too large for one: its `id`",
        native.keep_piece,
        answer="Piece",
        body=BYTES,
    ),
)
