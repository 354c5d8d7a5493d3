"""Row 5: Watcher is killed at random moments under load; everything that it acknowledged is there
afterwards, and has had its effect once.
"""

import http.client
import random
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path

import sqlalchemy as sa

from benchmarks import bodies, servers
from benchmarks.inbox import Progress
from benchmarks.servers import HEADERS, STORES, Database, Watcher
from benchmarks.table import Effort, Row
from tests.e2e.process import LOOPBACK

_SENDERS = 8
_LONGEST = 0.4

# What must be 0 when nothing was doubled: every alert counts once, in one incident.
_DOUBLED = """
SELECT (SELECT count(*) FROM alert WHERE count <> 1 OR incident IS NULL)
     + abs((SELECT count(*) FROM alert) - (SELECT count(*) FROM occurrence))
     + abs((SELECT count(*) FROM alert) - (SELECT sum(alerts) FROM incident))
     + abs((SELECT count(*) FROM alert)
           - (SELECT count(*) FROM entry WHERE kind IN ('opened', 'joined')))
"""


def measure(effort: Effort) -> Iterator[Row]:
    """Half of the kills on each store, both at the same time."""
    with ThreadPoolExecutor(len(STORES)) as pool:
        yield from pool.map(lambda store: _killed(store, effort.kills // len(STORES)), STORES)


def _killed(store: str, kills: int) -> Row:
    with servers.database(store) as database, tempfile.TemporaryDirectory() as folder:
        watcher = Watcher(Path(folder), database)
        senders = _Senders(watcher.port)
        for _ in range(kills):
            watcher.start()
            senders.post_until(watcher, random.uniform(0, _LONGEST))
        watcher.start()
        watcher.wait()
        lost, doubled = _examined(database, senders.acknowledged)
        watcher.stop()
    told = len(senders.acknowledged)
    measured = f"{kills} kills, {told:,} acknowledged, {lost} lost, {doubled} doubled"
    return Row(
        5, f"left after kill -9 under load, {store}", "all, once", measured, not lost + doubled
    )


def _examined(database: Database, acknowledged: set[int]) -> tuple[int, int]:
    """How many acknowledged alerts are lost, and how many effects are there twice."""
    progress = Progress(database.url)
    progress.drained()
    progress.close()
    engine = sa.create_engine(database.url)
    with engine.connect() as connection:
        keys = connection.exec_driver_sql("SELECT labels FROM alert").scalars().all()
        doubled = int(connection.exec_driver_sql(_DOUBLED).scalar() or 0)
    engine.dispose()
    stored = {int(labels.partition('"device":"disk-')[2][:10]) for labels in keys}
    return len(acknowledged - stored), doubled


class _Senders:
    """Post alerts one after another; what was not acknowledged is posted again after the crash."""

    def __init__(self, port: int) -> None:
        self.acknowledged: set[int] = set()
        self._port = port
        self._numbers = count(1)
        self._again: list[int] = []
        self._first = threading.Event()

    def post_until(self, watcher: Watcher, after: float) -> None:
        """Posts, and kills Watcher so many seconds after its first answer."""
        self._first.clear()
        dead = threading.Event()
        with ThreadPoolExecutor(_SENDERS) as pool:
            for _ in range(_SENDERS):
                pool.submit(self._post, dead)
            assert self._first.wait(60), "no delivery is accepted"
            time.sleep(after)
            watcher.kill()
            dead.set()

    def _post(self, dead: threading.Event) -> None:
        number = self._again.pop() if self._again else next(self._numbers)
        while not dead.is_set():
            connection = http.client.HTTPConnection(LOOPBACK, self._port, timeout=10)
            try:
                while True:
                    self._post_one(connection, number)
                    number = next(self._numbers)
            except (OSError, http.client.HTTPException):
                connection.close()
                time.sleep(0.02)
        self._again.append(number)

    def _post_one(self, connection: http.client.HTTPConnection, number: int) -> None:
        body = bodies.filled(bodies.webhook(), number)
        connection.request("POST", "/hooks/main", body, HEADERS)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 202, answer.status
        self.acknowledged.add(number)
        self._first.set()
