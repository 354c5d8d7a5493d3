"""kill -9, a full disk and a database that is away, under load: nothing acknowledged is lost."""

import json
import resource
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.crash import Load, check, torment
from tests.e2e.process import wait_for
from tests.peers import closed_port
from tests.postgres import NoPostgres, PostgresServer, running_postgres
from tests.served import Served, serving
from tests.stores import peek

_CHANNEL = """\
channels:
  - name: night
    kind: webhook
    options: {{url: "http://127.0.0.1:{port}/", allow_private: true}}
"""


# Whoever is killed while it writes down what it covered leaves a file that nobody can read.
_UNMEASURED = {"COVERAGE_PROCESS_CONFIG": "", "COVERAGE_PROCESS_START": ""}


def with_a_channel(served: Served) -> Served:
    """Everybody is told over a channel that is away, so that actions are queued and kept."""
    with served.config.open("a") as config:
        config.write(_CHANNEL.format(port=closed_port()))
    return served


@pytest.fixture(scope="module")
def durable() -> Iterator[PostgresServer]:
    """A PostgreSQL that syncs to disk, as in production."""
    try:
        with running_postgres(durable=True) as server:
            yield server
    except NoPostgres as reason:
        pytest.skip(str(reason))


@pytest.fixture
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of an empty database of the kind asked for."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/watcher.db"
        return
    server: PostgresServer = request.getfixturevalue("durable")
    with server.fresh_database() as url:
        yield url


@pytest.mark.parametrize(
    ("database", "kills"), [("sqlite", 8), ("postgres", 6)], indirect=["database"]
)
def test_killed_at_any_moment_nothing_is_lost_or_doubled(
    tmp_path: Path, database: str, kills: int
) -> None:
    """Front and worker die together, again and again, and go on where they were."""
    served = with_a_channel(Served(tmp_path, database, environment=_UNMEASURED))
    served.start()
    try:
        load = torment(served, kills, seed=kills)
        check(served, load)
    finally:
        served.kill()

    assert len(load.acknowledged) > kills


def test_a_worker_killed_alone_is_started_again(tmp_path: Path) -> None:
    """Alerts are taken all the while, and digested by the next worker."""
    with serving(tmp_path) as served:
        for _ in range(2):
            served.worker().kill()
            assert 202 == served.post({"name": "a", "host": "db01"})
            wait_for(served.drained, "the next worker")

        assert ["a"] == [each.name for each in served.everything("alert")]


def test_a_front_killed_alone_takes_its_worker_along(tmp_path: Path) -> None:
    """No orphan works on: its pipe has ended."""
    with serving(tmp_path) as served:
        worker = served.worker()
        served.running.send_signal(signal.SIGKILL)
        served.running.wait()

        assert [] == psutil.wait_procs([worker], timeout=30)[1]


def test_the_end_in_good_order_answers_whoever_waits(tmp_path: Path) -> None:
    """SIGTERM under load: what was acknowledged is there, both processes have ended, code 0."""
    with serving(tmp_path) as served:
        with Load(served) as load:
            wait_for(lambda: len(load.acknowledged) > 50, "alerts to be taken")
            worker = served.worker()
            began = time.monotonic()
            code = served.terminate()
            took = time.monotonic() - began

        assert 0 == code
        assert [] == psutil.wait_procs([worker], timeout=30)[1]
        assert took < 20
        assert set() == load.deliveries() - {each.id for each in served.everything("delivery")}
        assert "Traceback" not in served.output


def test_on_a_full_disk_nothing_is_acknowledged(tmp_path: Path) -> None:
    """503 while no file may grow; what was acknowledged is there, and with room it goes on."""
    size = 1 << 20

    def small_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))

    served = Served(tmp_path, f"sqlite:///{tmp_path}/watcher.db")
    try:
        served.start(prepare=small_files)
        taken = fill(served)
        assert taken == kept(served)
        for process in (served.running.pid, served.worker().pid):
            resource.prlimit(
                process, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
            )
        wait_for(lambda: served.post({"name": "room", "host": "db01"}) == 202, "room")
        wait_for(served.drained, "the backlog to drain")
        assert taken | {"room"} == kept(served)
    finally:
        served.kill()


