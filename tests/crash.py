"""Senders that remember what was acknowledged while Watcher is killed, and what must hold then."""

import contextlib
import http.client
import json
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.e2e.process import LOOPBACK, wait_for
from tests.served import TOKEN, Served

SENDERS = 4
HOSTS = 5


@dataclass
class Load:
    """Numbered alerts over several connections, each sent again until it is acknowledged. Their
    names begin with one letter.
    """

    served: Served
    letter: str = "a"
    acknowledged: dict[str, set[int]] = field(default_factory=dict)
    sent: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> "Load":
        self._threads = [threading.Thread(target=self._send) for _ in range(SENDERS)]
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def deliveries(self) -> set[int]:
        """The ids of all deliveries that were acknowledged."""
        return {number for numbers in self.acknowledged.values() for number in numbers}

    def wait_for_more(self) -> None:
        """Returns when one more alert has been acknowledged."""
        before = len(self.acknowledged)
        wait_for(lambda: len(self.acknowledged) > before, "alerts to be taken")

    def _send(self) -> None:
        name = ""
        while not self._stopping.is_set():
            connection = http.client.HTTPConnection(LOOPBACK, self.served.port, timeout=10)
            with (
                contextlib.closing(connection),
                contextlib.suppress(OSError, http.client.HTTPException),
            ):
                while not self._stopping.is_set():
                    # What was not acknowledged comes again, as a monitoring system would send it.
                    name = name or self._next()
                    if not self._post(connection, name):
                        break
                    name = ""
                    self._stopping.wait(0.002)
            self._stopping.wait(0.02)

    def _next(self) -> str:
        with self._lock:
            self.sent += 1
            return f"{self.letter}{self.sent}"

    def _post(self, connection: http.client.HTTPConnection, name: str) -> bool:
        """Whether the alert was acknowledged; it is noted under which id."""
        alert = {
            "name": name,
            "key": name,
            "occurrence": "1",
            "host": f"db{int(name[1:]) % HOSTS}",
            "severity": "high",
        }
        headers = {"Authorization": f"Bearer {TOKEN}"}
        connection.request("POST", "/hooks/gen", json.dumps(alert).encode(), headers)
        answer = connection.getresponse()
        said = answer.read()
        if answer.status != 202:
            return False
        with self._lock:
            self.acknowledged.setdefault(name, set()).add(int(json.loads(said)["delivery"]))
        return True


def torment(served: Served, kills: int, seed: int) -> Load:
    """Kills a Watcher under load so many times at random moments; it runs again afterwards."""
    dice = random.Random(seed)
    with Load(served) as load:
        for _ in range(kills):
            load.wait_for_more()
            time.sleep(dice.uniform(0, 0.4))
            served.kill()
            served.start()
    return load


def check(served: Served, *loads: Load) -> None:
    """Nothing acknowledged is lost, nothing is doubled."""
    acknowledged = {name for load in loads for name in load.acknowledged}
    wait_for(served.drained, "the backlog to drain")
    deliveries = {each.id: each.status for each in served.everything("delivery")}
    for load in loads:
        assert set() == load.deliveries() - deliveries.keys()
    assert {"done"} == set(deliveries.values())

    alerts = Counter(each.name for each in served.everything("alert"))
    assert set() == acknowledged - alerts.keys()
    assert {1} == set(alerts.values())
    assert {1} == {each.count for each in served.everything("alert")}

    incidents = served.everything("incident")
    assert HOSTS == len(incidents)
    assert alerts.total() == sum(each.alerts for each in incidents)
    assert alerts.total() == sum(each.firing for each in incidents)
    keys = Counter(each.key for each in served.everything("action"))
    assert set(keys.values()) <= {1}
