"""The door to the Zabbix API: each version is asked as it wants, each failure says whose it is."""

import logging
from collections.abc import Iterator

import pytest

from tests.monitors.zabbix_api import TOKEN, StandIn, zabbix_api
from tests.peers import closed_port
from watcher.kit.secrets import Secret
from watcher.monitors._zabbix_api import Api, RefusalError
from watcher.monitors.base import MonitorError, Trouble

VERSIONS = ("6.0.14", "6.4.3", "7.0.1", "7.2.0")
LIST = {"source": 0, "object": 0, "countOutput": True}


@pytest.fixture(params=VERSIONS)
def zabbix(request: pytest.FixtureRequest) -> Iterator[StandIn]:
    """A Zabbix of each version."""
    with zabbix_api(request.param) as running:
        yield running


@pytest.fixture
def old() -> Iterator[StandIn]:
    """A Zabbix 6.0."""
    with zabbix_api() as running:
        yield running


def api(zabbix: StandIn, token: str = TOKEN, timeout: float = 10) -> Api:
    """The door to it."""
    return Api(zabbix.url, Secret(token), timeout=timeout)


def failure(client: Api) -> MonitorError:
    """Why a call fails."""
    with pytest.raises(MonitorError) as caught:
        client.call("problem.get", LIST)
    return caught.value


def test_every_version_is_given_the_token_where_it_wants_it(zabbix: StandIn) -> None:
    """In the body up to 6.2, in a header from 6.4 on; the version is asked without it."""
    client = api(zabbix)

    assert client.call("problem.get", LIST) == "0"
    assert client.version == zabbix.release


def test_a_password_opens_a_session(zabbix: StandIn) -> None:
    """Setting a source up may be done by a person who has no token."""
    client = Api(zabbix.url, Secret(zabbix.password), user="Admin", timeout=10)

    assert client.call("problem.get", LIST) == "0"


def test_a_session_that_ended_is_opened_anew(old: StandIn) -> None:
    """Zabbix forgets sessions; nobody should notice."""
    client = Api(old.url, Secret(old.password), user="Admin", timeout=10)
    client.call("problem.get", LIST)
    old.tokens = dict.fromkeys(old.tokens, "Session terminated, re-login, please.")

    assert client.call("problem.get", LIST) == "0"


def test_an_upgrade_between_two_calls_is_noticed(old: StandIn) -> None:
    """What was a place for the token is one no more: it is asked once more, as the new version
    wants it.
    """
    client = api(old)
    client.call("problem.get", LIST)
    old.version = "7.2.0"

    assert client.call("problem.get", LIST) == "0"
    assert client.version == (7, 2)


def test_any_page_of_zabbix_names_it(old: StandIn) -> None:
    """People copy the address that they look at."""
    client = Api(f"{old.url}/zabbix.php?action=dashboard.view#top", Secret(TOKEN), timeout=10)

    assert client.pages == old.url
    assert client.call("problem.get", LIST) == "0"


@pytest.mark.parametrize(
    ("said", "trouble"),
    [
        ("Session terminated, re-login, please.", Trouble.TOKEN),
        ("API token expired.", Trouble.TOKEN),
        ("Not authorised.", Trouble.TOKEN),
        ('No permissions to call "problem.get".', Trouble.RIGHTS),
        ("You do not have permission to perform this operation.", Trouble.RIGHTS),
        ("SQL statement execution has failed", Trouble.STRANGE),
    ],
)
def test_what_zabbix_says_tells_whose_trouble_it_is(
    old: StandIn, said: str, trouble: Trouble
) -> None:
    """One code has several causes: the words decide, and are told."""
    old.tokens[TOKEN] = said

    error = failure(api(old))

    assert isinstance(error, RefusalError)
    assert (error.trouble, error.why) == (trouble, said)
    assert said.rstrip(".") in str(error)


def test_a_wrong_token_is_named_as_such_and_not_shown(zabbix: StandIn) -> None:
    """The remedy is a valid token."""
    error = failure(api(zabbix, "0123456789abcdef"))

    assert error.trouble is Trouble.TOKEN
    assert "give its source a valid token" in str(error)
    assert "0123456789abcdef" not in str(error)


