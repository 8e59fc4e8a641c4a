"""The composition root: builds what a command needs from plugins and configuration, each part on demand.

Together with :mod:`git_kas.config` this is the only reader of the environment.
"""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

from git_kas.errors import (
    InvalidConfiguration,
    InvalidName,
    NotARepository,
    NotFound,
    ProgramFailed,
)
from git_kas.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from git_kas.domain.doctor import Check
    from git_kas.domain.names import BranchName
    from git_kas.domain.worktree import Worktree
    from git_kas.ports.progress import Progress
    from git_kas.ports.signals import SignalPlace
    from git_kas.ports.watch import WatchedFolder
    from git_kas.usecases.apply_signals import Applied
    from git_kas.usecases.cleanup import Asked, Cleanup
    from git_kas.usecases.demo import Demo
    from git_kas.usecases.doctor import Diagnosed
    from git_kas.usecases.finish import Finishing
    from git_kas.usecases.finish_ports import FinishPorts, FinishScope
    from git_kas.usecases.inspect_worktrees import InspectPorts
    from git_kas.usecases.plan_texts import TextPlaces
    from git_kas.usecases.removal import RemovalPorts, RemovalScope
    from git_kas.usecases.send_signal import Desk
    from git_kas.usecases.survey import Survey
    from git_kas.usecases.trash import Purge, TrashEntry
    from git_kas.usecases.triage import Triage, TriageContext, TriagePorts
    from git_kas.usecases.undo import Undoable, Undone
    from git_kas.usecases.watch_store import Moments


def process_environment() -> dict[str, str]:
    """The environment of this process."""
    return dict(os.environ)


