"""The files in which whole projects go from one store to another."""

from __future__ import annotations

import json
from typing import Final

from git_kas.domain.codec import decode_project, decoding, encode_project
from git_kas.domain.ledger import PlanRecord
from git_kas.domain.project import Project
from git_kas.domain.state_file import Remark, parse_state_file, passengers_of
from git_kas.errors import SchemaTooNew, StoreCorrupt

FORMAT: Final = 1
_MARK: Final = "git_kas_export"


def export_text(project: Project) -> str:
    """Everything about a project as a JSON text."""
    return json.dumps({_MARK: FORMAT, **encode_project(project)}, indent=2, ensure_ascii=True) + "\n"


def read_exchange(data: bytes, origin: str) -> tuple[Project, tuple[Remark, ...]]:
    """The project in an export, or in a state file of any historic shape, and what there is to say about it.

    Raises:
        StoreCorrupt: it is neither.
        SchemaTooNew: a newer git-kas exported it.
    """
    if _MARK.encode() in data[:200]:
        return _read_export(data, origin), ()
    state = parse_state_file(data, origin)
    project = Project()
    project.records = {name: PlanRecord(plan, "") for name, plan in state.plans.items()}
    project.topics = dict(state.topics)
    project.passengers = passengers_of(state)
    return project, state.remarks


def _read_export(data: bytes, origin: str) -> Project:
    try:
        with decoding("the export"):
            document = json.loads(data)
            if document.pop(_MARK) > FORMAT:
                raise SchemaTooNew(
                    f"{origin} was exported by a newer git-kas.", next_step="Update git-kas here."
                )
            return decode_project(document)
    except (ValueError, RecursionError) as error:
        raise StoreCorrupt(f"{origin}: {error}.", next_step="Export it again.") from error