def fill(served: Served) -> set[str]:
    """The names of the alerts that were acknowledged until twenty were not."""
    taken: set[str] = set()
    refused = 0
    while refused < 20:
        name = f"full{len(taken)}-{refused}"
        status = served.post({"name": name, "summary": "x" * 50_000, "host": "db01", "key": "k"})
        assert status in {202, 503}
        refused += status == 503
        taken |= {name} if status == 202 else set()
        assert len(taken) < 500, "the disk was never full"
    return taken


def kept(served: Served) -> set[str]:
    """The names in the deliveries that are stored, past what the digest makes of them."""
    with served.store() as store:
        return {json.loads(body)["name"] for (body,) in peek(store, "SELECT body FROM delivery")}


def test_a_database_that_is_away_for_a_while(tmp_path: Path, durable: PostgresServer) -> None:
    """503 while PostgreSQL is down; afterwards all that was acknowledged is digested, once."""
    with durable.fresh_database() as url, serving(tmp_path, url) as served:
        assert 202 == served.post({"name": "before", "host": "db01"})
        durable.kill()
        try:
            assert 503 == served.post({"name": "during", "host": "db01"})
        finally:
            durable.restart()
        wait_for(lambda: served.post({"name": "after", "host": "db01"}) == 202, "the database")
        wait_for(served.drained, "the backlog to drain")

        assert {"before", "after"} == {each.name for each in served.everything("alert")}


def test_a_database_that_hangs_for_a_while(tmp_path: Path, durable: PostgresServer) -> None:
    """Nothing is acknowledged while it says nothing, and nothing is lost when it goes on."""
    with durable.fresh_database() as url, serving(tmp_path, url) as served:
        assert 202 == served.post({"name": "before", "host": "db01"})
        backends = psutil.Process(durable.process.pid).children(recursive=True)
        answers: list[int] = []

        def post() -> None:
            answers.append(served.post({"name": "during", "host": "db01"}))

        sender = threading.Thread(target=post)
        for process in backends:
            process.suspend()
        try:
            sender.start()
            sender.join(1)
            assert 202 not in answers
        finally:
            for process in backends:
                process.resume()
        sender.join(60)
        wait_for(served.drained, "the backlog to drain")

        during = {"during"} if answers == [202] else set()
        assert {"before"} | during <= {each.name for each in served.everything("alert")}


def test_two_replicas_share_a_database(tmp_path: Path, durable: PostgresServer) -> None:
    """Both take alerts, one digests; when that one is killed the other takes over."""
    folders = [tmp_path / name for name in "ab"]
    for folder in folders:
        folder.mkdir()
    with (
        durable.fresh_database() as url,
        serving(folders[0], url) as first,
        serving(folders[1], url) as second,
    ):
        with Load(first, "a") as one, Load(second, "b") as other:
            wait_for(lambda: len(one.acknowledged) > 50, "alerts to be taken by the first")
            wait_for(lambda: len(other.acknowledged) > 50, "alerts to be taken by the second")
            first.kill()
            other.wait_for_more()
        check(second, one, other)


def test_news_reach_the_incidents_within_a_second(tmp_path: Path) -> None:
    """The front wakes its worker through the pipe after each commit."""
    with serving(tmp_path) as served:
        served.worker()
        served.post({"name": "first", "host": "db01"})
        wait_for(lambda: len(served.everything("alert")) == 1, "the worker to be at work")
        took = []
        for n in range(5):
            began = time.monotonic()
            served.post({"name": f"a{n}", "host": "db01"})
            while len(served.everything("alert")) < n + 2:
                assert time.monotonic() - began < 30
                time.sleep(0.01)
            took.append(time.monotonic() - began)

        # Without being woken it would look once a second: half a second in the middle.
        assert sorted(took)[2] < 0.4
