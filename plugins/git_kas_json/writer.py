"""One atomic step: what is committed together, made durable in the order that recovery relies on.

Order: texts, then the journal (its fsync is the commit), then the state file, then the snapshot.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from git_kas.disk import sync
from git_kas.domain.decide import decide
from git_kas.domain.lifecycle import Actor
from git_kas.domain.mutation import Author, Import, Request
from git_kas.domain.state_file import parse_state_file, passengers_of
from git_kas.domain.state_text import state_text, with_plan, without_plan
from git_kas.errors import ReadOnly, StoreCorrupt, StoreFull
from git_kas_json.adoption import edit_of, import_of
from git_kas_json.disk import make_folder, replace_file, writing
from git_kas_json.journal import Line, encode_line
from git_kas_json.layout import hash_of, read_state_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from git_kas.domain.ledger import Commit, Outcome
    from git_kas.domain.mutation import Mutation
    from git_kas.domain.state_file import Remark
    from git_kas_json.journal import Head, Journal
    from git_kas_json.layout import Layout
    from git_kas_json.ledger import Ledger

_SYSTEM: Final = Request(Author(Actor.SYSTEM, "git-kas"))
_PIECEMEAL: Final = 32  # plans that are replaced in the state file one by one; more of them: all is made anew


class Step:
    """What is to be committed over ``ledger`` and the state file's bytes ``found``, both as read just now."""

    def __init__(self, layout: Layout, journal: Journal, ledger: Ledger, found: bytes | None) -> None:
        self._layout = layout
        self._journal = journal
        self.ledger = ledger
        self._found = found
        self._found_hash = hash_of(found)
        self._text = found
        self._canonical = False
        self._lines: list[Line] = []
        self._is_foreign = False
        self._edited = False

    def settle(self, now: str) -> Sequence[Remark]:
        """Bring journal and state file together, as far as this can be done without writing.

        Returns what there is to say about a state file that is taken over.

        Raises:
            StoreCorrupt: one of them is damaged.
        """
        self._refuse_damaged_end()
        head = self.ledger.head
        if head is None:
            return self._take_over_earlier(now)
        if self._found_hash == head.after:
            self._canonical = True
        elif self._found is not None and not self._is_outdated(head):
            self._adopt_edit(now)
        return ()

    def _refuse_damaged_end(self) -> None:
        head = self.ledger.head
        unacknowledged = self._found_hash == (head.after if head else "")
        if self.ledger.damaged and not unacknowledged:
            raise StoreCorrupt(
                f"{self._layout.journal}: the last line of the plan store's journal is damaged.",
                next_step="It was left untouched; restore the file from a copy.",
            )

    def _is_outdated(self, head: Head) -> bool:
        """Whether the state file is as it was before the last commits, or as it was when it was imported."""
        return self._found_hash == head.before or self._found_hash == self.ledger.sources.get(
            self._layout.state
        )

    def _take_over_earlier(self, now: str) -> Sequence[Remark]:
        own = self._found is not None
        path = self._layout.state if own else self._layout.earlier
        data = self._found if own else read_state_bytes(path) if path else None
        if path is None or data is None:
            return ()
        state = parse_state_file(data, path)
        mutation = import_of(state, data, path)
        self.decide(mutation, _SYSTEM, now)
        return state.remarks

    def _adopt_edit(self, now: str) -> None:
        path = self._layout.state
        state = parse_state_file(self._found or b"", path)
        edit = edit_of(self.ledger, state, path)
        passengers = passengers_of(state)
        self._is_foreign = True
        if edit.plans or edit.topics or passengers != self.ledger.passengers:
            self._edited = True
            self.decide(edit._replace(passengers=passengers), _SYSTEM, now)

    def decide(self, mutation: Mutation, request: Request, now: str) -> tuple[Outcome, bool]:
        """Put the commit of ``mutation`` behind what is there already: its outcome, and whether there is one.

        Raises:
            KasError: it is refused, and nothing was added.
        """
        decision = decide(self.ledger, mutation, request, now)
        if decision.commit is not None:
            sources = None
            if isinstance(mutation, Import) and mutation.source_id:
                sources = {mutation.source: mutation.source_id}
            self._add(decision.commit, sources)
        return decision.outcome, decision.commit is not None

    @property
    def edited_outside(self) -> bool:
        """Whether the state file was changed behind the store's back."""
        return self._edited

    def _add(self, commit: Commit, sources: Mapping[str, str] | None) -> None:
        line = Line(commit, self._found_hash, "", more=True, sources=sources)
        self.ledger.take(line)
        self._lines.append(line)

    def _encode(self) -> bytes:
        """The lines of the step, the last of which says what the state file will be."""
        self._text = self._text_after([line.commit for line in self._lines])
        self._lines[-1] = self._lines[-1]._replace(after=hash_of(self._text), more=False)
        encoded = [encode_line(line) for line in self._lines]
        for line, raw in zip(self._lines, encoded, strict=True):
            self.ledger.advance(line, len(raw))
        return b"".join(encoded)

    def _text_after(self, commits: Sequence[Commit]) -> bytes:
        touched = {name: record for commit in commits for name, record in commit.records.items()}
        others = any(commit.topics or commit.passengers is not None for commit in commits)
        if not self._canonical or others or len(touched) > _PIECEMEAL:
            return self._whole_text()
        text = self._found
        for record in touched.values():
            if text is not None and record.live:
                text = with_plan(text, record.plan)
            elif text is not None:
                text = without_plan(text, record.plan.filename)
        return text if text is not None else self._whole_text()

    def _whole_text(self) -> bytes:
        """The state file as the ledger has it."""
        passengers = self.ledger.passengers
        plans = [record.plan for record in self.ledger.live_records()]
        return state_text(
            plans, self.ledger.topics(), passengers.get("unread", {}), passengers.get("extra", {})
        )

    def redo(self) -> None:
        """Bring the state file up to what was committed, if a process died before it did so."""
        if self.ledger.head is not None and not self._canonical and not self._lines:
            text = self._whole_text()
            self._save_copy()
            replace_file(self._layout.state, text)
            self._found, self._found_hash, self._canonical = text, hash_of(text), True

    def write(self) -> None:
        """Make all of it durable.

        Raises:
            StoreFull, ReadOnly: it cannot be written; nothing was committed.
        """
        end = self.ledger.end
        data = self._encode()
        self._save_copy()
        self._write_contents()
        self._journal.append(data, end)
        self.ledger.remember()
        # It is committed now. What follows can be derived from the journal at any time.
        with suppress(StoreFull, ReadOnly):
            if self._text is not None and self._text != self._found:
                replace_file(self._layout.state, self._text)
            make_folder(os.path.dirname(self._layout.snapshot))
            self.ledger.refresh_snapshot(self._layout.snapshot)

    def _save_copy(self) -> None:
        """Keep a state file that was changed from outside before it is written over."""
        if self._is_foreign and self._found is not None:
            make_folder(self._layout.saved)
            replace_file(
                os.path.join(self._layout.saved, f"plan-state-{self._found_hash[:16]}.json"),
                self._found,
                beside="copy",
            )
            self._is_foreign = False

    def _write_contents(self) -> None:
        contents = {name: data for line in self._lines for name, data in line.commit.contents.items()}
        for content_id, data in contents.items():
            make_folder(self._layout.contents)
            # Even if it is there: whoever wrote it may have died before it was durable.
            replace_file(self._layout.content(content_id), data, beside="text")
        if contents:
            with writing(self._layout.folder):
                sync(self._layout.folder)
