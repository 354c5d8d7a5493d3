"""A stand-in for the Zabbix server's own port: it takes one request a connection, as the real one.

What it answers is up to the test, which sees what was asked.
"""

import socket
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

import orjson

Answer = Callable[[dict[str, Any]], bytes]


@dataclass
class ServerPort:
    """Where it listens, and what it was asked."""

    address: tuple[str, int]
    asked: list[dict[str, Any]] = field(default_factory=list)


def framed(answer: object) -> bytes:
    """An answer as it goes over the wire."""
    body = answer if isinstance(answer, bytes) else orjson.dumps(answer)
    return b"ZBXD\x01" + struct.pack("<II", len(body), 0) + body


@contextmanager
def zabbix_server(answer: Answer) -> Iterator[ServerPort]:
    """Answers until the test is over."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = ServerPort(listening.getsockname()[:2])
        Thread(target=_serve, args=(listening, port, answer), daemon=True).start()
        yield port
        listening.shutdown(socket.SHUT_RDWR)


def _serve(listening: socket.socket, port: ServerPort, answer: Answer) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listening.accept()
            with connection, connection.makefile("rb") as wire:
                head = wire.read(13)
                assert b"ZBXD\x01" == head[:5]
                request = orjson.loads(wire.read(struct.unpack("<I", head[5:9])[0]))
                port.asked.append(request)
                connection.sendall(answer(request))
