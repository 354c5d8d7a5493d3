"""The one door to outgoing HTTP: where it goes, how long it waits, what its errors give away."""

import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest

from tests.peers import Answer, Certificate, HttpPeer, closed_port, make_certificate, raw_peer
from watcher.kit.http import Door, Limits, Reach, RefusedError, Response, UnreachableError
from watcher.kit.net import Deadline, connect, resolve

HERE = Reach(private=True)
SECRET = "s3cr3t-path"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    """A certificate that only those trust who are told to."""
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def peer() -> Iterator[HttpPeer]:
    """A server that answers 200 until told otherwise."""
    with HttpPeer() as running:
        yield running


def get(url: str, door: Door | None = None) -> Response:
    """The answer of a URL that may be at home."""
    return (door or Door(HERE)).call("GET", url, headers={})


def silent(_: socket.socket, over: Event) -> None:
    """Takes a connection and says nothing."""
    over.wait(10)


def rude(connection: socket.socket, _: Event) -> None:
    """Hangs up in the middle of the question."""
    connection.recv(1)


def names(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Makes every name stand for these addresses; returns the list of names asked for."""
    asked: list[str] = []

    def look_up(host: str, port: int, **_: object) -> list[tuple[object, ...]]:
        asked.append(host)
        return [
            (socket.AF_INET6, 1, 6, "", (each, port, 0, 0))
            if ":" in each
            else (socket.AF_INET, 1, 6, "", (each, port))
            for each in addresses
        ]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


@pytest.mark.parametrize(
    ("address", "public", "private"),
    [
        ("93.184.215.14", True, True),
        ("2606:2800:220:1::1", True, True),
        ("127.0.0.1", False, True),
        ("::1", False, True),
        ("10.1.2.3", False, True),
        ("172.16.0.1", False, True),
        ("192.168.1.1", False, True),
        ("100.100.100.200", False, True),
        ("fd00:ec2::254", False, True),
        ("169.254.169.254", False, False),
        ("fe80::1", False, False),
        ("224.0.0.1", False, False),
        ("ff02::1", False, False),
        ("0.0.0.0", False, False),
        ("::", False, False),
        ("255.255.255.255", False, False),
        ("::ffff:10.1.2.3", False, True),
        ("::ffff:169.254.169.254", False, False),
        ("64:ff9b::a9fe:a9fe", False, False),
        ("64:ff9b::5db8:d70e", True, True),
        ("2002:a9fe:a9fe::1", False, False),
        ("2001:0:4136:e378:8000:63bf:3fff:fdd2", False, True),
    ],
)
def test_addresses_are_called_by_policy(address: str, public: bool, private: bool) -> None:
    """Public addresses are free, private ones need leave, special ones are never called, however
    they are wrapped.
    """
    assert public == Reach().permits(address)
    assert private == Reach(private=True).permits(address)


def test_a_named_network_is_open() -> None:
    """What the operator names is called, even where clouds keep their credentials."""
    reach = Reach(networks=("10.1.0.0/16", "169.254.169.254/32"))

    assert reach.permits("10.1.2.3")
    assert reach.permits("169.254.169.254")
    assert not reach.permits("10.2.0.1")


def test_a_network_that_is_none_is_refused_at_once() -> None:
    """A mistyped network is an error of the configuration, not of the first call."""
    with pytest.raises(ValueError, match=r"10\.1\.0\.0/99"):
        Reach(networks=("10.1.0.0/99",))


def test_a_call_goes_out_and_comes_back(peer: HttpPeer) -> None:
    """Method, headers and body arrive as given; status, headers and body come back."""
    peer.answers = [Answer(201, b"made", {"X-Made": "yes"})]

    answer = Door(HERE).call("POST", peer.url, headers={"X-Key": "1"}, body=b"{}")

    assert (
        answer.status,
        answer.body,
        answer.headers["x-made"],
        answer.complete,
    ) == (201, b"made", "yes", True)
    assert (
        peer.calls[0].method,
        peer.calls[0].path,
        peer.calls[0].headers["x-key"],
        peer.calls[0].body,
    ) == ("POST", "/hook", "1", b"{}")
    assert f"localhost:{peer.port}" == peer.calls[0].headers["host"]


def test_loopback_is_not_called_without_leave(peer: HttpPeer) -> None:
    """A URL that leads home is refused before anything is sent, and the error says what to do."""
    with pytest.raises(RefusedError, match=r"localhost is at .*permit private addresses"):
        get(peer.url, Door())
    assert peer.calls == []


def test_the_checked_address_is_the_called_one(
    peer: HttpPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name is looked up once; a second answer cannot lead elsewhere."""
    asked = names(monkeypatch, "127.0.0.1")

    get(f"http://hooks.example.com:{peer.port}/hook")

    assert asked == ["hooks.example.com"]
    assert f"hooks.example.com:{peer.port}" == peer.calls[0].headers["host"]


def test_of_several_addresses_only_the_permitted_are_called(
    peer: HttpPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that stands for a private address too is called at the permitted one."""
    names(monkeypatch, "10.255.255.1", "169.254.169.254", "127.0.0.1")

    get(f"http://hooks.example.com:{peer.port}/", Door(Reach(networks=("127.0.0.1/32",))))

    assert len(peer.calls) == 1


def test_the_next_address_is_tried(peer: HttpPeer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one address of a name does not answer, the next one is called."""
    names(monkeypatch, "::1", "127.0.0.1")

    assert get(f"http://hooks.example.com:{peer.port}/").status == 200


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(peer: HttpPeer, status: int) -> None:
    """A redirect is an answer like any other."""
    peer.answers = [Answer(status, headers={"Location": f"http://localhost:{peer.port}/inside"})]

    assert status == get(peer.url).status
    assert [call.path for call in peer.calls] == ["/hook"]


def test_cookies_and_proxies_of_the_machine_are_ignored(
    peer: HttpPeer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither HTTP_PROXY nor ~/.netrc changes a call, and a cookie is not kept."""
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{closed_port()}")
    (tmp_path / ".netrc").write_text("machine localhost login me password mine\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    peer.answers = [Answer(200, headers={"Set-Cookie": "a=b"})]
    door = Door(HERE)

    get(peer.url, door)
    get(peer.url, door)

    assert len(peer.calls) == 2
    assert not {"authorization", "cookie"} & set(peer.calls[1].headers)


def test_a_long_answer_is_capped(peer: HttpPeer) -> None:
    """No more than `size` bytes are kept, and the answer says that it is not complete."""
    peer.answers = [Answer(200, b"x" * 100_000)]

    answer = get(peer.url, Door(HERE, Limits(size=1000)))

    assert (len(answer.body), answer.complete) == (1000, False)


def test_tls_is_verified(certificate: Certificate) -> None:
    """A certificate of an unknown authority is refused, and the error says so."""
    with (
        HttpPeer(tls=certificate) as peer,
        pytest.raises(UnreachableError, match="its certificate is not trusted: self"),
    ):
        get(peer.url)


def test_tls_with_an_authority_of_ones_own(certificate: Certificate) -> None:
    """With its authority in `ca_file` the same server is called."""
    with HttpPeer(tls=certificate) as peer:
        assert get(peer.url, Door(HERE, ca_file=str(certificate.cert))).status == 200


def test_tls_is_for_the_name_not_the_address(
    certificate: Certificate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trusted certificate for another name is refused."""
    names(monkeypatch, "127.0.0.1")
    with (
        HttpPeer(tls=certificate) as peer,
        pytest.raises(UnreachableError, match="Hostname mismatch"),
    ):
        get(
            peer.url.replace("localhost", "hooks.example.com"),
            Door(HERE, ca_file=str(certificate.cert)),
        )


def test_no_tls_where_tls_was_expected(peer: HttpPeer) -> None:
    """A plain server behind https:// is named as what it is."""
    with pytest.raises(UnreachableError, match="no TLS connection"):
        get(peer.url.replace("http:", "https:"))


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("ftp://example.com/", "must begin with http"),
        ("file:///etc/passwd", "must begin with http"),
        ("//example.com/", "must begin with http"),
        ("http:///path", "name a host"),
        ("http://[::1/", "malformed"),
        ("http://example.com:port/", "malformed"),
        ("https://me:mine@example.com/", "must not carry a login"),
        ("http://*.example.com/", "malformed"),
    ],
)
def test_a_url_that_cannot_be_called_is_refused(url: str, why: str) -> None:
    """What is wrong with a URL is said without repeating it."""
    with pytest.raises(RefusedError, match=why) as caught:
        get(url)
    assert "mine" not in str(caught.value)


def test_a_header_cannot_smuggle_another() -> None:
    """A line break in a header refuses the call, and the error does not repeat the header."""
    with pytest.raises(RefusedError, match="header of the call is malformed") as caught:
        Door(HERE).call("GET", "http://localhost/", headers={"Authorization": f"{SECRET}\r\nA: b"})
    assert SECRET not in str(caught.value)


def test_a_header_that_nobody_can_send_is_refused() -> None:
    """As a secret with a letter that only looks like a Latin one; nobody learns of the rest."""
    with pytest.raises(RefusedError, match="has one line of Latin letters") as caught:
        Door(HERE).call("GET", "http://localhost/", headers={"X-Key": f"{SECRET}\u0441"})
    assert SECRET not in str(caught.value)


def test_a_name_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's words are passed on; it may exist later."""

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)

    with pytest.raises(UnreachableError, match=r"example\.com:80: Name or service not known"):
        get(f"http://example.com/{SECRET}")


