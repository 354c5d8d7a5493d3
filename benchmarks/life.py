"""Rows 9 and 10: how much memory, and how soon after its start it takes alerts."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from statistics import median
from time import perf_counter, sleep

from benchmarks import servers
from benchmarks.pace import Pace, request
from benchmarks.processes import megabytes
from benchmarks.servers import STORES, Watcher
from benchmarks.table import Effort, Row
from tests.e2e.process import LOOPBACK


def measure(effort: Effort) -> Iterator[Row]:
    """Both rows, on each store."""
    for store in STORES:
        with servers.database(store) as database, servers.watcher(database) as watcher:
            yield _memory(store, "idle", 150, megabytes(watcher.pid))
            yield _memory(store, "under 500/s", 250, _loaded(watcher, effort))
            yield _start(store, watcher, effort)


def _memory(store: str, when: str, most: int, found: float) -> Row:
    what = f"memory of front and worker, {when}, {store}"
    return Row(9, what, f"<= {most} MB", f"{found:.0f} MB", found <= most)


def _loaded(watcher: Watcher, effort: Effort) -> float:
    sender = threading.Thread(target=Pace(watcher, "main", 500).run, args=(5 * effort.seconds,))
    sender.start()
    most = 0.0
    while sender.is_alive():
        most = max(most, megabytes(watcher.pid))
        sleep(0.5)
    return most


def _start(store: str, watcher: Watcher, effort: Effort) -> Row:
    times = []
    for number in range(effort.runs + 2):
        watcher.stop()
        began = perf_counter()
        watcher.start()
        while not _accepts(watcher, number):
            sleep(0.005)
        times.append(perf_counter() - began)
        watcher.wait()
    taken = median(times)
    what = f"start to first accepted delivery, existing store, {store}"
    return Row(10, what, "<= 1 s", f"{taken:.2f} s", taken <= 1)


def _accepts(watcher: Watcher, number: int) -> bool:
    with (
        contextlib.suppress(ConnectionError),
        socket.create_connection((LOOPBACK, watcher.port), 10) as connection,
    ):
        connection.sendall(request("/hooks/main", number))
        return connection.recv(64).startswith(b"HTTP/1.1 202")
    return False
