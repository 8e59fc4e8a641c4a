"""Who may do what with which token, and how the first one comes to whoever starts the server."""

from __future__ import annotations

import http.client
import json
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from git_kas.domain.timestamps import later, timestamp
from git_kas.domain.tokens import Granted, NewToken, Role, Token, make_token
from git_kas.errors import NotAllowed, Unauthenticated
from git_kas.ports.fake_tokens import FakeTokens
from git_kas.ports.fakes import FakeClock
from git_kas.server.access import Grant, TokenAccess
from git_kas.server.services import Services
from server.hosting import ONE, PLAN, PLANS, Client, Reply, Running, application, start
from support import EPOCH, Run

NOW = timestamp(EPOCH * 1_000_000_000)


class World:
    def __init__(self) -> None:
        self.tokens = FakeTokens()
        self.clock = FakeClock(EPOCH)
        self.access = TokenAccess(self.tokens, self.clock)
        self.made = 0

    def token(self, role: Role, project: str | None = None, expires_at: str = "") -> NewToken:
        self.made += 1
        new = make_token(bytes([self.made]) * 38, Granted(f"t{self.made}", role, project, expires_at), NOW)
        self.tokens.add(new.token)
        return new

    def grant(self, token: str, project: str | None = "shop") -> Grant:
        return self.access.grant(f"Bearer {token}", project)


@pytest.fixture
def world() -> World:
    return World()


@pytest.mark.parametrize("role", Role)
def test_a_token_grants_its_role_everywhere(world: World, role: Role) -> None:
    token = world.token(role).text
    assert world.grant(token) == world.grant(token, None) == Grant(role, "t1")
    assert world.access.grant(f"bEARER   {token} ", "shop").role is role


def test_a_token_for_a_project_opens_no_other(world: World) -> None:
    token = world.token(Role.ADMIN, "shop").text
    assert world.grant(token) == Grant(Role.ADMIN, "t1")
    assert world.grant(token, None) == Grant(Role.READ, "t1")
    for project in ("Shop", "", "shop/x", "other"):
        with pytest.raises(NotAllowed) as refused:
            world.grant(token, project)
        assert not isinstance(refused.value, Unauthenticated)


def test_what_proves_nothing_is_refused_alike(world: World) -> None:
    token = world.token(Role.USER).text
    wrong = token[:-1] + ("0" if token[-1] != "0" else "1")
    told = set()
    for shown in (wrong, token.replace("kas_01", "kas_99"), "kas_", "", token[4:], "Ünlaut", token * 100):
        with pytest.raises(Unauthenticated) as refused:
            world.grant(shown)
        told.add((refused.value.message, refused.value.next_step))
        assert shown not in refused.value.message or not shown
    assert len(told) == 1
    for header in (None, "", "Bearer", "Basic QTpC", token, f"Token {token}"):
        with pytest.raises(Unauthenticated):
            world.access.grant(header, "shop")


def test_a_token_ends_at_once(world: World) -> None:
    token = world.token(Role.USER, expires_at=later(NOW, 10)).text
    world.clock.time += 9
    assert world.grant(token).role is Role.USER
    world.clock.time += 1
    with pytest.raises(Unauthenticated, match="is expired"):
        world.grant(token)
    world.clock.time -= 3600  # a clock that goes back lets it in again, and nothing else goes wrong
    assert world.grant(token).role is Role.USER


