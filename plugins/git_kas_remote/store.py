"""The plan store on a server: each operation is one request to the server's native routes."""

from __future__ import annotations

import time
from functools import cached_property
from hashlib import sha256
from random import random
from typing import TYPE_CHECKING, Any, Final, TypeVar
from urllib.parse import quote, urlencode

from git_kas.domain.codec import (
    decode_entry,
    decode_outcome,
    decode_plan,
    decode_project,
    decode_record,
    decoding,
)
from git_kas.domain.mutation import LARGEST_BODY, LARGEST_REQUEST
from git_kas.domain.mutation_codec import decode_answer, encode_asked
from git_kas.domain.names import PlanName
from git_kas.domain.pauses import growing_pauses
from git_kas.domain.plan import ZERO_TIME, Topic
from git_kas.domain.project import live_record
from git_kas.domain.state_file import Remark, RemarkKind
from git_kas.errors import KasError, NotFound, UsageError
from git_kas.ports.store import StoreDescription
from git_kas_remote.exchange import PATIENCE, Asking
from git_kas_remote.transport import encoded

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from git_kas.domain.ledger import HistoryEntry, Outcome, PlanRecord, Run
    from git_kas.domain.lifecycle import StatusWord
    from git_kas.domain.mutation import Mutation, Request
    from git_kas.domain.plan import Plan
    from git_kas.domain.project import Project
    from git_kas_remote.transport import Transport

ValueT = TypeVar("ValueT")

_PING_PATIENCE: Final = 2.0
_EXPORT_PATIENCE: Final = 60.0
_PIECE: Final = 8 * 1024 * 1024
_SLOWEST_COMMIT: Final = 256 * 1024
"""Bytes per second of a large request that a server takes at least."""

_LONGEST_WAIT: Final = 50.0
"""Seconds that one request waits for a change; a server waits for up to 60."""


