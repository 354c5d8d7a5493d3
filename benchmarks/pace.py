"""Posts alerts at a steady rate and notes when each was sent, accepted, and to be seen."""

import asyncio
import threading
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from time import perf_counter, sleep

import orjson

from benchmarks import bodies
from benchmarks.inbox import Progress
from benchmarks.servers import HEADERS, Watcher

_CONNECTIONS = 16
_POLL = 0.003


@dataclass(frozen=True)
class Sent:
    """One alert: when it was due and when it was accepted, and as which delivery."""

    due: float
    accepted: float
    delivery: int


class Pace:
    """A sender of so many alerts a second, all of them new; they are due whether earlier ones are
    answered or not.
    """

    def __init__(self, watcher: Watcher, source: str, rate: int) -> None:
        self._watcher = watcher
        self._path = f"/hooks/{source}"
        self._rate = rate
        self._sent: list[Sent] = []

    def run(self, seconds: int) -> list[Sent]:
        """Posts for so long."""
        asyncio.run(self._run(seconds))
        return self._sent

    async def _run(self, seconds: int) -> None:
        began = perf_counter()
        slots = (began + n / self._rate for n in range(seconds * self._rate))
        numbers = count(1)
        await asyncio.gather(*(self._connection(slots, numbers) for _ in range(_CONNECTIONS)))

    async def _connection(self, slots: Iterator[float], numbers: Iterator[int]) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self._watcher.port)
        for due in slots:
            await asyncio.sleep(max(0.0, due - perf_counter()))
            writer.write(request(self._path, next(numbers)))
            head = await reader.readuntil(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
            body = await reader.readexactly(length)
            assert head.startswith(b"HTTP/1.1 202"), head + body
            self._sent.append(Sent(due, perf_counter(), int(orjson.loads(body)["delivery"])))
        writer.close()


def request(path: str, number: int) -> bytes:
    """One alert on its way, with the token of the source."""
    body = bodies.filled(bodies.webhook(), number)
    lines = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in HEADERS.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body


class Seen:
    """Watches how far the digest has come; everything up to there can be seen in an incident."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._ids: list[int] = []
        self._times: list[float] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def during(self, measured: Callable[[], list[Sent]]) -> tuple[list[float], list[float]]:
        """How long it took, in milliseconds, to accept what was sent, and until it was seen."""
        self._thread.start()
        sent = measured()
        last = max(each.delivery for each in sent)
        while self._ids[-1] < last:
            sleep(_POLL)
        self._stop.set()
        self._thread.join()
        accepted = [1000 * (each.accepted - each.due) for each in sent]
        return accepted, [1000 * (self._time(each.delivery) - each.due) for each in sent]

    def _time(self, delivery: int) -> float:
        return self._times[bisect_left(self._ids, delivery)]

    def _watch(self) -> None:
        progress = Progress(self._url)
        while not self._stop.is_set():
            digested = progress.digested()
            if not self._ids or digested > self._ids[-1]:
                self._ids.append(digested)
                self._times.append(perf_counter())
            sleep(_POLL)
        progress.close()
