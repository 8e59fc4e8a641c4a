"""The part of the composition root that drives plans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from git_kas.domain.agents import Mode, Role
from git_kas.errors import InvalidConfiguration, NotFound

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from git_kas.app import App
    from git_kas.domain.names import PlanName
    from git_kas.ports.signals import SignalPlace
    from git_kas.usecases.drive import Driver, Look
    from git_kas.usecases.drive_ports import DrivePorts, DriveScope, DriveSettings
    from git_kas.usecases.implement import ImplementAsked, Implemented
    from git_kas.usecases.waves import Driven, WavesPorts

PROMPTS_FOLDER: Final = ".kas/prompts"
"""Where a repository has templates of its own, committed on its base branch."""

_SECONDS_A_MINUTE: Final = 60


class Driving:
    """Drives plans from within ``app``."""

    def __init__(self, app: App) -> None:
        self._app = app

    def implement(self, asked: ImplementAsked, note: str) -> Implemented:
        """Have a plan implemented."""
        from git_kas.domain.mutation import Request
        from git_kas.usecases.implement import implement

        app = self._app
        request = Request(app.author, note=note)
        return implement(app.store, app.signal_box, self._main_place(), asked, request)

    def driven(self, name: PlanName | None) -> list[Driven]:
        """How far plans are driven."""
        from git_kas.usecases.waves import driven_plans

        return driven_plans(self._app.store, name)

    def attach_hint(self, run_id: str) -> str:
        """A command line that shows the agent of a run at work."""
        from git_kas.domain.run_ids import RunId

        return self._app.runner.attach_hint(RunId(run_id))

    def retry(self, name: PlanName, jobs: Collection[str], note: str) -> Driven:
        """Have jobs tried again."""
        from git_kas.usecases.waves import retry

        return retry(self._waves_ports(), name, jobs, note)

    def skip(self, name: PlanName, jobs: Collection[str], note: str) -> Driven:
        """Pass jobs over."""
        from git_kas.usecases.waves import skip

        return skip(self._waves_ports(), name, jobs, note)

    def abort(self, name: PlanName, note: str) -> Driven:
        """Start nothing more."""
        from git_kas.usecases.waves import abort

        return abort(self._waves_ports(), name, note)

    def look_once(self) -> Look:
        """Do what there is to do now; nobody else may be watching.

        Raises:
            Busy: somebody is.
        """
        from git_kas.usecases.watch import DOING, LOCK

        with self._app.locks.exclusive(LOCK, DOING):
            return self._driver().look()

    def looks(self) -> Iterator[Look]:
        """Drive until interrupted; nobody else may be watching. The first look is an empty one: we are.

        Raises:
            Busy: somebody is.
        """
        from git_kas.usecases.drive import Look
        from git_kas.usecases.watch import DOING, LOCK, Watcher

        with self._app.locks.exclusive(LOCK, DOING):
            yield Look()
            driver = self._driver()
            yield from Watcher(driver, driver.ports, driver.scope, self._app.watch).looks()

    @property
    def watcher(self) -> str:
        """Who watches this repository, empty if nobody does."""
        from git_kas.usecases.watch import LOCK

        return self._app.locks.holder(LOCK)

    def _driver(self) -> Driver:
        from git_kas.usecases.drive import Driver

        return Driver(self._ports(), self._scope(), lambda: self._settings(self._app.again()))

    def _ports(self) -> DrivePorts:
        from git_kas.usecases.drive_ports import DrivePorts

        app = self._app
        return DrivePorts(
            store=app.store,
            box=app.signal_box,
            plan_files=app.plan_files,
            runs=app.agent_runs,
            runner=app.runner,
            porcelain=app.porcelain,
            worktrees=lambda: app.git_folders.worktrees(app.location),
            clock=app.clock,
            progress=app.progress,
        )

    def _scope(self) -> DriveScope:
        from git_kas.usecases.drive_ports import DriveScope

        app = self._app
        return DriveScope(
            location=app.location,
            plans_folder=app.plans_folder.value,
            owner=self._owner,
            settings=self._settings(app),
            base=lambda: app.again().base,
            template=self._template,
        )

    def _settings(self, app: App) -> DriveSettings:
        from git_kas.usecases.drive_ports import DriveSettings

        config = app.config
        general = config.setting("agent").value
        own = {role: config.setting(f"agent_{role}") for role in Role}
        return DriveSettings(
            commands={
                role: general if setting.source == "default" else setting.value for role, setting in own.items()
            },
            most_agents=config.number("most_agents"),
            longest_work=config.number("task_timeout") * _SECONDS_A_MINUTE,
            retries=config.number("task_retries"),
            most_rounds=config.number("review_cap"),
            worktree_folder=config.setting("worktrees").value.rstrip("/"),
            per_task=self._per_task(app),
        )

    @staticmethod
    def _per_task(app: App) -> bool:
        setting = app.config.setting("worktree_per")
        if setting.value not in {"plan", "task"}:
            raise InvalidConfiguration(
                f"{setting.source}: a worktree is made per plan or per task, not per '{setting.value}'.",
                next_step="Set kas.worktreePer to plan or task.",
            )
        return setting.value == "task"

    @property
    def _owner(self) -> str:
        """Who drives plans of this repository on this machine; the same in every process."""
        return f"{self._app.process_table.host()}:{self._app.location.common_dir}"

    def _template(self, mode: Mode) -> tuple[str, str]:
        """The prompt of a mode, and where it stands: on the base branch, or in this program."""
        from git_kas.domain.prompts import TEMPLATES

        app = self._app.again()
        path = f"{PROMPTS_FOLDER}/{mode}.md"
        data = app.repository.read_file(app.base.tip, path) if app.base else None
        if app.base is None or data is None:
            return TEMPLATES[mode], "git-kas"
        return data.decode("utf-8", "replace"), f"{app.base.name}:{path}"

    def _waves_ports(self) -> WavesPorts:
        from git_kas.usecases.waves import WavesPorts

        app = self._app
        return WavesPorts(app.store, app.agent_runs, app.clock, self._owner, app.author)

    def _main_place(self) -> SignalPlace:
        """Where users leave signals: in the main worktree, or where there is none in the one we are in."""
        places = self._app.signal_places
        if not places:
            raise NotFound("There is no worktree to leave a signal in.", next_step="Add one: git worktree add")
        return places[0]
