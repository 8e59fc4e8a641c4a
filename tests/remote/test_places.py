"""Where a server is, what proxy stands before it, and which token it is shown."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from double_server import Double, Reply
from git_kas.domain.token_file import token_for, with_token
from git_kas.errors import InvalidConfiguration, UsageError
from git_kas_remote.address import Address, parse_address, proxy_for
from git_kas_remote.token import Token, find_token
from support import Repo, Run

TOKEN = "kas_0123456789ab_secret"  # noqa: S105 - opens nothing
ATHENA = Address("http", "athena", 7433)


@pytest.mark.parametrize(
    ("url", "base"),
    [
        ("http://athena:7433", "http://athena:7433"),
        ("http://athena:7433/", "http://athena:7433"),
        ("HTTP://Athena", "http://athena"),
        ("http://athena:80/x", "http://athena/x"),
        ("https://athena:443/plans//", "https://athena/plans"),
        ("https://athena:8443/a b/ü", "https://athena:8443/a%20b/%C3%BC"),
        ("http://[::1]:7433", "http://[::1]:7433"),
        ("http://127.0.0.1:7433", "http://127.0.0.1:7433"),
    ],
)
def test_where_a_server_is(url: str, base: str) -> None:
    assert parse_address(url).base == base


@pytest.mark.parametrize(
    "url",
    [
        "http",
        "http:",
        "http://",
        "http:///x",
        "http:athena",
        "http://:7433",
        "http://athena:x",
        "http://athena:0",
        "http://athena:99999",
        "http://athena?x",
        "http://athena#x",
        "http://athena/../x",
        "http://athena\n",
        "http://a b",
        "http://ath\u0435na",
        "http://[::1",
        "ftp://athena",
    ],
)
def test_where_none_is(url: str) -> None:
    with pytest.raises(UsageError):
        parse_address(url)


@pytest.mark.parametrize("user", [TOKEN, f":{TOKEN}", f"ada:{TOKEN}", f"{TOKEN}:x", ""])
def test_a_token_in_a_url_is_refused_and_never_shown(repo: Repo, kas: Run, user: str) -> None:
    url = f"http://{user}@127.0.0.1:1"
    for command in (("plan", "list"), ("where",), ("config",), ("plan", "list", "--store", url)):
        finished = kas(*command, cwd=repo.path, env={"KAS_STORE": url})
        assert finished.status == (0 if command == ("config",) else 2), finished
        assert "secret" not in finished.out + finished.err
        assert command == ("config",) or "KAS_TOKEN" in finished.err


@given(st.text(max_size=40))
def test_no_url_does_harm(text: str) -> None:
    try:
        address = parse_address(f"http://{text}")
    except UsageError:
        return
    assert address.host.isascii()
    assert address.base.isprintable()
    assert parse_address(address.base) == address


# -- proxies -----------------------------------------------------------------------------------------------

PROXY = {"http_proxy": "http://proxy:3128", "https_proxy": "proxy:3129", "HTTP_PROXY": "http://evil"}


@pytest.mark.parametrize(
    ("url", "more", "proxy"),
    [
        ("http://athena", {}, "http://proxy:3128"),
        ("https://athena", {}, "http://proxy:3129"),
        ("http://athena", {"no_proxy": "x, ATHENA"}, None),
        ("http://plans.example.org", {"no_proxy": ".example.org"}, None),
        ("http://badexample.org", {"no_proxy": "example.org"}, "http://proxy:3128"),
        ("http://athena", {"NO_PROXY": "*"}, None),
        ("http://athena", {"http_proxy": ""}, None),
        ("http://athena", {"http_proxy": "", "ALL_PROXY": "http://all:1"}, "http://all:1"),
        *[
            (f"http://{host}:7433", {}, None)
            for host in ("localhost", "x.localhost", "127.0.0.1", "127.9.8.7", "[::1]")
        ],
    ],
)
def test_which_proxy_stands_before_it(url: str, more: Mapping[str, str], proxy: str | None) -> None:
    assert proxy_for(parse_address(url), {**PROXY, **more}) == proxy


def test_a_proxy_of_another_kind_is_refused() -> None:
    with pytest.raises(UsageError, match="none of HTTP"):
        proxy_for(ATHENA, {"all_proxy": "socks5://proxy:1080"})


def test_this_machine_is_asked_directly(double: Double, repo: Repo, kas: Run) -> None:
    proxies = {"http_proxy": "http://127.0.0.1:1", "all_proxy": "http://127.0.0.1:1"}
    assert kas("plan", "list", cwd=repo.path, env={"KAS_STORE": double.url, **proxies}).status == 0


def test_others_are_asked_through_the_proxy(double: Double, repo: Repo, kas: Run) -> None:
    double.instead = lambda _: Reply(200, b'{"change": 0, "plans": [], "remarks": []}')
    env = {"KAS_STORE": "http://plans.invalid:7433", "KAS_PROJECT": "p", "http_proxy": double.url}
    finished = kas("plan", "list", cwd=repo.path, env=env)
    assert (finished.status, finished.err) == (0, "")
    assert [seen.path for seen in double.seen] == ["http://plans.invalid:7433/v1/projects/p/state"]
    finished = kas("plan", "list", cwd=repo.path, env={**env, "http_proxy": "http://127.0.0.1:1"})
    assert finished.status == 6
    assert "the proxy in the environment does not let it be reached: Connection refused" in finished.err


# -- tokens ------------------------------------------------------------------------------------------------


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a file of tokens."""
    path = tmp_path / ".config/git-kas/tokens"
    path.parent.mkdir(parents=True)
    path.write_text(f"# mine\nhttp://other:7433 other\nhttp://athena:7433 {TOKEN}\nhttps://athena:7433 tls\n")
    path.chmod(0o600)
    return tmp_path


