"""What handlers work through: one host of plan stores, and what makes asking it cheap."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from threading import Lock, Semaphore
from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain.binding import check_binding
from git_kas.domain.mutation import LARGEST_REQUEST, Author, Request
from git_kas.errors import Busy, KasError, NotAllowed, PreconditionRequired, UsageError
from git_kas.ports.store_host import Asked, NotAtOnce
from git_kas.server.access import acting
from git_kas.server.caches import AnswerCache, ContentCache, EntryCache
from git_kas.server.exchange import Answer, etag, is_known
from git_kas.server.hub import Hub
from git_kas.server.metrics import Metrics
from git_kas.server.writer import GroupWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from git_kas.domain.ledger import Outcome
    from git_kas.domain.mutation import Mutation
    from git_kas.ports.store import Store
    from git_kas.ports.store_host import Moment, StoreHost
    from git_kas.server.exchange import Call

MOST_WATCHERS: Final = 512
_ANSWER_BYTES: Final = 64 * 1024**2
_CONTENT_BYTES: Final = 32 * 1024**2
_ENTRY_BYTES: Final = 32 * 1024**2
_READERS: Final = 8
_PATIENCE: Final = 30.0
_MOST_BOUND: Final = 10_000
_NOT_MODIFIED: Final = 304
_ALWAYS_ASK: Final = ("Cache-Control", "private, no-cache")


class Snapshot(NamedTuple):
    """A project as its readers find it, at one moment; ``change`` is the number of its last commit."""

    store: Store
    change: int
    contents: ContentCache
    entries: EntryCache


class Services:
    """One host of plan stores, shared by all requests.

    ``read_only`` refuses every mutation, ``strict`` those that would replace what their sender may not have
    seen. ``gate`` lets only a few threads read at a time: many at once get less
    done together (LIBRARIES, recipes).
    """

    def __init__(
        self,
        host: StoreHost,
        *,
        most_watchers: int = MOST_WATCHERS,
        read_only: bool = False,
        strict: bool = False,
    ) -> None:
        self.host = host
        self.metrics = Metrics()
        self.hub = Hub(host, most_watchers)
        self._writer = GroupWriter(host.commit_all, self.hub.tell, self.metrics.committed)
        self._answers = AnswerCache(_ANSWER_BYTES)
        self._contents = ContentCache(_CONTENT_BYTES)
        self._entries = EntryCache(_ENTRY_BYTES)
        self.gate = Semaphore(_READERS)
        self._read_only = read_only
        self._assembling = Lock()
        self._strict = strict
        self._bound: dict[str, str] = {}

    def close(self) -> None:
        """Commit what was asked for, let go of who waits, and close the host."""
        self._writer.close()
        self.hub.close()
        self.host.close()

    # -- writing ---------------------------------------------------------------------------------------------

    def commit(self, call: Call, mutation: Mutation, note: str = "") -> Outcome:
        """Commit one mutation in the way that the request's headers say.

        Raises:
            KasError: as :meth:`git_kas.ports.store.Store.commit` does; NotAllowed where nothing may be written.
        """
        author = Author(acting(call.grant, call.header("Kas-Actor")), call.header("Kas-By") or call.grant.name)
        request = Request(author, call.header("Idempotency-Key"), note)
        (answer,) = self.commit_all([Asked(call.project, mutation, request, call.repository())])
        if isinstance(answer, KasError):
            raise answer
        return answer

    def commit_all(self, asked: Sequence[Asked]) -> Sequence[Outcome | KasError]:
        """Commit in order, as one durable step.

        Raises:
            KasError: as :meth:`git_kas.ports.store_host.StoreHost.commit_all` does; NotAllowed as above.
        """
        self._expect_writable()
        return self._writer.commit_all(asked) if asked else ()

    def keep_piece(self, project: str, piece: bytes) -> str:
        """Keep a piece of a large request; its id.

        Raises:
            KasError: as :meth:`git_kas.ports.store_host.StoreHost.keep_piece` does; NotAllowed as above.
        """
        self._expect_writable()
        with self._writer.committing:  # who writes beside it would wait for the database, and longer
            return self.host.keep_piece(project, piece)

    @contextmanager
    def assembled(self, project: str, ids: Sequence[str]) -> Iterator[bytes]:
        """A large request, of its pieces, which are dropped at the end; one at a time is held in memory.

        Raises:
            NotFound: a piece is missing. UsageError: it is too large. Busy: others are not done in time.
        """
        if not self._assembling.acquire(timeout=_PATIENCE):
            raise Busy("Another large request is under way.", next_step="Try again.")
        try:
            body = b"".join(self.host.pieces(project, ids))
            if len(body) > LARGEST_REQUEST:
                raise UsageError(
                    f"The request is larger than {LARGEST_REQUEST // 1024**2} MiB.",
                    next_step="Send less at once.",
                )
            yield body
            with self._writer.committing:
                self.host.drop_pieces(project, ids)
        finally:
            self._assembling.release()

    def _expect_writable(self) -> None:
        if self._read_only:
            raise NotAllowed(
                "This server only reads.", next_step="Ask whoever runs it to take off --read-only."
            )

    def insist_on_precondition(self, call: Call) -> None:
        """Go on only if the request says what it replaces, where that is wanted (RFC 6585, 3).

        Raises:
            PreconditionRequired: it does not.
        """
        if self._strict and not call.header("If-Match"):
            raise PreconditionRequired(
                "This server replaces nothing without If-Match.",
                next_step="Send the ETag of the plan that you have read as If-Match.",
            )

    # -- reading ---------------------------------------------------------------------------------------------

    def check_repository(self, call: Call) -> None:
        """Go on unless the project is bound to another repository than the request comes from.

        Reading binds nothing. What a project is bound to stays, so it is asked for once.

        Raises:
            ProjectMismatch: it is.
        """
        repository = call.repository()
        if not repository:
            return
        bound = self._bound.get(call.project, "")
        if not bound:
            bound = self.host.repository_of(call.project)
            if bound:
                if len(self._bound) >= _MOST_BOUND:
                    self._bound.clear()
                self._bound[call.project] = bound
        check_binding(call.project, bound, repository)

    def knows_as_bound(self, project: str, repository: str) -> bool:
        """Whether ``project`` is known to be bound to ``repository``, or nothing is said about that."""
        return not repository or self._bound.get(project) == repository

    def read(self, call: Call, reader: Callable[[Call, Snapshot], Answer], *, by_change: bool) -> Answer:
        """What ``reader`` answers, remembered until the project's next commit.

        ``by_change``: the number of the last commit is the answer's ``ETag``, so that nothing is read for who
        has it. Other readers give their own.
        """
        change = self.host.change_of(call.project)
        answer = self._known(call, change, by_change=by_change)
        if answer is None:
            with self.gate, self.host.moment(call.project) as moment:
                answer = self._read(call, reader, moment, by_change=by_change)
        return answer

    def recall(self, project: str, url: str, wanted: str) -> Answer | None:
        """What :meth:`read` would answer, if it is remembered and that can be said without waiting.

        ``wanted`` is what ``If-None-Match`` says.
        """
        change = self.host.recalled_change_of(project)
        answer = self._answers.get(project, change, url) if change is not None else None
        return _unless_known(answer, wanted) if answer is not None else None

    def read_at_once(
        self, call: Call, reader: Callable[[Call, Snapshot], Answer], *, by_change: bool
    ) -> Answer | None:
        """What :meth:`read` would answer, if that can be read without waiting.

        Raises:
            KasError: there is no such answer.
        """
        with self.host.moment_at_once(call.project) as moment:
            if moment is None:
                return None
            answer = self._known(call, moment.change, by_change=by_change)
            with suppress(NotAtOnce):
                return answer or self._read(call, reader, moment, by_change=by_change)
        return None

    def _known(self, call: Call, change: int, *, by_change: bool) -> Answer | None:
        """What can be answered without any row, if ``change`` is the number of the last commit."""
        wanted = call.header("If-None-Match")
        if by_change and wanted and is_known(wanted, etag(change)[1]):
            return Answer(_NOT_MODIFIED, headers=(etag(change), _ALWAYS_ASK))
        answer = self._answers.get(call.project, change, call.url)
        if answer is None:
            return None
        self.metrics.looked_up(found=True)
        return _unless_known(answer, wanted)

    def _read(
        self, call: Call, reader: Callable[[Call, Snapshot], Answer], moment: Moment, *, by_change: bool
    ) -> Answer:
        """What ``reader`` answers of that moment, remembered as of its change."""
        answer = reader(call, Snapshot(moment.store, moment.change, self._contents, self._entries))
        self.metrics.looked_up(found=False)
        headers = (*answer.headers, *([etag(moment.change)] if by_change else ()), _ALWAYS_ASK)
        answer = answer._replace(headers=headers)
        self._answers.put(call.project, moment.change, call.url, answer)
        return _unless_known(answer, call.header("If-None-Match"))


def _unless_known(answer: Answer, wanted: str) -> Answer:
    """The answer, or that it is the one that the request knows."""
    if wanted and (own := [header for header in answer.headers if header[0] == "ETag"]):
        tag = own[0]
        if is_known(wanted, tag[1]):
            return Answer(_NOT_MODIFIED, headers=(tag, _ALWAYS_ASK))
    return answer
