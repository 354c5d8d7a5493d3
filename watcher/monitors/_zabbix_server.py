"""The Zabbix server itself, asked to send a test message as its front end has it do."""

import struct
import zlib
from collections.abc import Mapping
from socket import socket

import orjson

from watcher.kit.net import Deadline, connect, plainly, resolve
from watcher.kit.secrets import Secret
from watcher.kit.text import cut, one_line
from watcher.monitors.base import MonitorError, Trouble

PORT = 10051

_SECONDS = 40.0
_CONNECT_SECONDS = 5.0
_SIZE = 1024 * 1024
_QUOTE = 500
_HEADER = b"ZBXD"
_COMPRESSED = 2


def send_test(
    server: tuple[str, int], token: Secret, media_type: str, parameters: Mapping[str, str]
) -> str:
    """What the script of the media type gave back. Raises MonitorError.

    Of all users only a Super admin may have that done.
    """
    data = {"mediatypeid": media_type, "parameters": dict(parameters)}
    request = {"request": "alert.send", "sid": token.reveal(), "data": data}
    answer = _ask(server, orjson.dumps(request))
    if answer.get("response") != "success":
        why = cut(one_line(str(answer.get("info", "no reason"))), _QUOTE)
        raise MonitorError(f"the Zabbix server did not get its message through: {why}",
                           Trouble.STRANGE)  # fmt: skip
    return str(answer.get("data", ""))


def _ask(server: tuple[str, int], body: bytes) -> Mapping[str, object]:
    """The answer of the server in its own protocol. Raises MonitorError."""
    where = f"the Zabbix server at {server[0]}:{server[1]}"
    message = _HEADER + b"\x01" + struct.pack("<II", len(body), 0) + body
    with Deadline(_SECONDS) as deadline:
        try:
            found = resolve(server[0], server[1], _CONNECT_SECONDS)
            with connect(found, _CONNECT_SECONDS, deadline) as connection:
                connection.settimeout(_SECONDS)
                connection.sendall(message)
                answer = _read(connection)
        except OSError as error:
            why = plainly(error)
            raise MonitorError(f"{where} cannot be asked: {why}", Trouble.UNREACHABLE) from None
    try:
        return _decoded(answer)
    except (ValueError, struct.error, zlib.error):
        raise MonitorError(f"{where} does not answer as one", Trouble.STRANGE) from None


def _read(connection: socket) -> bytes:
    """All that comes until the server hangs up."""
    answer = bytearray()
    while len(answer) < _SIZE and (piece := connection.recv(65536)):
        answer += piece
    return bytes(answer)


def _decoded(answer: bytes) -> Mapping[str, object]:
    """The object of an answer. Raises ValueError, struct.error or zlib.error."""
    if not answer.startswith(_HEADER):
        raise ValueError("no header")
    flags, size, _ = struct.unpack_from("<BII", answer, len(_HEADER))
    body = answer[len(_HEADER) + 9 :]
    if flags & _COMPRESSED:
        body = zlib.decompressobj().decompress(body, _SIZE)
    elif len(body) != size:
        raise ValueError("cut short")
    said = orjson.loads(body)
    if not isinstance(said, dict):
        raise ValueError("no object")  # noqa: TRY004 - the caller counts it among the others
    return said