class RemoteStore:
    """The port :class:`~git_kas.ports.store.Store` over a server; from any thread."""

    def __init__(self, transport: Transport, find_project: Callable[[], str]) -> None:
        self._transport = transport
        self._find_project = find_project
        self._told: Sequence[Remark] | None = None

    @cached_property
    def _root(self) -> str:
        project = self._find_project()
        if project in {"", ".", ".."}:
            raise UsageError(
                f"A server keeps no project of the name '{project}'.",
                next_step="Set kas.project to another one.",
            )
        return f"/v1/projects/{_segment(project)}"

    # -- reading -----------------------------------------------------------------------------------------------

    def describe(self) -> StoreDescription:
        """See :class:`git_kas.ports.store.Store`; asks nobody."""
        address = self._transport.address
        return StoreDescription(address.scheme, address.base)

    def ping(self) -> None:
        """See :class:`git_kas.ports.store.Store`."""
        self._transport.ask(Asking("GET", "/v1/ping", patience=_PING_PATIENCE))

    def list_plans(self, statuses: Collection[StatusWord] = (), topic: str | None = None) -> Sequence[Plan]:
        """See :class:`git_kas.ports.store.Store`; what there is to remark comes with it."""
        asked = [("status", str(status)) for status in statuses] + (
            [("topic", topic)] if topic is not None else []
        )
        plans, self._told = self._read("/state", asked, _state)
        return plans

    def get_plan(self, name: PlanName) -> Plan:
        """See :class:`git_kas.ports.store.Store`."""
        return self._record(name).plan

    def get_content(self, name: PlanName) -> bytes | None:
        """See :class:`git_kas.ports.store.Store`."""
        asking = Asking("GET", f"{self._root}/plans/{_segment(name)}/content")
        received = self._transport.ask(asking)
        content_id = received.headers.get("Kas-Content-Id")
        if content_id == "":
            return None
        if content_id != sha256(received.body).hexdigest():  # so it is where the connection ends in the headers
            self._transport.malformed(asking, "it is not all of a text")
        return received.body

    def get_run(self, name: PlanName) -> Run | None:
        """See :class:`git_kas.ports.store.Store`."""
        return self._record(name).run

    def list_topics(self) -> Sequence[Topic]:
        """See :class:`git_kas.ports.store.Store`."""
        return self._read(
            "/topics", [], lambda told: [Topic(one["name"], one.get("created_at", ZERO_TIME)) for one in told]
        )

    def history(self, plan: PlanName | None = None, since: int = 0) -> Sequence[HistoryEntry]:
        """See :class:`git_kas.ports.store.Store`."""
        asked = ([("plan", str(plan))] if plan is not None else []) + [("since", str(since))]
        return self._read("/history", asked, lambda told: [decode_entry(entry) for entry in told["entries"]])

    def outcome_of(self, key: str) -> Outcome | None:
        """See :class:`git_kas.ports.store.Store`."""

        def outcome(told: Any) -> Outcome | None:  # noqa: ANN401 - JSON
            found = told["outcome"]
            return decode_outcome(found)._replace(replayed=True) if found is not None else None

        return self._read("/outcomes", [("key", key)], outcome)

    def changes(self, since: int, wait: float) -> int:
        """See :class:`git_kas.ports.store.Store`; the server tells as soon as there is something to tell."""
        deadline = time.monotonic() + wait
        pauses = growing_pauses(random)
        while True:
            began = time.monotonic()
            turn = min(max(deadline - began, 0.0), _LONGEST_WAIT)
            asked = [("since", str(since)), ("wait", f"{turn:.3f}" if turn else "0")]
            change = self._read("/changes", asked, _change, patience=PATIENCE + turn)
            now = time.monotonic()
            if change > since or now >= deadline:
                return change
            if now - began >= turn / 2:
                pauses = growing_pauses(random)
            else:  # it lets go of all who wait, perhaps because it ends
                time.sleep(min(deadline - now, next(pauses)))

    def remarks(self) -> Sequence[Remark]:
        """See :class:`git_kas.ports.store.Store`; those that came with the last list are not asked for."""
        told, self._told = self._told, None
        return told if told is not None else self._read("/remarks", [], _remarks)

    def export(self) -> Project:
        """See :class:`git_kas.ports.store.Store`."""
        return self._read("/export", [], decode_project, patience=_EXPORT_PATIENCE)

    def close(self) -> None:
        """See :class:`git_kas.ports.store.Store`."""
        self._transport.close()

    def _record(self, name: PlanName) -> PlanRecord:
        def record(told: Any) -> PlanRecord | None:  # noqa: ANN401 - JSON
            return decode_record(told["record"]) if told["record"] is not None else None

        return live_record(name, self._read(f"/state/{_segment(name)}", [], record))

    def _read(
        self,
        path: str,
        asked: Sequence[tuple[str, str]],
        decode: Callable[[Any], ValueT],
        patience: float = PATIENCE,
    ) -> ValueT:
        query = f"?{urlencode(asked, quote_via=quote, errors='surrogatepass')}" if asked else ""
        return self._said(Asking("GET", f"{self._root}{path}{query}", patience=patience), decode)

    def _said(self, asking: Asking, decode: Callable[[Any], ValueT]) -> ValueT:
        told = self._transport.json_of(asking)
        try:
            with decoding("it"):
                return decode(told)
        except (ValueError, RecursionError) as error:
            self._transport.malformed(asking, str(error))

    # -- writing -----------------------------------------------------------------------------------------------

    def commit(self, mutation: Mutation, request: Request) -> Outcome:
        """See :class:`git_kas.ports.store.Store`."""
        (answer,) = self.commit_all([(mutation, request)])
        if isinstance(answer, KasError):
            raise answer
        return answer

    def commit_all(self, asked: Sequence[tuple[Mutation, Request]]) -> Sequence[Outcome | KasError]:
        """See :class:`git_kas.ports.store.Store`; what no store could keep is refused here."""
        answers: list[Outcome | KasError | None] = []
        commits = []
        for mutation, request in asked:
            try:
                commits.append(encode_asked(mutation, request))
            except KasError as error:
                answers.append(error)
            else:
                answers.append(None)
        if commits:
            self._told = None
            told = iter(self._commit(commits))
            answers = [next(told) if answer is None else answer for answer in answers]
        return [answer for answer in answers if answer is not None]

    def _commit(self, commits: Sequence[dict[str, Any]]) -> list[Outcome | KasError]:
        """What the server says to each; it is asked in one request, or where that is too large in pieces."""
        body = encoded({"commits": commits}) or b""
        is_safe = all(commit["key"] for commit in commits)

        def ask(sent: bytes, patience: float = PATIENCE) -> list[Outcome | KasError]:
            asking = Asking("POST", f"{self._root}/commits", sent, patience, is_safe=is_safe)
            return self._said(asking, lambda said: _answers(said, len(commits)))

        if len(body) < LARGEST_BODY:
            return ask(body)
        if len(body) > LARGEST_REQUEST:
            raise UsageError(
                f"This is larger than {LARGEST_REQUEST // 1024**2} MiB, the most that goes to a server.",
                next_step="Import it where the server's database is.",
            )
        patience = _EXPORT_PATIENCE + len(body) / _SLOWEST_COMMIT
        try:
            return ask(self._sent_before(body), patience)
        except NotFound:  # others have used the pieces up, or a first answer to this was lost
            return ask(self._sent_before(body), patience)

    def _sent_before(self, body: bytes) -> bytes:
        """Send ``body`` in pieces; what is said instead of it."""
        ids = []
        for start in range(0, len(body), _PIECE):
            asking = Asking("POST", f"{self._root}/pieces", body[start : start + _PIECE], _EXPORT_PATIENCE)
            ids.append(self._said(asking, lambda said: str(said["id"])))
        return encoded({"pieces": ids}) or b""


def _state(told: Any) -> tuple[Sequence[Plan], Sequence[Remark] | None]:  # noqa: ANN401 - JSON
    plans = [decode_plan(plan) for plan in told["plans"]]
    return plans, _remarks(told["remarks"]) if "remarks" in told else None


def _remarks(told: Any) -> Sequence[Remark]:  # noqa: ANN401 - JSON
    return [
        Remark(RemarkKind(one["kind"]), one["text"], PlanName(one["plan"]) if one["plan"] is not None else None)
        for one in told
    ]


def _change(told: Any) -> int:  # noqa: ANN401 - JSON
    change = told["change"]
    if not isinstance(change, int):
        raise TypeError("the number of the last commit is none")
    return change


def _answers(told: Any, count: int) -> list[Outcome | KasError]:  # noqa: ANN401 - JSON
    answers = [decode_answer(answer) for answer in told["answers"]]
    if len(answers) != count:
        raise ValueError(f"{len(answers)} answers to {count} commits")
    return answers


def _segment(text: str) -> str:
    """``text`` as one segment of a path; dots are left alone by who would take them for folders."""
    return quote(text, safe="", errors="surrogatepass")