@pytest.mark.parametrize(
    ("status", "body", "trouble", "words"),
    [
        (200, b"<html>Log in</html>", Trouble.STRANGE, "not one of the Zabbix API"),
        (200, b"", Trouble.STRANGE, "not one of the Zabbix API"),
        (200, b'{"status": "success"}', Trouble.STRANGE, "not one of the Zabbix API"),
        (200, b'{"error": "down"}', Trouble.STRANGE, "not one of the Zabbix API"),
        (200, b"[1]", Trouble.STRANGE, "not one of the Zabbix API"),
        (200, b"Deprecated: x\n{}", Trouble.STRANGE, "not one of the Zabbix API"),
        (302, b"", Trouble.STRANGE, "write the final address"),
        (401, b"", Trouble.RIGHTS, "HTTP 401"),
        (404, b"", Trouble.STRANGE, "no Zabbix API"),
        (429, b"", Trouble.UNREACHABLE, "HTTP 429"),
        (502, b"<html>Bad gateway</html>", Trouble.UNREACHABLE, "HTTP 502 Bad Gateway"),
    ],
)
def test_what_is_no_answer_of_zabbix_is_told_apart(
    old: StandIn, status: int, body: bytes, trouble: Trouble, words: str
) -> None:
    """A proxy, a login page, another program: none of that is the truth about problems."""
    old.status, old.raw = status, body
    old.headers["Location"] = "https://elsewhere.example.org/"

    error = failure(api(old))

    assert error.trouble is trouble
    assert words in str(error)


def test_no_redirect_is_followed(old: StandIn) -> None:
    """It would lose the body or the token on the way."""
    with zabbix_api() as other:
        old.status = 307
        old.headers["Location"] = f"{other.url}/api_jsonrpc.php"

        failure(api(old))

        assert other.calls == []


def test_an_answer_that_breaks_off_is_none(old: StandIn) -> None:
    """Half a list is no list."""
    client = api(old)
    client.call("problem.get", LIST)
    old.breaks_off = True

    assert failure(client).trouble is Trouble.UNREACHABLE


def test_a_dead_peer_is_unreachable() -> None:
    """Nothing listens there."""
    error = failure(Api(f"http://127.0.0.1:{closed_port()}", Secret(TOKEN), timeout=5))

    assert error.trouble is Trouble.UNREACHABLE
    assert "Connection refused" in str(error)


def test_a_silent_peer_is_given_up_in_time(old: StandIn) -> None:
    """No call waits for longer than its time-out."""
    old.hang = True

    error = failure(api(old, timeout=0.2))

    assert error.trouble is Trouble.UNREACHABLE
    assert "0.2 s" in str(error)


def test_a_malformed_address_is_refused() -> None:
    """It names no host."""
    assert failure(Api("zabbix.example.org", Secret(TOKEN))).trouble is Trouble.STRANGE


def test_proxies_and_passwords_of_the_machine_are_not_used(
    old: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the environment says of proxies is not for the API."""
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{closed_port()}")

    assert api(old).call("problem.get", LIST) == "0"


def test_tokens_are_never_logged(old: StandIn, caplog: pytest.LogCaptureFixture) -> None:
    """The library writes whole requests at its lowest level; they are kept from the log."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger("pyzabbix.api").setLevel(logging.DEBUG)

    api(old).call("problem.get", LIST)
    Api(old.url, Secret(old.password), user="Admin", timeout=10).call("problem.get", LIST)

    assert TOKEN not in caplog.text
    assert old.password not in caplog.text


def test_a_refusal_for_its_contents_is_asked_once_only(old: StandIn) -> None:
    """Neither an upgrade nor a session explains it."""
    client = api(old)
    client.call("problem.get", LIST)

    with pytest.raises(RefusalError, match="No permissions to referred object"):
        client.call("event.acknowledge", {"eventids": ["1"], "action": 2})

    assert len(old.asked("event.acknowledge")) == 1


def test_an_unknown_method_is_strange(old: StandIn) -> None:
    """A version that lacks it says so."""
    with pytest.raises(RefusalError, match="Incorrect API") as caught:
        api(old).call("nothing.get")

    assert caught.value.trouble is Trouble.STRANGE
