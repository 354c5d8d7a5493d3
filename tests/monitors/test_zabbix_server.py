"""The Zabbix server's own protocol: a test message, and every way in which it may go wrong."""

import struct
import zlib

import orjson
import pytest

from tests.monitors.zabbix_server import framed, zabbix_server
from watcher.kit.secrets import Secret
from watcher.monitors._zabbix_server import send_test
from watcher.monitors.base import MonitorError, Trouble

TOKEN = Secret("a-super-admins-token")
GOOD = {"response": "success", "data": '{"delivery":"7"}'}


def compressed(answer: object) -> bytes:
    """An answer as newer servers send long ones."""
    body = orjson.dumps(answer)
    packed = zlib.compress(body)
    return b"ZBXD\x03" + struct.pack("<II", len(packed), len(body)) + packed


@pytest.mark.parametrize("answer", [framed(GOOD), compressed(GOOD)], ids=["plain", "compressed"])
def test_a_test_message_gives_back_what_the_script_did(answer: bytes) -> None:
    """Asked for with the token of whoever lends it."""
    with zabbix_server(lambda _: answer) as server:
        said = send_test(server.address, TOKEN, "36", {"event_id": "{EVENT.ID}"})

    assert '{"delivery":"7"}' == said
    assert [
        {
            "request": "alert.send",
            "sid": "a-super-admins-token",
            "data": {"mediatypeid": "36", "parameters": {"event_id": "{EVENT.ID}"}},
        }
    ] == server.asked


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (framed({"response": "failed", "info": "HTTP 401: wrong\ntoken"}), "HTTP 401: wrong token"),
        (framed({"response": "failed"}), "no reason"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "does not answer as one"),
        (b"", "does not answer as one"),
        (b"ZBXD\x01", "does not answer as one"),
        (framed(GOOD)[:-1], "does not answer as one"),
        (framed([1]), "does not answer as one"),
        (framed(b"{"), "does not answer as one"),
        (b"ZBXD\x03" + struct.pack("<II", 3, 3) + b"abc", "does not answer as one"),
    ],
    ids=["refused", "silent", "another server", "nothing", "a head", "cut short", "no object",
         "no JSON", "badly compressed"],
)  # fmt: skip
def test_what_goes_wrong_is_told(answer: bytes, why: str) -> None:
    """In words, and never with the token."""
    with (
        zabbix_server(lambda _: answer) as server,
        pytest.raises(MonitorError, match=why) as caught,
    ):
        send_test(server.address, TOKEN, "36", {})

    assert Trouble.STRANGE is caught.value.trouble
    assert TOKEN.reveal() not in str(caught.value)


def test_a_server_that_is_not_there_is_unreachable() -> None:
    """With the address that was tried."""
    with zabbix_server(lambda _: b"") as server:
        address = server.address
    with pytest.raises(MonitorError, match=f"server at {address[0]}:{address[1]} cannot") as caught:
        send_test(address, TOKEN, "36", {})

    assert Trouble.UNREACHABLE is caught.value.trouble