class App(Workspace):
    """One run of git-kas in one folder.

    ``options`` are values from the command line, by configuration key.
    """

    @classmethod
    def from_process(cls, options: Mapping[str, str], progress: Progress) -> App:
        """The run of this process, in its folder and environment.

        Raises:
            NotARepository: the current folder has been removed.
        """
        try:
            folder = os.getcwd()
        except OSError as error:
            raise NotARepository(
                f"The current folder is gone: {error.strerror}.", next_step="Change to a folder that exists."
            ) from error
        return cls(folder, process_environment(), options, progress)

    def isolated(self, folder: str) -> App:
        """A run in ``folder`` that no setting of the user reaches, for the demonstration."""
        kept = {
            name: value
            for name, value in self.environment.items()
            if not name.startswith(("GIT_", "KAS_", "XDG_"))
        }
        nowhere = {"HOME": os.devnull, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
        return App(folder, kept | nowhere, {}, self.progress)

    @property
    def earlier_state_file(self) -> str | None:
        """Where the earlier system kept its state, whether it is there or not; None without a main worktree."""
        from git_kas.domain.state_file import EARLIER_FOLDER, STATE_FILE_NAME

        main = self.location.main_worktree
        return os.path.join(main, *EARLIER_FOLDER, STATE_FILE_NAME) if main else None

    def absolute(self, path: str) -> str:
        """A path that was given relative to the folder of this run."""
        return os.path.normpath(os.path.join(self.folder, path))

    @cached_property
    def text_places(self) -> TextPlaces:
        """Where working copies of plan texts are: in this worktree, then in the main one."""
        return self._text_places(self.location.worktree, self.location.main_worktree)

    @cached_property
    def own_text_places(self) -> TextPlaces:
        """Where the working copies are that may be taken into the store: in this worktree."""
        return self._text_places(self.location.worktree)

    def _text_places(self, *worktrees: str | None) -> TextPlaces:
        from git_kas.usecases.plan_texts import TextPlaces

        found = tuple(dict.fromkeys(worktree for worktree in worktrees if worktree))
        return TextPlaces(self.plan_files, found, self.plans_folder.value)

    @cached_property
    def signal_places(self) -> Sequence[SignalPlace]:
        """Where signals may lie: in every worktree."""
        from git_kas.usecases.signals import signal_places

        return signal_places(self.git_folders.worktrees(self.location), self.plans_folder.value)

    @property
    def desk(self) -> Desk:
        """The worktree we are in, as the place of an agent.

        Raises:
            NotFound: we are in none.
        """
        from git_kas.domain.names import ObjectId
        from git_kas.domain.signals import signal_folders
        from git_kas.ports.signals import SignalPlace
        from git_kas.usecases.send_signal import Desk

        path, here = self.location.worktree, self.worktree_here
        if path is None:
            raise NotFound(f"{self.folder} is in no worktree.", next_step="Change to a worktree.")
        try:
            head = ObjectId(self.porcelain.run(path, "rev-parse", "--verify", "--quiet", "HEAD").strip())
        except (ProgramFailed, InvalidName):  # a branch without a commit
            head = None
        place = SignalPlace(here.id if here else "", path, signal_folders(self.plans_folder.value))
        return Desk(place, here.branch if here else None, head)

    @property
    def worktree_here(self) -> Worktree | None:
        """The worktree we are in, as Git knows it; None in none."""
        git_dir = os.path.realpath(self.location.git_dir)
        worktrees = self.git_folders.worktrees(self.location)
        return next((known for known in worktrees if os.path.realpath(known.admin_dir) == git_dir), None)

    @property
    def branch_here(self) -> BranchName | None:
        """The branch that is checked out in the worktree we are in, None in none."""
        here = self.worktree_here
        return here.branch if here else None

    def again(self) -> App:
        """The same run with nothing read yet, over the same open plan store."""
        run = App(self.folder, self.environment, self._options, self.progress)
        run.store = self.store
        return run

    def moments_of_store(self) -> Moments:
        """When something in the plan store may have changed."""
        from git_kas.usecases.watch_store import moments_of_store

        return moments_of_store(self.store)

    def moments_to_look(self) -> Moments:
        """When something that triage shows may have changed."""
        from git_kas.usecases.watch_triage import moments_to_look, watched_folders

        def folders() -> Sequence[WatchedFolder]:
            worktrees = self.git_folders.worktrees(self.location)
            return watched_folders(self.location, worktrees, self.plans_folder.value)

        return moments_to_look(self.watch, folders, self.store)

    # -- use cases -------------------------------------------------------------------------------------------

    def triage(self) -> Triage:
        """Where every plan, branch and worktree stands."""
        from git_kas.usecases.triage import triage

        return triage(self._triage_ports, self.location, self._triage_context)

    @property
    def _triage_ports(self) -> TriagePorts:
        from git_kas.usecases.triage import TriagePorts

        return TriagePorts(
            git_folders=self.git_folders,
            repository=self.repository,
            porcelain=self.porcelain,
            store=self.store,
            plan_files=self.plan_files,
            signal_box=self.signal_box,
            clock=self.clock,
            progress=self.progress,
            comparison=self.comparison,
        )

    def survey(self, *, afresh: bool = False) -> Survey:
        """All local branches, judged against the base; ``afresh``: whatever was found before."""
        from git_kas.usecases import remembered_verdicts
        from git_kas.usecases.survey import survey_branches

        compare = remembered_verdicts.afresh if afresh else remembered_verdicts.remembering
        return survey_branches(self.repository, self.references, self.base, compare(self.comparison))

    def _triage_context(self) -> TriageContext:
        from git_kas.usecases.triage import TriageContext

        return TriageContext(
            references=self.references,
            base=self.base,
            plans_folder=self.plans_folder.value,
            protected=self._protected(),
            stalled_after=self.config.days("stalled_after"),
        )

    def apply_signals(self) -> Applied:
        """Apply the signals of all worktrees."""
        from git_kas.usecases.apply_signals import apply_signals
        from git_kas.usecases.commit_signal import SignalPorts, SignalScope
        from git_kas.usecases.judged_commit import newer_tip_finder

        newer_tip = newer_tip_finder(self.porcelain, self.location.top, lambda: self.base)
        ports = SignalPorts(self.signal_box, self.store, self.plan_files, self.clock, self.progress, newer_tip)
        scope = SignalScope(self.signal_places, self.plans_folder.value, self.location.main_worktree)
        return apply_signals(ports, scope)

    def doctor(self, checks: Sequence[Check], *, fix: bool, assume_idle: bool) -> Sequence[Diagnosed]:
        """What ``checks`` find; with ``fix``, mend what can be mended safely.

        ``assume_idle``: processes that cannot be seen do nothing.
        """
        from git_kas.usecases.doctor import diagnose, mend
        from git_kas.usecases.examination import DoctorPorts, DoctorScope

        ports = DoctorPorts(
            git_folders=self.git_folders,
            open_repository=lambda: self.repository,
            open_store=lambda: self.store,
            porcelain=self.porcelain,
            admin_files=self.admin_files,
            processes=self.process_table,
            clock=self.clock,
            progress=self.progress,
            exclusive=self.operation_journal.exclusive,
        )
        scope = DoctorScope(self.location, lambda: self.plans_folder.value, assume_idle)
        return (mend if fix else diagnose)(ports, scope, checks)

    @property
    def finishing(self) -> Finishing:
        """Finishing plans in this repository."""
        from git_kas.usecases.finish import Finishing

        return Finishing(self.finish_ports, self.finish_scope, lambda: self.forge)

    @property
    def finish_ports(self) -> FinishPorts:
        """What finishing works through."""
        from git_kas.usecases.finish_ports import FinishPorts
        from git_kas.usecases.finish_removal import SafeRemoval

        return FinishPorts(
            store=self.store,
            porcelain=self.porcelain,
            git_folders=self.git_folders,
            signal_box=self.signal_box,
            commands=self.commands,
            scratch=self.scratch,
            journal=self.operation_journal,
            clock=self.clock,
            progress=self.progress,
            remove=SafeRemoval(self.removal_ports, self.removal_scope()),
        )

    @property
    def finish_scope(self) -> FinishScope:
        """Where finishing happens, and by whom."""
        from git_kas.usecases.finish_ports import FinishScope

        return FinishScope(
            location=self.location,
            base=self.base,
            plans_folder=self.plans_folder.value,
            texts=self.text_places,
            author=self.author,
            config=self.git_entries,
            test_command=self.config.setting("test_command").value,
        )

    def cleanup(self, asked: Asked) -> Cleanup:
        """Find what may be removed, and with ``asked.execute`` remove it."""
        from git_kas.usecases.candidates import CandidatePorts, find_candidates
        from git_kas.usecases.cleanup import cleanup

        scope = self.removal_scope(asked.accepted)
        ports = CandidatePorts(self._triage_ports, self._inspect_ports, self.absolute, lambda: self.forge)
        return cleanup(
            self.removal_ports,
            scope,
            self.author,
            asked,
            lambda: find_candidates(ports, scope, asked, self._triage_context),
        )

    def undo(self, operation: str | None, new_name: str | None) -> Undone:
        """Take an operation back, or the last one that can be."""
        from git_kas.usecases.undo import undo

        return undo(self.removal_ports, self.removal_scope(), self.author, operation, new_name)

    def undoable(self) -> Sequence[Undoable]:
        """The operations that removed something."""
        from git_kas.usecases.undo import list_operations

        return list_operations(self.removal_ports)

    def trash_list(self) -> Sequence[TrashEntry]:
        """What operations have left in the trash."""
        from git_kas.usecases.trash import list_trash

        return list_trash(self.removal_ports)

    def trash_purge(self, older_than: int, *, execute: bool) -> Purge:
        """Remove for good what is in the trash for more than ``older_than`` seconds."""
        from git_kas.usecases.trash import purge_trash

        return purge_trash(self.removal_ports, self.removal_scope(), older_than, execute=execute)

    @property
    def removal_ports(self) -> RemovalPorts:
        """What removing goes through."""
        from git_kas.usecases.removal import RemovalPorts

        return RemovalPorts(
            inspect=self._inspect_ports,
            git_folders=self.git_folders,
            journal=self.operation_journal,
            records=self.admin_records,
            branch_config=self.branch_config,
            plan_files=self.plan_files,
        )

    @property
    def _inspect_ports(self) -> InspectPorts:
        from git_kas.usecases.inspect_worktrees import InspectPorts

        return InspectPorts(
            porcelain=self.porcelain,
            trash=self.trash,
            activity=self.activity,
            signal_box=self.signal_box,
            store=self.store,
            clock=self.clock,
        )

    def removal_scope(self, accepted: frozenset[str] = frozenset()) -> RemovalScope:
        """Where things are removed, and what is never; ``accepted`` are the options that name losses."""
        from git_kas.domain.janitor import Untouchable
        from git_kas.usecases.removal import RemovalScope

        untouchable = Untouchable(self.base.name if self.base else None, self._protected())
        return RemovalScope(self.location, untouchable, self.plans_folder.value, accepted)

    def build_demo(self, folder: str | None) -> Demo:
        """Build the demonstration repository in ``folder``, or in a temporary folder."""
        from git_kas.usecases.demo import build_demo

        porcelain = self.isolated(self.folder).porcelain
        return build_demo(self.scratch, porcelain, self.clock, self.progress, folder)

    def _protected(self) -> frozenset[BranchName]:
        from git_kas.domain.names import BranchName

        setting = self.config.setting("protected")
        try:
            return frozenset(BranchName(name) for name in self.config.texts("protected"))
        except InvalidName as error:
            raise InvalidConfiguration(
                f"{setting.source}: {error.message}", next_step=error.next_step
            ) from error