def test_a_name_that_cannot_be_one() -> None:
    """A label longer than a name may have is no reason to fall over."""
    with pytest.raises((UnreachableError, RefusedError), match=r"not a host name|malformed"):
        get(f"http://{'a' * 70}.example.com/")


def test_a_resolver_that_hangs_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look-up takes no longer than a connection may."""
    over = Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: over.wait(10) and [])

    with pytest.raises(UnreachableError, match=r"not resolved within 0\.05 s"):
        get("http://example.com/", Door(HERE, Limits(connect=0.05)))
    over.set()


def test_nobody_listens() -> None:
    """A refused connection names host and port, never the path."""
    port = closed_port()

    with pytest.raises(UnreachableError, match=f"localhost:{port}: Connection refused") as caught:
        get(f"http://localhost:{port}/{SECRET}?token={SECRET}")
    assert SECRET not in str(caught.value)


def test_a_peer_that_says_nothing() -> None:
    """A silent peer is left after the read time-out."""
    with (
        raw_peer(silent) as port,
        pytest.raises(UnreachableError, match=r"no answer within 0\.1 s") as caught,
    ):
        get(f"http://localhost:{port}/{SECRET}", Door(HERE, Limits(read=0.1)))
    assert SECRET not in str(caught.value)


def dripping(*start: bytes) -> Callable[[socket.socket, Event], None]:
    """Sends the start, and then a byte now and then."""

    def drip(connection: socket.socket, over: Event) -> None:
        connection.sendall(b"".join(start))
        while not over.wait(0.02):
            connection.sendall(b"a")

    return drip


def test_a_peer_that_drips() -> None:
    """A byte now and then keeps no call alive beyond its deadline."""
    with (
        raw_peer(dripping(b"HTTP/1.1 ")) as port,
        pytest.raises(UnreachableError, match=r"not done within 0\.3 s"),
    ):
        get(f"http://localhost:{port}/", Door(HERE, Limits(read=5, total=0.3)))


@pytest.mark.parametrize("rest", [b"X-Slow: ", b"\r\n", b"Content-Length: 1000\r\n\r\n"])
def test_an_answer_that_drips_after_its_status_counts(rest: bytes) -> None:
    """Once the status is known it is the answer, even if the deadline cuts what follows."""
    with raw_peer(dripping(b"HTTP/1.1 200 OK\r\n", rest)) as port:
        answer = get(f"http://localhost:{port}/", Door(HERE, Limits(read=5, total=0.3)))

    assert (answer.status, answer.complete) == (200, False)


def test_a_peer_that_hangs_up() -> None:
    """A connection that ends before the answer is a failed call."""
    with (
        raw_peer(rude) as port,
        pytest.raises(UnreachableError, match="broke off before an answer") as caught,
    ):
        get(f"http://localhost:{port}/{SECRET}")
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("120", 120.0),
        ("Sat, 14 Mar 2026 12:00:30 GMT", 30.0),
        ("Sat, 14 Mar 2026 11:00:00 GMT", 0.0),
        ("Sat, 14 Mar 2026 12:00:30", None),
        ("soon", None),
        ("-5", None),
        ("١٢", None),
        ("", None),
    ],
)
def test_retry_after_is_read_in_both_forms(value: str, expected: float | None) -> None:
    """Seconds or a date; anything else is as good as nothing."""
    now = datetime(2026, 3, 14, 12, 0, tzinfo=UTC)

    assert expected == Response(429, {"retry-after": value}, b"").retry_after(now)


def test_a_deadline_that_is_over_cuts_a_late_connection() -> None:
    """A connection that comes about after the end of the time is cut at once."""
    with raw_peer(silent) as port, Deadline(0) as deadline:
        while not deadline.expired:
            Event().wait(0.001)
        with socket.create_connection(("127.0.0.1", port)) as late:
            late.settimeout(5)

            assert deadline.guard(late).recv(1) == b""


def test_no_connection_is_begun_after_the_deadline() -> None:
    """What is left of a list of addresses is not tried when the time is over."""
    with raw_peer(silent) as port, Deadline(0) as deadline:
        while not deadline.expired:
            Event().wait(0.001)

        with pytest.raises(OSError, match="no address"):
            connect(resolve("127.0.0.1", port, 5), 5, deadline)