def test_a_revoked_token_is_let_in_for_a_second_at_most(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = 100.0
    monkeypatch.setattr("time.monotonic", lambda: seconds)
    token = world.token(Role.USER)
    world.grant(token.text)
    world.tokens.revoke(token.token.id, NOW)
    assert world.grant(token.text).role is Role.USER
    seconds += 1.0
    with pytest.raises(Unauthenticated, match="is revoked"):
        world.grant(token.text)


def test_a_token_that_is_made_later_is_let_in_at_once(world: World) -> None:
    new = make_token(b"n" * 38, Granted("new", Role.READ), NOW)
    with pytest.raises(Unauthenticated):
        world.grant(new.text)
    world.tokens.add(new.token)
    assert world.grant(new.text).role is Role.READ


def test_tokens_are_looked_up_once_a_second_and_guesses_are_not_kept(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.monotonic", lambda: 100.0)
    asked: list[str] = []
    find = world.tokens.find

    def counted(id_: str) -> Token | None:
        asked.append(id_)
        return find(id_)

    monkeypatch.setattr(world.tokens, "find", counted)
    token = world.token(Role.USER).text
    for _ in range(50):
        world.grant(token)
    assert len(asked) == 1
    for number in range(2000):
        with pytest.raises(Unauthenticated):
            world.grant(f"kas_{number:012x}_{'0' * 64}")
    assert len(world.access._known) == 1


# -- with an application -------------------------------------------------------------------------------------


@pytest.fixture
def asks(world: World, services: Services) -> Callable[[str | None], Client]:
    """A client of an application with tokens: ``asks(token)``."""

    def client(token: str | None) -> Client:
        made = application(services, world.access)
        made.headers = {"Authorization": f"Bearer {token}"} if token is not None else {}
        return made

    return client


def test_each_role_may_do_what_it_may(world: World, asks: Callable[[str | None], Client]) -> None:
    read, agent, user = (asks(world.token(role).text) for role in (Role.READ, Role.AGENT, Role.USER))
    assert read("POST", PLANS, {"filename": PLAN, "status": "ready"}).status == 403
    assert agent("POST", PLANS, {"filename": PLAN, "status": "ready"}).status == 201
    assert read("GET", ONE).status == 200
    cancel = {"event": "cancel"}
    for headers in ({}, {"Kas-Actor": "user"}):
        refused = agent("POST", f"{ONE}/transition", cancel, headers)
        assert (refused.status, refused.json()["code"]) == (403, "not_allowed")
    assert user("POST", f"{ONE}/transition", cancel).status == 200
    entries = user("GET", f"{ONE}/history").json()
    assert "t3" in json.dumps(entries)


def test_without_a_token_only_what_is_open_is_answered(asks: Callable[[str | None], Client]) -> None:
    nobody = asks(None)
    for path in ("/v1/ping", "/healthz"):
        assert nobody("GET", path).status == 200
    for method, path in (("GET", PLANS), ("GET", "/v1/version"), ("PUT", ONE), ("HEAD", PLANS)):
        refused = nobody(method, path)
        assert refused.status == 401
        assert refused.headers["www-authenticate"].startswith("Bearer")


# -- the real program ----------------------------------------------------------------------------------------


@pytest.fixture
def serve(environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def run(*options: str) -> Running:
        started.append(start(environment, tmp_path, "--db", "plans.db", *options))
        return started[-1]

    yield run
    for running in started:
        if running.process.poll() is None:
            running.stop()


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def answered(running: Running, token: str) -> Reply:
    return running("GET", PLANS, headers=bearer(token))


def test_the_first_start_gives_its_user_a_token_that_the_client_finds(
    serve: Callable[..., Running], environment: dict[str, str], tmp_path: Path, kas: Run
) -> None:
    running = serve()
    path = Path(environment["HOME"]) / ".config/git-kas/tokens"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    origin, token = path.read_text().split()
    assert origin == running.url
    assert running("GET", PLANS).status == 401
    assert answered(running, token).status == 200
    (listed,) = kas("token", "list", "--db", "plans.db", "--json").data
    assert (listed["role"], listed["project"], listed["state"]) == ("user", None, "valid")
    repo = tmp_path / "repo"
    repo.mkdir()
    subprocess.run(["git", "init", "-q", str(repo)], check=True, env=environment)
    finished = kas("plan", "create", "x", cwd=repo, env={"KAS_STORE": running.url})
    assert finished.status == 0, finished
    status, said = running.stop()
    assert status == 0
    assert said.startswith(f"A token for you is in {path}.\n")
    assert token not in said
    assert sorted(file.name for file in tmp_path.glob("plans.db*")) == ["plans.db"]
    again = serve()
    assert path.read_text().split() == [origin, token]
    assert answered(again, token).status == 200
    assert "A token for you" not in again.stop()[1]


def test_tokens_that_are_made_and_revoked_meanwhile_count(serve: Callable[..., Running], kas: Run) -> None:
    running = serve()
    token = kas("token", "create", "Ada", "--db", "plans.db").out.strip()
    assert answered(running, token).status == 200
    assert kas("token", "revoke", token, "--db", "plans.db").status == 0
    deadline = time.monotonic() + 60
    while answered(running, token).status != 401:
        assert time.monotonic() < deadline
        time.sleep(0.1)
    _, said = running.stop()
    assert token not in said


def test_no_token_gets_into_a_log(serve: Callable[..., Running], kas: Run) -> None:
    running = serve()
    token = kas("token", "create", "Ada", "--db", "plans.db").out.strip()
    for target in (PLANS, f"{PLANS}?token={token}", f"/v1/{token}", "/nonsense"):
        connection = http.client.HTTPConnection(*running.address, timeout=60)
        connection.request("GET", target, headers=bearer(token))
        connection.getresponse().read()
        connection.close()
    running.raw(
        f"GET {PLANS} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nX\r\n\r\n".encode()
    )
    _, said = running.stop()
    assert token not in said
    assert token.rpartition("_")[2] not in said


def test_without_a_home_the_first_token_is_made_by_hand(
    kas: Run, environment: dict[str, str], tmp_path: Path
) -> None:
    del environment["HOME"]
    refused = kas("serve", "--db", "plans.db", "--port", "0")
    assert (refused.status, "git kas token create" in refused.err) == (2, True)
    token = kas("token", "create", "Ada", "--db", "plans.db").out.strip()
    running = start(environment, tmp_path, "--db", "plans.db")
    try:
        assert answered(running, token).status == 200
    finally:
        assert "A token for you" not in running.stop()[1]
