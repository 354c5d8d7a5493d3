"""`watcher serve`: the first start, the next ones, and every way in which it cannot start."""

import asyncio
import json
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from socket import create_server

import psutil
import pytest

from tests.cli.given import environment
from tests.e2e.process import LOOPBACK, free_port, wait_for
from tests.served import TOKEN, Served, serving
from watcher.model.delivery import DeliveryStatus


def command(*words: str) -> list[str]:
    """A command line."""
    return [sys.executable, "-m", "watcher", *words]


@contextmanager
def first_start(folder: Path, *words: str, **env: str) -> Iterator[tuple[Served, str]]:
    """A Watcher without a configuration, and what it prints until it has said all."""
    port = free_port()
    process = subprocess.Popen(
        command("serve", *words),
        cwd=folder,
        env=environment(WATCHER_LISTEN=f"{LOOPBACK}:{port}", **env),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    (folder / "aside").mkdir(exist_ok=True)
    served = Served(folder / "aside", f"sqlite:///{folder}/var/watcher.db", port, process=process)
    assert process.stdout is not None
    said = b""
    try:
        while b"/hooks/generic" not in said:
            line = process.stdout.readline()
            assert line, said
            said += line
        yield served, said.decode()
    finally:
        process.stdout.close()
        served.kill()


def post_as_printed(served: Served, folder: Path) -> int:
    """The status of the answer to what the printed curl line posts."""
    token = (folder / "var/token-generic").read_text().strip()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    body = b'{"name": "Disk is full", "status": "firing", "host": "db01", "service": "billing"}'
    return served.request("POST", "/hooks/generic", body, headers)[0]


def test_the_first_start_needs_nothing(tmp_path: Path) -> None:
    """It writes a configuration with tokens, makes a login, and says how to go on; the next start
    changes none of it.
    """
    with first_start(tmp_path) as (served, said):
        url = f"http://{LOOPBACK}:{served.port}"
        [login] = re.findall(r"Log in as admin with the password (\S+)", said)
        assert said.startswith(f"Watcher listens on {url}\n")
        assert f"$(cat '{tmp_path}/var/token-generic')" in said
        assert said.endswith(f"{url}/hooks/generic\n")
        assert 202 == post_as_printed(served, tmp_path)
        wait_for(lambda: served.everything("incident"), "the incident")
    files = {path.name: path.read_bytes() for path in (tmp_path / "var").glob("*") if ours(path)}
    assert 0o600 == (tmp_path / "var/token-generic").stat().st_mode & 0o777

    with first_start(tmp_path) as (served, again):
        assert f"Log in as admin with the password {login}\n" in again
        assert 202 == post_as_printed(served, tmp_path)
    assert files == {
        path.name: path.read_bytes() for path in (tmp_path / "var").glob("*") if ours(path)
    }


def ours(path: Path) -> bool:
    """Whether a file is one that the first start writes."""
    return path.suffix == ".yaml" or path.name.startswith(("token-", "login"))


def test_the_demonstration_shows_a_diagnosed_incident(tmp_path: Path) -> None:
    """A sample outage through the real receivers, and evidence over real SSH; only once."""
    with first_start(tmp_path, "--demo") as (served, _):
        wait_for(lambda: len(served.everything("delivery")) == 4, "the sample outage")
        wait_for(lambda: evidence(served), "the evidence")
        servers = psutil.Process(served.running.pid).children(recursive=True)
        assert 0 == served.terminate()
        assert [] == psutil.wait_procs(servers, timeout=30)[1]
    with first_start(tmp_path, "--demo") as (served, _):
        assert 4 == len(served.everything("delivery"))


def evidence(served: Served) -> int:
    """How many diagnoses there are."""
    with served.store() as store, store.view() as view:
        return sum(view.evidence_counts(range(1, 10)).values())


def failed(folder: Path, *words: str, env: Mapping[str, str]) -> tuple[int, list[str]]:
    """The exit code of a start that fails, and the lines on standard error."""
    result = subprocess.run(
        command("serve", *words),
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "" == result.stdout
    return result.returncode, result.stderr.splitlines()


def test_a_port_in_use_is_said_in_a_line(tmp_path: Path) -> None:
    """With the reason, and without a stack trace."""
    with create_server((LOOPBACK, 0)) as taken:
        address = f"{LOOPBACK}:{taken.getsockname()[1]}"
        answer = failed(tmp_path, env=environment(WATCHER_LISTEN=address))

    assert (1, [f"watcher: cannot listen on {address}: Address already in use"]) == answer


def test_a_broken_configuration_is_told_completely(tmp_path: Path) -> None:
    """All problems at once, by file and line."""
    config = tmp_path / "watcher.yaml"
    config.write_text("lisen: 1\nsources: many\n")

    assert (
        1,
        [
            f"{config}:1: unknown key 'lisen'; did you mean 'listen'?",
            f"{config}:2: sources: should be a list",
            "watcher: the configuration cannot be used",
        ],
    ) == failed(tmp_path, "--config", str(config), env=environment())


RUNBOOK = """\
{{apiVersion: watcher/v1, kind: Runbook, id: door, title: The door, owner: us,
 match: {{any: [{{alert: never}}]}}, policy: {{cooldown: 0s}},
 steps: [{{id: who, title: Who, run: {run}}}]}}
"""


def test_a_runbook_of_ones_own_that_is_not_safe_is_told(tmp_path: Path) -> None:
    """Before anything listens, by file and line."""
    config, book = tmp_path / "watcher.yaml", tmp_path / "books" / "door.yaml"
    config.write_text("runbooks: books\n")
    book.parent.mkdir()
    book.write_text(RUNBOOK.format(run="rm -rf /"))
    code, lines = failed(tmp_path, "--config", str(config), env=environment())

    assert (1, "watcher: the configuration cannot be used") == (code, lines[-1])
    assert lines[0].startswith(f"{book}:3: ")
    assert not (tmp_path / "var").exists()


def test_pages_and_api_know_all_runbooks(tmp_path: Path) -> None:
    """Those that come with Watcher, which hooks do not wait for, and one's own."""
    inventory, books = tmp_path / "inventory.yaml", tmp_path / "books"
    for name in ("key", "known"):
        (tmp_path / name).touch(0o600)
    inventory.write_text(
        "profiles: {lab: {user: watcher, key_file: key, known_hosts: known}}\n"
        f"hosts: [{{name: db01, address: {LOOPBACK}, port: {free_port()}, ssh: lab}}]\n"
    )
    books.mkdir()
    (books / "door.yaml").write_text(RUNBOOK.format(run="id"))
    around = {"WATCHER_INVENTORY": str(inventory), "WATCHER_RUNBOOKS": str(books)}
    with serving(tmp_path, environment=around) as served:
        assert 202 == served.post({"name": "Disk is full", "status": "firing", "host": "db01"})
        wait_for(lambda: served.everything("incident"), "the incident")
        create = served.command("token", "create", "--role", "viewer")
        token = subprocess.run(create, env=served.env(), capture_output=True, check=True).stdout
        headers = {"Authorization": f"Bearer {token.decode().strip()}"}
        status, _, body = served.request("GET", "/api/v1/incidents/1/runbooks", b"", headers)

    assert 200 == status
    assert {"door", "linux-base"} <= {each["runbook"] for each in json.loads(body)}


def test_a_database_that_is_away_is_said_in_a_line(tmp_path: Path) -> None:
    """Without the password that is in its address."""
    url = f"postgresql+psycopg://watcher:h1dden@{LOOPBACK}:1/watcher"
    code, lines = failed(tmp_path, env=environment(WATCHER_DATABASE_URL=url))

    assert (1, 1) == (code, len(lines))
    assert lines[0].startswith("watcher: PostgreSQL cannot work now: ")
    assert "h1dden" not in lines[0]


def test_a_folder_that_cannot_be_written_is_said_in_a_line(tmp_path: Path) -> None:
    """A file is in its place."""
    (tmp_path / "var").write_text("in the way")
    code, lines = failed(tmp_path, env=environment())

    assert (1, 1) == (code, len(lines))
    assert lines[0].startswith("watcher: cannot write a first configuration: ")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_in_good_order(tmp_path: Path, number: signal.Signals) -> None:
    """Asked by the system or from the keyboard: both processes end, soon, without a complaint."""
    with serving(tmp_path) as served:
        worker = served.worker()
        began = time.monotonic()
        served.running.send_signal(number)

        assert 0 == served.running.wait(30)
        assert time.monotonic() - began < 9
        assert not worker.is_running()
        assert "Traceback" not in served.output
        assert "Nobody can log in yet: watcher user add NAME" in served.output


async def one_request(port: int, number: int) -> tuple[int, float]:
    """Status and seconds of a request over a connection of its own."""
    began = time.monotonic()
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    body = b'{"name": "burst", "host": "db01", "key": "k%d"}' % number
    writer.write(
        b"POST /hooks/gen HTTP/1.1\r\nHost: w\r\nAuthorization: Bearer %s\r\n"
        b"Content-Length: %d\r\nConnection: close\r\n\r\n%s" % (TOKEN.encode(), len(body), body)
    )
    answer = await reader.read()
    writer.close()
    await writer.wait_closed()
    return int(answer.split()[1]), time.monotonic() - began


def test_a_burst_of_new_connections_is_taken(tmp_path: Path) -> None:
    """500 senders within a second, each with a connection of its own: all are answered soon, and
    all that they said is there.
    """

    async def burst(port: int) -> list[tuple[int, float]]:
        tasks = []
        for number in range(500):
            tasks.append(asyncio.create_task(one_request(port, number)))
            await asyncio.sleep(0.001)
        return list(await asyncio.gather(*tasks))

    with serving(tmp_path) as served:
        answers = asyncio.run(burst(served.port))
        wait_for(served.drained, "the backlog to drain")
        deliveries = served.everything("delivery")

    assert {202: 500} == Counter(status for status, _ in answers)
    assert sorted(seconds for _, seconds in answers)[494] < 5
    assert {DeliveryStatus.DONE: 500} == Counter(each.status for each in deliveries)


RAW = [
    (b"POST /hooks/\xff\xfe HTTP/1.1\r\nhost: w\r\ncontent-length: 2\r\n\r\n{}", b"400"),
    (b"POST /hooks/gen HTTP/1.1\r\nhost: w\r\ncontent-length: -1\r\n\r\n{}", b"400"),
    (b"POST http://w/hooks/gen HTTP/1.1\r\nhost: w\r\ncontent-length: 2\r\n\r\n{}", b"401"),
    (b"POST * HTTP/1.1\r\nhost: w\r\ncontent-length: 2\r\n\r\n{}", b"404"),
    (b"POST /hooks/gen%2f HTTP/1.1\r\nhost: w\r\ncontent-length: 2\r\n\r\n{}", b"404"),
    (b"POST /hooks/a%2fb HTTP/1.1\r\nhost: w\r\ncontent-length: 2\r\n\r\n{}", b"404"),
    (b"POST /hooks/%00 HTTP/1.1\r\nhost: w\r\ncontent-length: 2\r\n\r\n{}", b"404"),
    (b"POST /hooks HTTP/1.1\r\nhost: w\r\ncontent-length: 2\r\n\r\n{}", b"404"),
    (b"POST //hooks/gen HTTP/1.1\r\nhost: w\r\ncontent-length: 2\r\n\r\n{}", b"404"),
    (b"POST /hooks/../hooks/gen HTTP/1.1\r\nhost: w\r\ncontent-length: 2\r\n\r\n{}", b"404"),
    (b"nonsense\r\n\r\n", b"400"),
]


def test_what_no_sender_writes_is_refused_by_the_real_server(tmp_path: Path) -> None:
    """Tricks with paths, lengths and the protocol: a 4xx each, never a redirect or a 500."""

    async def status(port: int, raw: bytes) -> bytes:
        reader, writer = await asyncio.open_connection(LOOPBACK, port)
        writer.write(raw)
        answer = await asyncio.wait_for(reader.readuntil(b"\r\n"), 30)
        writer.close()
        await writer.wait_closed()
        return answer.split()[1]

    async def all_of_them(port: int) -> list[tuple[bytes, bytes]]:
        return [(raw, await status(port, raw)) for raw, _ in RAW]

    with serving(tmp_path) as served:
        assert RAW == asyncio.run(all_of_them(served.port))
        assert [] == served.everything("delivery")
