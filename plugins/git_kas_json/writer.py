"""One atomic step: what is committed together, made durable in the order that recovery relies on.

Order: texts, then the journal (its fsync is the commit), then the state file, then the snapshot.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from git_kas.domain.decide import decide
from git_kas.domain.lifecycle import Actor
from git_kas.domain.mutation import Author, Request
from git_kas.domain.state_file import parse_state_file, passengers_of
from git_kas.domain.state_text import state_text, with_plan, without_plan
from git_kas.errors import ReadOnly, StoreCorrupt, StoreFull
from git_kas_json.adoption import edit_of, import_of
from git_kas_json.disk import make_folder, replace_file, sync_folder, writing
from git_kas_json.journal import Line, encode_line
from git_kas_json.layout import hash_of, read_state_bytes

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from git_kas.domain.ledger import Commit
    from git_kas.domain.mutation import Mutation
    from git_kas.domain.state_file import Remark
    from git_kas_json.journal import Head, Journal
    from git_kas_json.layout import Layout
    from git_kas_json.ledger import Ledger

_SYSTEM: Final = Request(Author(Actor.SYSTEM, "git-kas"))
_PIECEMEAL: Final = 4  # plans that are replaced in the state file one by one; more of them: all is written anew


class Step:
    """What is to be committed over ``ledger`` and the state file's bytes ``found``, both as read just now."""

    def __init__(self, layout: Layout, journal: Journal, ledger: Ledger, found: bytes | None) -> None:
        self._layout = layout
        self._journal = journal
        self.ledger = ledger
        self._found = found
        self._found_hash = hash_of(found)
        self._text = found
        self._text_hash = self._found_hash
        self._canonical = False
        self._encoded: list[bytes] = []
        self._contents: dict[str, bytes] = {}
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
        if b"\n" in self.ledger.torn and not unacknowledged:
            raise StoreCorrupt(
                f"{self._layout.journal}: the last line of the plan store's journal is damaged.",
                next_step="It was left untouched; restore the file from a copy.",
            )

    def _is_outdated(self, head: Head) -> bool:
        """Whether the state file is as it was before the last commits, or as it was when it was imported."""
        return self._found_hash in head.befores or self._found_hash == self.ledger.sources.get(
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
        self._decide_and_add(mutation, now, {path: mutation.source_id})
        return state.remarks

    def _adopt_edit(self, now: str) -> None:
        path = self._layout.state
        state = parse_state_file(self._found or b"", path)
        edit = edit_of(self.ledger, state, path)
        passengers = passengers_of(state)
        self._is_foreign = True
        if edit.plans or edit.topics or passengers != self.ledger.passengers:
            self._edited = True
            self._decide_and_add(edit._replace(passengers=passengers), now, None)

    def _decide_and_add(self, mutation: Mutation, now: str, sources: Mapping[str, str] | None) -> None:
        decision = decide(self.ledger, mutation, _SYSTEM, now)
        if decision.commit is not None:
            self.add(decision.commit, sources)

    @property
    def edited_outside(self) -> bool:
        """Whether the state file was changed behind the store's back."""
        return self._edited

    def add(
        self,
        commit: Commit,
        sources: Mapping[str, str] | None = None,
    ) -> None:
        """Put ``commit`` behind what is there already."""
        line = Line(commit, self._text_hash, "", bool(self._encoded), sources)
        self.ledger.take(line)
        text = self._text_after(line)
        if text != self._text:
            self._text, self._text_hash = text, hash_of(text)
        self._canonical = True
        encoded = encode_line(line._replace(after=self._text_hash))
        self.ledger.advance(line._replace(after=self._text_hash), len(encoded))
        self._encoded.append(encoded)
        self._contents |= commit.contents

    def _text_after(self, line: Line) -> bytes:
        commit = line.commit
        piecemeal = self._canonical and not commit.topics and commit.passengers is None
        if piecemeal and len(commit.records) <= _PIECEMEAL:
            text = self._text
            for record in commit.records.values():
                if text is not None and record.live:
                    text = with_plan(text, record.plan)
                elif text is not None:
                    text = without_plan(text, record.plan.filename)
            if text is not None:
                return text
        return self.whole_text()

    def whole_text(self) -> bytes:
        """The state file as the ledger has it."""
        passengers = self.ledger.passengers
        plans = [record.plan for record in self.ledger.live_records()]
        return state_text(
            plans, self.ledger.topics(), passengers.get("unread", {}), passengers.get("extra", {})
        )

    def redo(self) -> None:
        """Bring the state file up to what was committed, if a process died before it did so."""
        if self.ledger.head is not None and not self._canonical and not self._encoded:
            self._text, self._canonical = self.whole_text(), True
            self._text_hash = hash_of(self._text)
            self._save_copy()
            replace_file(self._layout.state, self._text)
            self._found = self._text

    def write(self) -> None:
        """Make all of it durable.

        Raises:
            StoreFull, ReadOnly: it cannot be written; nothing was committed.
        """
        self._save_copy()
        self._write_contents()
        data = b"".join(self._encoded)
        self._journal.append(data, self.ledger.end - len(data))
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
        for content_id, data in self._contents.items():
            make_folder(self._layout.contents)
            # Even if it is there: whoever wrote it may have died before it was durable.
            replace_file(self._layout.content(content_id), data, beside="text")
        if self._contents:
            with writing(self._layout.folder):
                sync_folder(self._layout.folder)
