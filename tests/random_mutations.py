"""Random requests to a plan store, in a world so small that they often meet."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from git_kas.domain.lifecycle import Actor, Event, Status, UnknownStatus
from git_kas.domain.mutation import (
    Author,
    ClaimRun,
    Create,
    CreateTopic,
    Mutation,
    PutRun,
    Remove,
    Rename,
    Request,
    Restore,
    SetContent,
    SetStatus,
    Transition,
    Update,
)
from git_kas.domain.names import PlanName

NAMES = [PlanName("a.md"), PlanName("b.md"), PlanName("ü c.md")]
TEXTS = ["", "x", "two\nlines", '"\u2028<&>\\ 🙂']

names = st.sampled_from(NAMES)
statuses = st.sampled_from(list(Status))
words = st.sampled_from([*Status, UnknownStatus("blocked")])
texts = st.sampled_from(TEXTS)
topics = st.sampled_from(["", "api", "web"])
times = st.sampled_from(["", "2026-02-28T17:16:33.633408661+05:30"])
contents = st.sampled_from([b"", b"# x\n", b"\xff\x00", "ü".encode()])
extras = st.sampled_from([{}, {"n": 10**20}, {"é": [1, 1.0, None, {"x": "<"}]}])
revisions = st.sampled_from([None] * 6 + [1, 2, 3, 4])
event_runs = st.lists(st.sampled_from(list(Event)), min_size=1, max_size=3).map(tuple)


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """One of ``values`` or None."""
    return st.none() | values


def asked(kind: Callable[..., Mutation], **fields: st.SearchStrategy[Any]) -> st.SearchStrategy[Mutation]:
    """Mutations of a kind; fields that are not named keep their defaults, which ``st.builds`` would not do."""
    return st.fixed_dictionaries(fields).map(lambda values: kind(**values))


one_event = st.sampled_from(list(Event)).map(lambda event: (event,))
mutations: st.SearchStrategy[Mutation] = st.one_of(
    asked(
        Create,
        filename=names,
        status=words,
        description=texts,
        branch=texts,
        topic=topics,
        created_at=times,
        extra=extras,
        content=maybe(contents),
    ),
    asked(
        Update,
        filename=names,
        description=maybe(texts),
        topic=maybe(topics),
        created_at=maybe(times),
        implemented=maybe(texts),
        extra=maybe(extras),
        status=maybe(statuses),
        if_revision=revisions,
    ),
    *[asked(Transition, filename=names, events=one_event)] * 3,
    asked(Transition, filename=names, events=event_runs, content=maybe(contents), if_revision=revisions),
    asked(SetStatus, filename=names, status=statuses, if_revision=revisions),
    asked(Rename, filename=names, new_filename=names, if_revision=revisions),
    asked(Remove, filename=names, if_revision=revisions),
    asked(Restore, filename=names, new_filename=maybe(names)),
    asked(SetContent, filename=names, content=contents, if_revision=revisions),
    asked(CreateTopic, name=topics),
    asked(PutRun, filename=names, document=extras, fence=st.integers(0, 3), if_revision=revisions),
    asked(ClaimRun, filename=names, owner=st.sampled_from(["one", "two"]), ttl=st.sampled_from([0.0, 60.0])),
)
actors = st.sampled_from([*[Actor.USER] * 4, Actor.AGENT, Actor.SYSTEM])
requests: st.SearchStrategy[Request] = st.builds(
    Request,
    st.builds(Author, actors, texts),
    key=st.sampled_from([""] * 12 + ["k1", "k2", "ключ"]),
    note=texts,
)
seconds_passed = st.sampled_from([0, 1, 61, -30])
