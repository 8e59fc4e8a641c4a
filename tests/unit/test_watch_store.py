"""When to look at a store that comes and goes."""

from __future__ import annotations

from collections.abc import Iterator

from git_kas.cli.result import Notice, Result
from git_kas.cli.watching import watch
from git_kas.domain.pauses import LONGEST, SHORTEST, growing_pauses
from git_kas.errors import KasError, NotAllowed, Unreachable
from git_kas.usecases.watch_store import moments_of_store

AWAY = Unreachable("plan store unreachable: there.", next_step="")


class Scripted:
    """A store that answers to ``changes`` as it is told to, and then no more."""

    def __init__(self, *answers: int | KasError) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[int, float]] = []

    def changes(self, since: int, wait: float) -> int:
        self.asked.append((since, wait))
        answer = self.answers.pop(0)
        if isinstance(answer, KasError):
            raise answer
        return answer


def followed(store: Scripted) -> tuple[list[KasError | None], list[float]]:
    """The moments of a store until it has said everything, and the pauses in between."""
    moments: list[KasError | None] = []
    pauses: list[float] = []
    try:
        for trouble in moments_of_store(store, pauses.append):  # type: ignore[arg-type]  # nothing else is asked
            moments.append(trouble)  # noqa: PERF402 - what came before the end counts
    except IndexError:
        return moments, pauses
    raise AssertionError("it has an end")


def test_each_commit_is_a_moment_and_the_end_of_a_wait_is_none() -> None:
    store = Scripted(3, 3, 4, 4, 7)
    assert followed(store) == ([None] * 3, [])
    assert [since for since, _ in store.asked] == [0, 3, 3, 4, 4, 7]


def test_a_store_that_goes_away_is_asked_at_growing_pauses_until_it_is_back() -> None:
    store = Scripted(3, *[AWAY] * 12, 3, 5)
    moments, pauses = followed(store)
    assert moments == [None, AWAY, None, None]
    assert len(pauses) == 12
    assert all(SHORTEST * 0.75 <= pause <= LONGEST * 1.25 for pause in pauses)
    assert pauses[5] > pauses[0]
    assert pauses[-1] >= LONGEST * 0.75


def test_a_store_that_answers_but_does_not_let_one_wait_is_not_pestered() -> None:
    """As where too many wait already: each time that one may, the next time one may not."""
    moments, pauses = followed(Scripted(3, *(AWAY, 3) * 8))
    assert len(moments) == 17
    assert pauses[-1] >= LONGEST * 0.75


def test_not_all_come_back_at_once() -> None:
    early, late = growing_pauses(lambda: 0.0), growing_pauses(lambda: 1.0)
    assert [(next(early), next(late)) for _ in range(2)] == [(0.375, 0.625), (0.75, 1.25)]


def shown(answers: list[str | KasError], troubles: Iterator[KasError | None]) -> Iterator[str]:
    """What is printed, and in brackets which pauses were asked for."""

    def moments() -> Iterator[KasError | None]:
        for trouble in troubles:
            asked.append((yield trouble))  # noqa: PERF401 - what is sent comes one by one

    def show() -> Result:
        answer = answers.pop(0)
        if isinstance(answer, KasError):
            raise answer
        return Result("plan.list", lambda: answer, lambda _: answer)

    asked: list[float | None] = []
    result = watch(moments(), show)  # type: ignore[arg-type]  # one that ends
    yield str(result.data())
    assert result.more is not None
    try:
        for later in result.more:
            yield later.sentences[0] if isinstance(later, Notice) else str(later.data())
    except RuntimeError:  # the moments have come to their end
        yield " ".join("-" if pause is None else "pause" for pause in asked)


def test_an_outage_is_told_once_and_the_same_answer_is_not_shown_again() -> None:
    answers: list[str | KasError] = ["a", "a", AWAY, AWAY, "a", "b", "b"]
    troubles = iter([None, None, AWAY, AWAY, None, None, None])
    told = ["a", AWAY.message, "The plan store answers again.", "b"]
    assert list(shown(answers, troubles)) == [*told, "- - pause pause - - -"]


def test_what_keeps_failing_otherwise_is_an_error_in_the_end() -> None:
    refused = NotAllowed("no.", next_step="")
    found = []
    try:
        found += list(shown(["a", *[refused] * 7, "b", *[refused] * 8], iter([None] * 20)))
    except NotAllowed:
        found.append("no")
    assert found == ["no"]
