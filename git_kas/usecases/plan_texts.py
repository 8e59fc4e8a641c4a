"""Plan texts between worktrees and the store."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from git_kas.domain.ledger import Action, Outcome
from git_kas.domain.lifecycle import Event
from git_kas.domain.mutation import Create, Request, SetContent, Transition
from git_kas.domain.names import PlanName
from git_kas.domain.plan import Plan
from git_kas.domain.plan_document import PlanDocument, decode_plan, parse_plan
from git_kas.domain.timestamps import precise_time
from git_kas.errors import AlreadyExists, NotFound, UsageError
from git_kas.ports.files import PlanFiles, PlanText
from git_kas.ports.store import Store


@dataclass(frozen=True, slots=True)
class TextPlaces:
    """Where working copies of plan texts are: worktrees, the one we are in first, and the folder in them."""

    files: PlanFiles
    worktrees: Sequence[str]
    plans_folder: str

    def find(self, name: PlanName) -> PlanText | None:
        """The first working copy that is there."""
        for worktree in self.worktrees:
            text = self.files.read(worktree, self.plans_folder, name)
            if text is not None:
                return text
        return None


@dataclass(frozen=True, slots=True)
class PlanDetails:
    """A plan with its text, parsed; ``text_from`` is ``store``, ``worktree`` or empty where there is none."""

    plan: Plan
    text: bytes
    text_from: str
    document: PlanDocument


def plan_details(store: Store, name: PlanName, places: TextPlaces) -> PlanDetails:
    """Read a plan and its text: the store's, or the working copy where the store has none."""
    plan = store.get_plan(name)
    content = store.get_content(name)
    if content is None:
        found = places.find(name)
        text, source = (found.data, "worktree") if found else (b"", "")
    else:
        text, source = content, "store"
    return PlanDetails(plan, text, source, parse_plan(decode_plan(text)[0]))


def register_plan(store: Store, asked: Create, places: TextPlaces, request: Request) -> Outcome:
    """Create a plan for a text that lies in the plans folder; what is not given is taken from the text.

    Raises:
        NotFound: there is no such text.
        UsageError: it is empty.
    """
    before = store.outcome_of(request.key) if request.key else None
    if before is not None and _is_of(before, asked.filename, Action.CREATED):
        return before  # the file may have changed since then
    text = _text_of(asked.filename, places)
    title = parse_plan(decode_plan(text.data)[0]).title
    complete = asked._replace(
        description=asked.description or title or asked.filename.key,
        branch=asked.branch or asked.filename.default_branch,
        created_at=precise_time(text.mtime_ns),
        content=text.data,
    )
    try:
        return store.commit(complete, request)
    except AlreadyExists as error:
        error.next_step = "'git kas plan register --update' takes over a changed text."
        raise


def update_text(store: Store, name: PlanName, places: TextPlaces, request: Request) -> Outcome:
    """Take over the changed text of a plan that is registered."""
    before = store.outcome_of(request.key) if request.key else None
    if before is not None and _is_of(before, name, Action.CONTENT):
        return before
    return store.commit(SetContent(name, _text_of(name, places).data), request)


def transition_plan(
    store: Store, asked: Transition, find_places: Callable[[], TextPlaces], request: Request
) -> Outcome:
    """Apply events to a plan.

    With ``planner_finished`` the plan's text goes into the store, unless it is empty. ``find_places`` is
    called only then.
    """
    if Event.PLANNER_FINISHED in asked.events:
        before = store.outcome_of(request.key) if request.key else None
        if before is not None and _events_of(before, asked.filename) == asked.events:
            return before
        text = find_places().find(asked.filename)
        if text is not None and text.data.strip():
            asked = asked._replace(content=text.data)
    return store.commit(asked, request)


def _is_of(outcome: Outcome, name: PlanName, action: Action) -> bool:
    return any(entry.plan == name and entry.action is action for entry in outcome.entries)


def _events_of(outcome: Outcome, name: PlanName) -> tuple[Event, ...]:
    return tuple(entry.event for entry in outcome.entries if entry.plan == name and entry.event)


def _text_of(name: PlanName, places: TextPlaces) -> PlanText:
    text = places.find(name)
    if text is None:
        raise NotFound(
            f"There is no {places.plans_folder}/{name} in this worktree.", next_step="Write the plan first."
        )
    if not text.data.strip():
        raise UsageError(f"{places.plans_folder}/{name} is empty.", next_step="Write the plan first.")
    return text