def test_a_token_is_for_one_origin(home: Path) -> None:
    def found(url: str) -> str:
        return find_token(parse_address(url), {"HOME": str(home)}).text

    assert found("http://athena:7433") == TOKEN
    assert found("http://ATHENA:7433/plans") == TOKEN
    assert found("https://athena:7433") == "tls"
    for url in ("http://athena", "http://athena:7434", "http://athena.org:7433", "https://other:7433"):
        assert found(url) == ""


def test_what_is_said_nearer_counts(home: Path, tmp_path: Path) -> None:
    alone, many = tmp_path / "alone", tmp_path / "many"
    alone.write_text("from-file\n")
    many.write_text("http://athena:7433 by-origin\n")
    environment = {"HOME": str(home), "KAS_TOKEN_FILE": str(alone)}
    assert find_token(ATHENA, {**environment, "KAS_TOKEN": " given \n"}).text == "given"
    assert find_token(ATHENA, environment) == Token("from-file", str(alone))
    assert find_token(ATHENA, {**environment, "KAS_TOKEN_FILE": str(many)}).text == "by-origin"
    assert find_token(ATHENA, {"HOME": str(home)}).text == TOKEN
    assert find_token(ATHENA, {"HOME": str(home), "XDG_CONFIG_HOME": str(tmp_path / "x")}).text == ""
    assert find_token(ATHENA, {}).text == ""


def test_on_behalf_of_an_agent_the_user_s_file_stays_closed(home: Path) -> None:
    environment = {"HOME": str(home), "KAS_ACTOR": "agent"}
    assert find_token(ATHENA, environment).text == ""
    assert find_token(ATHENA, {**environment, "KAS_TOKEN": "agents"}).text == "agents"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o666])
def test_a_file_that_others_may_read_is_refused(home: Path, mode: int) -> None:
    (home / ".config/git-kas/tokens").chmod(mode)
    with pytest.raises(InvalidConfiguration, match="others may read it") as caught:
        find_token(ATHENA, {"HOME": str(home)})
    assert "chmod 600" in caught.value.next_step


@pytest.mark.parametrize("token", ["a\nb", "a b c", "ü", "x" * 5000, "a\x00b"])
def test_what_is_no_token_is_not_sent(tmp_path: Path, token: str) -> None:
    path = tmp_path / "token"
    path.write_text(token)
    for environment in ({"KAS_TOKEN": token}, {"KAS_TOKEN_FILE": str(path)}):
        with pytest.raises(InvalidConfiguration) as caught:
            find_token(ATHENA, environment)
        assert token not in caught.value.message


@pytest.mark.parametrize("path", ["missing", "."])
def test_a_named_file_must_be_there(tmp_path: Path, path: str) -> None:
    with pytest.raises(InvalidConfiguration):
        find_token(ATHENA, {"KAS_TOKEN_FILE": str(tmp_path / path)})


def test_a_token_is_sent_and_its_source_told(
    double: Double, repo: Repo, kas: Run, environment: dict[str, str], token_file: Path
) -> None:
    env = {"KAS_STORE": double.url}
    token_file.write_text(with_token("", double.url, TOKEN))
    token_file.chmod(0o600)
    assert kas("plan", "list", cwd=repo.path, env=env).status == 0
    assert double.seen[-1].headers["Authorization"] == f"Bearer {TOKEN}"
    double.instead = lambda _: Reply(401, b'{"error": "no", "code": "not_allowed", "next": "x"}')
    finished = kas("plan", "list", cwd=repo.path, env={**env, "KAS_DEBUG": "1"})
    assert finished.status == 9
    assert f"{double.url} does not accept the token from {token_file}." in finished.err
    agent = kas("plan", "list", cwd=repo.path, env={**env, "KAS_ACTOR": "agent"})
    assert "asks for a token" in agent.err
    assert "Authorization" not in double.seen[-1].headers
    assert TOKEN not in finished.err + agent.err


def test_a_redirect_takes_no_token_along(double: Double, repo: Repo, kas: Run) -> None:
    double.instead = lambda _: Reply(307, b"", {"Location": f"{double.url}/elsewhere"})
    finished = kas("plan", "list", cwd=repo.path, env={"KAS_STORE": double.url, "KAS_TOKEN": TOKEN})
    assert finished.status == 6
    assert len(double.seen) == 1


def test_a_token_is_in_no_representation() -> None:
    token = find_token(ATHENA, {"KAS_TOKEN": TOKEN})
    assert TOKEN not in f"{token} {token!r} {[token]}"


def test_a_file_of_tokens_is_changed_line_by_line() -> None:
    text = with_token("# mine\nhttp://a 1\nhttp://b 2\n", "http://a", "3")
    assert text == "# mine\nhttp://b 2\nhttp://a 3\n"
    assert (token_for(text, "http://a"), token_for(text, "http://c")) == ("3", None)
