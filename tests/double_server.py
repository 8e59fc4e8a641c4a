"""A stand-in for ``git kas serve`` in tests: the native routes over memory stores, on a real socket."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from threading import Event, Lock, Thread
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote

from waitress.server import create_server

from git_kas.domain.codec import encode_entry, encode_outcome, encode_plan, encode_project, encode_record
from git_kas.domain.ledger import PlanRecord
from git_kas.domain.lifecycle import read_status
from git_kas.domain.mutation_codec import decode_asked, encode_answer, encode_error
from git_kas.domain.names import PlanName
from git_kas.errors import KasError, NotFound
from git_kas.ports.clock import Clock
from git_kas.ports.memory_store import MemoryStore

Environ = dict[str, Any]
Wsgi = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]
OWN = {"Kas-Protocol": "1"}


class Seen(NamedTuple):
    """A request that arrived."""

    method: str
    path: str
    headers: Mapping[str, str]


class Reply(NamedTuple):
    """What is answered."""

    status: int
    body: bytes
    headers: Mapping[str, str] = {}


class Double:
    """The application; ``seen`` are its requests. ``instead`` may answer in its place, or return None."""

    def __init__(self, clock: Clock) -> None:
        self.seen: list[Seen] = []
        self.instead: Callable[[Seen], Reply | None] = lambda _: None
        self.url = ""
        self._clock = clock
        self._stores: dict[str, MemoryStore] = {}
        self._making = Lock()

    def store(self, project: str) -> MemoryStore:
        with self._making:
            return self._stores.setdefault(project, MemoryStore(self._clock))

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> list[bytes]:
        uri = environ["REQUEST_URI"]
        headers = {name[5:].replace("_", "-").title(): environ[name] for name in environ if name[:5] == "HTTP_"}
        seen = Seen(environ["REQUEST_METHOD"], uri, headers)
        self.seen.append(seen)
        body = environ["wsgi.input"].read()
        reply = self.instead(seen) or self._reply(seen, body)
        start_response(f"{reply.status} It is so", list({**OWN, **reply.headers}.items()))
        return [reply.body]

    def _reply(self, seen: Seen, body: bytes) -> Reply:
        path, _, query = seen.path.partition("?")
        try:
            return self._answer(path, parse_qs(query, keep_blank_values=True, errors="surrogatepass"), body)
        except KasError as error:
            told = encode_error(error)
            document = {"error": told["message"], "code": told["code"], "next": told["next"]}
            return Reply(error.http_status or 500, json.dumps(document).encode())

    def _answer(self, path: str, query: dict[str, list[str]], body: bytes) -> Reply:
        if path == "/v1/ping":
            return Reply(200, b"")
        _, version, projects, project, *rest = [
            unquote(part, errors="surrogatepass") for part in path.split("/")
        ]
        assert (version, projects) == ("v1", "projects")
        store = self.store(project)
        match rest:
            case ["plans", name, "content"]:
                text = store.get_content(PlanName(name))
                content_id = store.get_plan(PlanName(name)).content_id if text is not None else ""
                return Reply(200, text or b"", {"Kas-Content-Id": content_id})
            case ["commits"]:
                answers = store.commit_all([decode_asked(one) for one in json.loads(body)["commits"]])
                return Reply(
                    200, json.dumps({"answers": [encode_answer(answer) for answer in answers]}).encode()
                )
            case _:
                return Reply(200, json.dumps(_read(store, rest, query)).encode())


def _read(store: MemoryStore, rest: list[str], query: dict[str, list[str]]) -> Any:  # noqa: PLR0911 - a route each
    def one(name: str, default: str = "") -> str:
        return query.get(name, [default])[0]

    match rest:
        case ["state"]:
            statuses = [read_status(word) for word in query.get("status", [])]
            plans = store.list_plans(statuses, one("topic") if "topic" in query else None)
            return {
                "change": store.changes(0, 0),
                "plans": [encode_plan(plan) for plan in plans],
                "remarks": [],
            }
        case ["state", name]:
            plan = store.get_plan(PlanName(name))
            record = PlanRecord(plan, "?", store.get_run(PlanName(name)))
            return {"change": store.changes(0, 0), "record": encode_record(record)}
        case ["history"]:
            plan_name = PlanName(one("plan")) if "plan" in query else None
            entries = store.history(plan_name, int(one("since", "0")))
            return {"change": store.changes(0, 0), "entries": [encode_entry(entry) for entry in entries]}
        case ["outcomes"]:
            outcome = store.outcome_of(one("key"))
            return {"outcome": encode_outcome(outcome) if outcome else None}
        case ["remarks"]:
            return []
        case ["topics"]:
            return [topic._asdict() for topic in store.list_topics()]
        case ["changes"]:
            return {"change": store.changes(int(one("since", "0")), float(one("wait", "0")))}
        case ["export"]:
            return encode_project(store.export())
    raise NotFound(f"not found: {rest}.", next_step="")


@contextmanager
def served(app: Wsgi) -> Iterator[str]:
    """Serve ``app`` on a port of its own until the context ends; its URL."""
    server = create_server(app, host="127.0.0.1", port=0, threads=24, clear_untrusted_proxy_headers=True)
    closing = Event()

    def serve() -> None:
        try:
            server.run()
        except OSError:
            # The loop may be in select() on the very socket that is being closed.
            if not closing.is_set():
                raise

    thread = Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.effective_port}"
    finally:
        closing.set()
        server.close()
        thread.join(10)


@contextmanager
def double_server(clock: Clock) -> Iterator[Double]:
    """A stand-in that runs."""
    double = Double(clock)
    with served(double) as url:
        double.url = url
        yield double
