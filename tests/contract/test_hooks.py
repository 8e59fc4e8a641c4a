"""Each hook, called as the program calls it, gives something that satisfies its port."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from earlier_databases import SHOP, make_earlier
from git_kas.domain.guard import GuardPattern
from git_kas.domain.hooks import HookName
from git_kas.domain.janitor import Usage
from git_kas.domain.location import RepositoryLocation
from git_kas.domain.names import BranchName, ObjectId
from git_kas.domain.run_ids import RunId
from git_kas.domain.transitions import PlanTransition
from git_kas.errors import Busy, ProgramFailed, StoreCorrupt
from git_kas.plugin.manager import PluginManager
from git_kas.ports.agent_runs import RunReport, RunState
from git_kas.ports.fakes import FakeClock
from git_kas.ports.guarded import ObjectKind, Peeled
from git_kas.ports.observer import Surroundings
from git_kas.ports.signals import SignalPlace
from git_kas.ports.store import StoreRequest
from git_kas.ports.store_host import HostRequest
from git_kas.ports.watch import WatchedFolder
from git_kas_files.watch import DiskWatch
from postgresql import new_database
from support import Repo


@pytest.fixture
def plugins() -> PluginManager:
    return PluginManager(sys.path)


def location(repo: Repo) -> RepositoryLocation:
    path = str(repo.path)
    return RepositoryLocation(f"{path}/.git", f"{path}/.git", path, path)


def test_kas_store(plugins: PluginManager, repo: Repo) -> None:
    repo.write_state({"2026-01-01-a.md": {"status": "ready"}})
    request = StoreRequest(
        "json", location(repo), lambda: "project", lambda: "docs/plans", FakeClock(), DiskWatch
    )
    store = plugins.call("json", "kas_store", request=request)
    assert [plan.filename for plan in store.list_plans()] == ["2026-01-01-a.md"]
    assert store.describe().kind == "json"
    store.close()


@pytest.mark.parametrize("reader", ["dulwich", "gitcli", "pygit2"])
def test_kas_repository(plugins: PluginManager, repo: Repo, reader: str, environment: dict[str, str]) -> None:
    repository = plugins.call(reader, "kas_repository", location=location(repo), environment=environment)
    assert [branch.name for branch in repository.local_branches()] == ["main"]


def test_kas_git_folders(plugins: PluginManager, repo: Repo) -> None:
    found = plugins.call("files", "kas_git_folders").find(str(repo.path), {})
    assert found.common_dir == f"{repo.path}/.git"


def test_kas_git_config(plugins: PluginManager, repo: Repo, environment: dict[str, str]) -> None:
    repo.git("config", "kas.base", "trunk")
    reader = plugins.call("gitcli", "kas_git_config", environment=environment)
    assert reader.read(str(repo.path), None).text("kas.base") == "trunk"


def test_kas_porcelain(plugins: PluginManager, repo: Repo, environment: dict[str, str]) -> None:
    porcelain = plugins.call("gitcli", "kas_porcelain", environment=environment)
    assert porcelain.run(str(repo.path), "rev-parse", "--is-bare-repository").strip() == "false"


def test_kas_plan_files(plugins: PluginManager, repo: Repo) -> None:
    repo.commit("plan", {"docs/plans/a.md": "# a\n", "docs/plans/notes.txt": "no plan\n"})
    listed = plugins.call("files", "kas_plan_files").names([str(repo.path)], "docs/plans")
    assert listed == {str(repo.path): frozenset({"a.md"})}


def test_kas_worktree_files(plugins: PluginManager, repo: Repo) -> None:
    files = plugins.call("files", "kas_worktree_files")
    files.append(str(repo.path), ".gitignore", b"*.log\n")
    assert files.read(str(repo.path), ".gitignore") == b"*.log\n"


def test_kas_locks(plugins: PluginManager, repo: Repo) -> None:
    locks = plugins.call("files", "kas_locks", location=location(repo))
    assert locks.holder("watch") == ""
    with locks.exclusive("watch", "It is watched"):
        assert f"process {os.getpid()} on " in locks.holder("watch")
        with pytest.raises(Busy, match="It is watched by process"), locks.exclusive("watch", "It is watched"):
            pass
    assert locks.holder("watch") == ""


def test_kas_watch(plugins: PluginManager, tmp_path: Path) -> None:
    watch = plugins.call("files", "kas_watch")
    later = tmp_path / "later"
    with watch.changes([WatchedFolder(str(tmp_path)), WatchedFolder(str(later))]) as changes:
        assert not changes.wait(0.2)
        later.mkdir()
        assert changes.wait(5)
        assert not changes.wait(0.2)
        (tmp_path / "file").write_text("text")
        assert changes.wait(5)
        changes.notify()
        assert changes.wait(5)
    with watch.changes([WatchedFolder(str(tmp_path), names=frozenset({"a"}))]) as changes:
        (tmp_path / "b").write_text("text")
        assert not changes.wait(0.5)
        (tmp_path / "a").write_text("text")
        assert changes.wait(5)
        while changes.wait(0.2):
            pass
        (tmp_path / "c").write_text("text")
        (tmp_path / "c").replace(tmp_path / "a")
        assert changes.wait(5)


def test_kas_scratch(plugins: PluginManager, tmp_path: Path) -> None:
    folder = plugins.call("files", "kas_scratch").create(str(tmp_path / "new"))
    folder.write("a/b.txt", "text")
    assert (tmp_path / "new/a/b.txt").read_text() == "text"
    folder.remove("a")
    assert list((tmp_path / "new").iterdir()) == []
    with pytest.raises(ValueError, match="not inside"):
        folder.write("../outside.txt", "text")
    folder.delete()
    assert not (tmp_path / "new").exists()


def test_kas_signal_box(plugins: PluginManager, repo: Repo) -> None:
    box = plugins.call("files", "kas_signal_box", location=location(repo))
    place = SignalPlace("", str(repo.path), ("docs/plans/.signals",))
    box.write(place, "review-approved-a.md", b"good")
    assert [waiting.name for waiting in box.find([place]).waiting] == ["review-approved-a.md"]


def test_kas_admin_files(plugins: PluginManager, repo: Repo) -> None:
    files = plugins.call("files", "kas_admin_files", location=location(repo))
    facts = files.facts(f"{repo.path}/.git/HEAD")
    assert facts.is_ours
    kept = files.set_aside(f"{repo.path}/.git/HEAD", facts.stamp)
    assert Path(kept).read_text() == "ref: refs/heads/main\n"


def test_kas_process_table(plugins: PluginManager) -> None:
    table = plugins.call("process", "kas_process_table")
    assert table.start_of(2**30) is None
    assert table.host()


def test_kas_operation_journal(plugins: PluginManager, repo: Repo) -> None:
    journal = plugins.call("files", "kas_operation_journal", location=location(repo))
    operation = journal.begin("cleanup", {"names": ["a"]}, 1)
    assert [record.id for record in journal.operations()] == [operation]


def test_kas_trash(plugins: PluginManager, repo: Repo) -> None:
    trash = plugins.call("files", "kas_trash", location=location(repo))
    (repo.path / "folder").mkdir()
    assert trash.move(str(repo.path / "folder"), str(repo.path / "elsewhere"))
    assert (repo.path / "elsewhere").is_dir()


def test_kas_admin_records(plugins: PluginManager, repo: Repo) -> None:
    records = plugins.call("files", "kas_admin_records", location=location(repo))
    tip = repo.git("rev-parse", "HEAD")
    assert tip in records.branch_log(BranchName("main")).decode()
    assert tip in records.objects_of_worktree(str(repo.path / ".git"))


def test_kas_branch_config(plugins: PluginManager, repo: Repo, environment: dict[str, str]) -> None:
    repo.git("config", "branch.gone.remote", "origin")
    config = plugins.call("gitcli", "kas_branch_config", location=location(repo), environment=environment)
    assert config.take_out({"gone"}, lambda _: None)
    assert "gone" not in repo.git("config", "--list")


def test_kas_activity(plugins: PluginManager, tmp_path: Path) -> None:
    usage = plugins.call("process", "kas_activity").users_of([str(tmp_path)])
    assert usage == {str(tmp_path): Usage()}


def test_kas_processes(plugins: PluginManager, tmp_path: Path, environment: dict[str, str]) -> None:
    processes = plugins.call("process", "kas_processes", environment=environment)
    log = processes.create_log(str(tmp_path / "log"))
    log.append("first")
    log.close()
    assert processes.read_log(str(tmp_path / "log")) == (["first"], 6)
    process = processes.start("git_kas", ["nonsense"])
    process.wait()
    assert process.exit_status() == 2
    assert "nonsense" in process.errors()


def test_kas_contents(plugins: PluginManager, repo: Repo, environment: dict[str, str]) -> None:
    contents = plugins.call("gitcli", "kas_contents", location=location(repo), environment=environment)
    before = ObjectId(repo.git("rev-parse", "HEAD"))
    repo.commit("change", {"a": "1\n"})
    (changes,) = contents.changes([(before, ObjectId(repo.git("rev-parse", "HEAD")))])
    assert [change.path for change in changes] == [b"a"]
    assert contents.blob(changes[0].after.id) == b"1\n"
    contents.close()


def test_kas_guarded(plugins: PluginManager, repo: Repo, environment: dict[str, str]) -> None:
    guarded = plugins.call("gitcli", "kas_guarded", location=location(repo), environment=environment)
    (repo.path / "plan-state.json").write_text("{}")
    repo.git("add", "-A")
    assert [change.path for change in guarded.staged([GuardPattern("plan-state.json")])] == [b"plan-state.json"]
    assert guarded.peel(["HEAD"]) == [Peeled(ObjectId(repo.git("rev-parse", "HEAD")), ObjectKind.COMMIT)]


def test_kas_file_merge(plugins: PluginManager) -> None:
    merge = plugins.call("pygit2", "kas_file_merge")
    assert merge.merged(b"1\n2\n3\n4\n", b"1\n2\n3\nfour\n", b"one\n2\n3\n4\n") == b"one\n2\n3\nfour\n"


def test_kas_cache(plugins: PluginManager, repo: Repo) -> None:
    cache = plugins.call("files", "kas_cache", location=location(repo))
    assert cache.read("name") is None
    cache.write("name", b"data")
    assert cache.read("name") == b"data"
    folder = repo.path / ".git/kas/cache"
    assert [path.name for path in folder.iterdir()] == ["name"]
    (folder / "name").unlink()
    (folder / "name").mkdir()
    cache.write("name", b"data")
    assert cache.read("name") is None
    assert [path.name for path in folder.iterdir()] == ["name"]


def test_kas_commands(
    plugins: PluginManager, tmp_path: Path, environment: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    commands = plugins.call("process", "kas_commands", environment=environment | {"GIT_DIR": "/elsewhere"})
    assert commands.run('echo "$PWD$GIT_DIR"; cat; exit 3', str(tmp_path)) == 3
    assert commands.run("kill -KILL $$", str(tmp_path)) == -9
    assert capfd.readouterr() == ("", f"{tmp_path}\n")
    with pytest.raises(ProgramFailed):
        commands.run("true", str(tmp_path / "missing"))


def test_kas_forge(plugins: PluginManager, repo: Repo, environment: dict[str, str]) -> None:
    without_gh = environment | {"PATH": str(repo.path)}
    forge = plugins.call("github", "kas_forge", folder=str(repo.path), environment=without_gh)
    with pytest.raises(ProgramFailed, match="gh is not on PATH"):
        forge.open_requests()


def test_kas_hook_files(plugins: PluginManager, repo: Repo, environment: dict[str, str]) -> None:
    files = plugins.call("hooks", "kas_hook_files", environment=environment)
    assert files.view(f"{repo.path}/.git/hooks", HookName.PRE_PUSH).files == {}
    assert files.finds_program("")
    assert Path(files.program()).name == "git-kas"


def test_kas_store_host(plugins: PluginManager, tmp_path: Path) -> None:
    request = HostRequest(f"sqlite:///{tmp_path}/plans.db", FakeClock(), DiskWatch)
    host = plugins.call("sqlite", "kas_store_host", request=request)
    assert host.describe() == ("sqlite", f"{tmp_path}/plans.db")
    assert list(host.projects()) == []
    host.close()


def test_kas_tokens(plugins: PluginManager, tmp_path: Path) -> None:
    request = HostRequest(f"sqlite:///{tmp_path}/plans.db", FakeClock(), DiskWatch)
    tokens = plugins.call("sqlite", "kas_tokens", request=request)
    assert tokens.describe() == ("sqlite", f"{tmp_path}/plans.db")
    assert list(tokens.tokens()) == []
    tokens.close()


def test_kas_earlier_database(plugins: PluginManager, tmp_path: Path) -> None:
    path = make_earlier(tmp_path / "plans.db", {"shop": SHOP, "a": ()})
    database = plugins.call("sqlite", "kas_earlier_database", path=str(path))
    assert database.projects() == ["shop"]
    found = database.read("shop")
    assert [plan.filename for plan in found.plans] == [row["filename"] for row in SHOP]
    assert (found.topics, database.other_rows()) == ({"api": ""}, {})
    database.close()
    with pytest.raises(StoreCorrupt):
        plugins.call("sqlite", "kas_earlier_database", path=__file__)


def test_kas_store_damages(plugins: PluginManager, tmp_path: Path) -> None:
    request = HostRequest(f"sqlite:///{tmp_path}/plans.db", FakeClock(), DiskWatch)
    assert list(plugins.call("sqlite", "kas_store_damages", request=request)) == []
    (tmp_path / "plans.db").write_text("this is no database" * 100)
    (damage,) = plugins.call("sqlite", "kas_store_damages", request=request)
    assert "plans.db" in damage


def test_kas_store_outage(plugins: PluginManager, tmp_path: Path) -> None:
    request = HostRequest(f"sqlite:///{tmp_path}/plans.db", FakeClock(), DiskWatch)
    assert plugins.call("sqlite", "kas_store_outage", request=request, user="trial") is None
    with new_database() as url:
        request = HostRequest(url, FakeClock(), DiskWatch)
        outage = plugins.call("postgresql", "kas_store_outage", request=request, user="trial")
        assert outage.cut() == 0
        known, other = (
            plugins.call("postgresql", "kas_store_host", request=request._replace(url=asked))
            for asked in (outage.url, url)
        )
        for host in (known, other):
            assert list(host.projects()) == []
        assert outage.cut() == 1
        for host in (known, other):
            assert list(host.projects()) == []  # by a new connection
            host.close()


def test_kas_new_files(plugins: PluginManager, tmp_path: Path) -> None:
    files = plugins.call("files", "kas_new_files")
    new = files.begin(str(tmp_path / "new"))
    assert Path(new.path).parent == tmp_path
    new.publish()
    new.discard()
    assert [path.name for path in tmp_path.iterdir()] == ["new"]


def test_kas_private_files(plugins: PluginManager, tmp_path: Path) -> None:
    path = tmp_path / "folder/private"
    files = plugins.call("files", "kas_private_files")
    for number in range(2):
        files.update(str(path), lambda text, number=number: f"{text}{number}\n")
    assert path.read_text() == "0\n1\n"
    assert path.stat().st_mode & 0o777 == 0o600


def test_kas_agent_runs(plugins: PluginManager, repo: Repo, environment: dict[str, str]) -> None:
    runs = plugins.call("process", "kas_agent_runs", location=location(repo), environment=environment)
    run_id = RunId("a-W1-T1-1")
    assert runs.reports([run_id]) == {run_id: RunReport(RunState.NEVER)}
    assert runs.folder(run_id) == f"{repo.path}/.git/kas/runs/a-W1-T1-1"


@pytest.mark.parametrize("runner", ["process", "tmux"])
def test_kas_runner(plugins: PluginManager, repo: Repo, environment: dict[str, str], runner: str) -> None:
    made = plugins.call(runner, "kas_runner", location=location(repo), environment=environment)
    with pytest.raises(ProgramFailed):
        made.start(RunId("a-W1-T1-1"), ["/missing"], f"{repo.path}/missing")


def test_kas_plan_transitioned(
    plugins: PluginManager, repo: Repo, environment: dict[str, str], capfd: pytest.CaptureFixture[str]
) -> None:
    moved = PlanTransition("shop", "a.md", "cancel", "ready", "cancelled", "user", "Ada", 2, 0, 7, "now")
    around = Surroundings(location(repo), environment | {"GIT_DIR": "/elsewhere"}, 'echo "$KAS_PLAN $GIT_DIR"')
    plugins.call("process", "kas_plan_transitioned", transition=moved, surroundings=around)
    assert capfd.readouterr() == ("", "a.md \n")
    plugins.call("process", "kas_plan_transitioned", transition=moved, surroundings=around._replace(command=""))
    failing = around._replace(command="exit 3")
    with pytest.raises(ProgramFailed, match="ended with status 3"):
        plugins.call("process", "kas_plan_transitioned", transition=moved, surroundings=failing)
    assert "process" in plugins.providers("kas_plan_transitioned")[0]
