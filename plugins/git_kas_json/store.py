"""The plan store in one JSON file and a journal, in Git's common directory (DESIGN 4)."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from git_kas.domain.project import Project, all_topics, history_of, live_record, select
from git_kas.domain.state_file import STATE_FILE_NAME
from git_kas.domain.timestamps import timestamp
from git_kas.errors import Busy, KasError, NotFound, StoreCorrupt, UsageError
from git_kas.ports.store import StoreDescription
from git_kas.ports.watch import WatchedFolder
from git_kas_json.journal import Journal
from git_kas_json.layout import EARLIER_FILE, STORE_FOLDER, Layout, hash_of, read_state_bytes
from git_kas_json.ledger import Ledger
from git_kas_json.remarks import remarks_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from git_kas.domain.ledger import HistoryEntry, Outcome, PlanRecord, Run
    from git_kas.domain.lifecycle import StatusWord
    from git_kas.domain.mutation import Mutation, Request
    from git_kas.domain.names import PlanName
    from git_kas.domain.plan import Plan, Topic
    from git_kas.domain.state_file import Remark
    from git_kas.ports.clock import Clock
    from git_kas.ports.store import StoreRequest
    from git_kas.ports.watch import Watch

_TRIES: Final = 200
_PAUSE: Final = 0.002


def open_store(request: StoreRequest) -> JsonStore:
    """The store of the repository that ``request`` names: ``json``, or ``json:docs/plans/plan-state.json``.

    The latter keeps the state file where the earlier system had it, for tools that still read it there.

    Raises:
        UsageError: the store URL has a part that this store does not know, or Git tracks the file it names.
    """
    folder = os.path.join(request.location.common_dir, STORE_FOLDER)
    own = os.path.join(folder, STATE_FILE_NAME)
    earlier = _earlier_file(request)
    if request.url == "json":
        return JsonStore(Layout(folder, own, earlier), request.clock, request.open_watch)
    if request.url != f"json:{EARLIER_FILE}" or earlier is None:
        raise UsageError(
            f"The plan store '{request.url}' cannot be used here.",
            next_step=f"Set kas.store to 'json', or, with a main worktree, to 'json:{EARLIER_FILE}'.",
        )
    if branches := request.tracking_branches(EARLIER_FILE):
        raise UsageError(
            f"{EARLIER_FILE} cannot be the plan store: {', '.join(branches[:3])} tracks it, and Git overwrites "
            "such files.",
            next_step="Set kas.store to 'json'; the file is imported at the first change.",
        )
    return JsonStore(Layout(folder, earlier, None), request.clock, request.open_watch)


def _earlier_file(request: StoreRequest) -> str | None:
    """Where the earlier system had its state file.

    It knew one place only (ORIGIN 2), so kas.plans does not move it.
    """
    if request.location.main_worktree is None or not request.location.known_everywhere:
        return None
    return os.path.join(request.location.main_worktree, *EARLIER_FILE.split("/"))


class _View(NamedTuple):
    """What the files said at one moment. Before the first commit, ``ledger`` holds what would be taken over."""

    ledger: Ledger
    committed: bool
    edited_outside: bool
    remarks: Sequence[Remark]


class JsonStore:
    """The port :class:`~git_kas.ports.store.Store` over the files of ``layout``."""

    def __init__(self, layout: Layout, clock: Clock, open_watch: Callable[[], Watch]) -> None:
        self._open_watch = open_watch
        self._layout = layout
        self._journal = Journal(layout.journal)
        self._clock = clock
        self._seen: tuple[object, _View] | None = None
        self._own_ledger: Ledger | None = None

    # -- reading ---------------------------------------------------------------------------------------------

    def describe(self) -> StoreDescription:
        """See :class:`git_kas.ports.store.Store`."""
        own, earlier = self._layout.state, self._layout.earlier
        unused = not os.path.lexists(own) and not self._journal.exists()
        place = earlier if unused and earlier and os.path.lexists(earlier) else own
        return StoreDescription("json", place)

    def ping(self) -> None:
        """See :class:`git_kas.ports.store.Store`."""
        self._view()

    def list_plans(self, statuses: Collection[StatusWord] = (), topic: str | None = None) -> Sequence[Plan]:
        """See :class:`git_kas.ports.store.Store`."""
        return select((record.plan for record in self._view().ledger.live_records()), statuses, topic)

    def get_plan(self, name: PlanName) -> Plan:
        """See :class:`git_kas.ports.store.Store`."""
        return self._record(name).plan

    def get_content(self, name: PlanName) -> bytes | None:
        """See :class:`git_kas.ports.store.Store`."""
        content_id = self._record(name).plan.content_id
        return self._read_content(content_id) if content_id else None

    def get_run(self, name: PlanName) -> Run | None:
        """See :class:`git_kas.ports.store.Store`."""
        return self._record(name).run

    def list_topics(self) -> Sequence[Topic]:
        """See :class:`git_kas.ports.store.Store`."""
        ledger = self._view().ledger
        return all_topics(ledger.topics(), [record.plan for record in ledger.live_records()])

    def history(self, plan: PlanName | None = None, since: int = 0) -> Sequence[HistoryEntry]:
        """See :class:`git_kas.ports.store.Store`."""
        view = self._view()
        record = view.ledger.record(plan) if plan is not None else None
        if plan is not None and record is None:
            raise NotFound(f"plan not found: {plan}.", next_step="'git kas plan list' shows the plans.")
        if not view.committed:
            return []
        commits = self._journal.commits(since, view.ledger.end, record.identity if record else "")
        return history_of((entry for commit in commits for entry in commit.entries), record, since)

    def outcome_of(self, key: str) -> Outcome | None:
        """See :class:`git_kas.ports.store.Store`."""
        view = self._view()
        keyed = view.ledger.keyed(key) if view.committed else None
        return keyed.outcome._replace(replayed=True) if keyed else None

    def changes(self, since: int, wait: float) -> int:
        """See :class:`git_kas.ports.store.Store`."""
        change = self._change()
        if change > since or wait <= 0:
            return change
        deadline = time.monotonic() + wait
        while True:  # the first commit makes the folder, of which only then something tells
            with self._open_watch().changes([WatchedFolder(self._layout.folder)]) as changes:
                change = self._change()
                if change > since or (left := deadline - time.monotonic()) <= 0:
                    return change
                changes.wait(left)

    def remarks(self) -> Sequence[Remark]:
        """See :class:`git_kas.ports.store.Store`."""
        view = self._view()
        if not view.committed:
            return view.remarks
        return remarks_of(view.ledger, self._layout, edited_outside=view.edited_outside)

    def export(self) -> Project:
        """See :class:`git_kas.ports.store.Store`."""
        view = self._view()
        if not view.committed:
            project = Project()
            project.records = view.ledger.records()
            project.topics = {topic.name: topic for topic in view.ledger.topics()}
            project.passengers = view.ledger.passengers
            return project
        project = Project()
        for commit in self._journal.commits(0, view.ledger.end):
            project.apply(commit)
        project.contents = {key: self._read_content(key) for key in project.contents}
        return project

    def close(self) -> None:
        """See :class:`git_kas.ports.store.Store`; nothing is held open."""

    # -- writing ---------------------------------------------------------------------------------------------

    def commit(self, mutation: Mutation, request: Request) -> Outcome:
        """See :class:`git_kas.ports.store.Store`."""
        (answer,) = self.commit_all([(mutation, request)])
        if isinstance(answer, KasError):
            raise answer
        return answer

    def commit_all(self, asked: Sequence[tuple[Mutation, Request]]) -> Sequence[Outcome | KasError]:
        """See :class:`git_kas.ports.store.Store`."""
        from git_kas.domain.decide import decide
        from git_kas_json.disk import make_folder
        from git_kas_json.lock import locked

        now = timestamp(self._clock.now_ns())
        if not os.path.isdir(self._layout.folder):
            if len(asked) == 1:
                decide(self._view().ledger, *asked[0], now)  # so that a refused command makes no folder
            make_folder(self._layout.folder)
        make_folder(os.path.dirname(self._layout.state))
        with locked(self._layout.folder, now):
            return self._commit_locked(asked)

    def _commit_locked(self, asked: Sequence[tuple[Mutation, Request]]) -> Sequence[Outcome | KasError]:
        from git_kas_json.writer import Step

        now = timestamp(self._clock.now_ns())
        found = read_state_bytes(self._layout.state)
        step = Step(self._layout, self._journal, self._ledger_for_writing(), found)
        step.settle(now)
        step.redo()
        step.ledger.look_up([request.key for _, request in asked if request.key])
        is_changed = False
        answers: list[Outcome | KasError] = []
        for mutation, request in asked:
            try:
                outcome, commits = step.decide(mutation, request, now)
            except KasError as error:
                answers.append(error)
            else:
                answers.append(outcome)
                is_changed = is_changed or commits
        if is_changed:
            step.write()
            self._own_ledger = step.ledger
        return answers

    def _ledger_for_writing(self) -> Ledger:
        """The ledger as of now. It is kept from one commit to the next, and given up by one that fails."""
        ledger, self._own_ledger = self._own_ledger, None
        if ledger is not None and self._journal.exists() and ledger.catch_up():
            return ledger
        return Ledger.read(self._journal, self._layout.snapshot)

    # -- what the files say ----------------------------------------------------------------------------------

    def _change(self) -> int:
        view = self._view()
        return view.ledger.change if view.committed else 0

    def _record(self, name: PlanName) -> PlanRecord:
        return live_record(name, self._view().ledger.record(name))

    def _view(self) -> _View:
        """State file and journal as of one moment; what is shown is durable."""
        before: tuple[str, int] | None = None
        for attempt in range(_TRIES):
            signature = self._signature()
            if self._seen is not None and self._seen[0] == signature:
                return self._seen[1]
            found = read_state_bytes(self._layout.state)
            ledger = Ledger.read(self._journal, self._layout.snapshot)
            state = hash_of(found)
            facts = (state, ledger.change)
            if self._fits(ledger, state) or facts == before:
                view = self._settled(ledger, found, state)
                self._seen = (signature, view)
                return view
            before = facts
            _pause(attempt)
        raise Busy("The plan store changes too quickly to be read.", next_step="Try again.")

    def _fits(self, ledger: Ledger, state: str) -> bool:
        """Whether the state file belongs to the journal's end; otherwise a writer is between the two."""
        head = ledger.head
        if head is None:
            return True
        pending = not state or state == head.before
        if pending:
            self._journal.sync()  # its writer may not have done so yet, and nothing else is to be shown
        return pending or state == head.after

    def _settled(self, ledger: Ledger, found: bytes | None, state: str) -> _View:
        committed = ledger.head is not None
        if ledger.head is not None and state == ledger.head.after and not ledger.torn:
            return _View(ledger, committed, edited_outside=False, remarks=())
        from git_kas_json.writer import Step

        step = Step(self._layout, self._journal, ledger, found)
        remarks = step.settle(timestamp(self._clock.now_ns()))
        return _View(step.ledger, committed, step.edited_outside, remarks)

    def _signature(self) -> object:
        paths = [self._layout.state, self._journal.path]
        if self._layout.earlier:
            paths.append(self._layout.earlier)
        return tuple(_facts(path) for path in paths)

    def _read_content(self, content_id: str) -> bytes:
        path = self._layout.content(content_id)
        data = read_state_bytes(path)
        if data is None or hash_of(data) != content_id:
            problem = "is missing" if data is None else "was changed"
            raise StoreCorrupt(
                f"The text {path} {problem}.",
                next_step="Restore the file from a copy, or register the plan again.",
            )
        return data


def _facts(path: str) -> tuple[int, int, int] | None:
    try:
        facts = os.stat(path)
    except OSError:
        return None
    return facts.st_ino, facts.st_size, facts.st_mtime_ns


def _pause(attempt: int) -> None:
    if attempt:
        time.sleep(_PAUSE)
