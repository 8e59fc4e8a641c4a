"""The part of the composition root that Git's hooks and CI reach: it opens no plan store."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from git_kas.errors import InvalidConfiguration, InvalidName

if TYPE_CHECKING:
    from collections.abc import Sequence

    from git_kas.domain.guard import GuardPattern
    from git_kas.domain.hooks import HookName
    from git_kas.domain.ref_updates import FrameworkPush
    from git_kas.ports.guarded import Guarded
    from git_kas.ports.hook_files import HookFiles
    from git_kas.usecases.guard import Guard
    from git_kas.usecases.hooks import GuardHooks
    from git_kas.workspace import Workspace


class Guarding:
    """The guard of the repository that ``app`` is in."""

    def __init__(self, app: Workspace) -> None:
        self._app = app

    @property
    def patterns(self) -> tuple[GuardPattern, ...]:
        """The guarded paths: ``kas.guard.path``.

        Raises:
            InvalidConfiguration: a value cannot be guarded, or nothing would be.
        """
        from git_kas.domain.guard import guard_patterns

        try:
            return guard_patterns(self._app.config.texts("guard_paths"))
        except InvalidName as error:
            source = self._app.config.setting("guard_paths").source
            raise InvalidConfiguration(f"{source}: {error.message}", next_step=error.next_step) from error

    def guard(self, baselines: Sequence[str] = ()) -> Guard:
        """The guard; ``baselines`` are accepted beside those of ``kas.guard.baseline``."""
        from git_kas.usecases.guard import Baseline, Guard

        source = self._app.config.setting("guard_baseline").source
        configured = [Baseline(text, source) for text in self._app.config.texts("guard_baseline")]
        given = [Baseline(text, "option --baseline") for text in baselines]
        return Guard(self._guarded, self.patterns, [*configured, *given])

    @property
    def hooks(self) -> GuardHooks:
        """The guard's hooks in the repository."""
        from git_kas.usecases.hooks import GuardHooks, HookScope

        scope = HookScope(self._app.location, self._app.git_entries, self.patterns)
        return GuardHooks(self._hook_files, self._app.porcelain, scope)

    def printed_hook(self, hook: HookName) -> bytes:
        """A hook's file, to be put somewhere by hand; it needs no repository."""
        from git_kas.domain.hooks import ShimOptions

        files = self._hook_files
        return files.shim(hook, ShimOptions(self.patterns, files.program()))

    @property
    def _hook_files(self) -> HookFiles:
        found = self._app.plugins.call("hooks", "kas_hook_files", environment=self._app.environment)
        return cast("HookFiles", found)

    @property
    def framework_push(self) -> FrameworkPush | None:
        """What the pre-commit framework says in the environment that it pushes."""
        from git_kas.domain.ref_updates import framework_push

        return framework_push(self._app.environment)

    @property
    def _guarded(self) -> Guarded:
        location, environment = self._app.location, self._app.environment
        found = self._app.plugins.call("gitcli", "kas_guarded", location=location, environment=environment)
        return cast("Guarded", found)
