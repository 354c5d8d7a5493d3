"""The runbooks for Redis, RabbitMQ and web servers against real ones: one that is well is left in
peace, trouble is told.
"""

import contextlib
import os
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from tests.e2e.process import LOOPBACK, free_port
from tests.e2e.services import (
    NoService,
    Service,
    running_apache,
    running_nginx,
    running_rabbitmq,
    running_redis,
)
from tests.e2e.test_library import ENDED_WELL, diagnoses_on, said_on
from tests.sshd import SshServer
from watcher.model.evidence import Level

CLIENTS = 12
MESSAGES = 1200
REQUESTS = 30
NODE = "runbook@localhost"

FILL = "for i = 1, 2000 do redis.pcall('SET', i, string.rep('x', 2000)) end"
COMPUTE = "local n = 0 while n < 30000000 do n = n + 1 end return n"
PUBLISH = f"""
    Queue = rabbit_misc:r(<<"/">>, queue, <<"orders">>),
    rabbit_amqqueue:declare(Queue, true, false, [], none, <<"test">>),
    Exchange = rabbit_misc:r(<<"/">>, exchange, <<>>),
    [rabbit_basic:publish(Exchange, <<"orders">>, [], <<"x">>) || _ <- lists:seq(1, {MESSAGES})],
    ok.
"""


def signals_of(server: SshServer, runbook: str, /, **given: str) -> dict[str, Level]:
    """All signals of one runbook, none of whose steps failed."""
    (diagnosis,) = diagnoses_on(server, [runbook], approved=False, **given)
    assert diagnosis.problem == ""
    steps = diagnosis.steps
    assert [] == [(s.step, s.reason, s.output) for s in steps if s.status not in ENDED_WELL]
    return {each.signal: each.level for step in steps for each in step.highlights}


def assert_well(server: SshServer, runbook: str, /, **given: str) -> set[str]:
    """Nothing is bad; returns what was said."""
    signals = signals_of(server, runbook, **given)
    assert [] == [name for name, level in signals.items() if level is Level.BAD]
    return set(signals)


def redis_cli(service: Service, *command: str) -> str:
    """What Redis answers."""
    asked = ["redis-cli", "-p", str(service.port), *command]
    return subprocess.run(asked, capture_output=True, text=True, check=True).stdout


@contextlib.contextmanager
def redis(*options: str) -> Iterator[Service]:
    """A Redis, or the test is skipped."""
    try:
        with running_redis(*options) as service:
            yield service
    except NoService as reason:
        pytest.skip(str(reason))


def test_a_redis_that_is_well_is_left_in_peace(ssh_server: SshServer) -> None:
    """It answers, has room, and nothing is wrong."""
    with redis("--maxmemory", "64mb") as service:
        said = assert_well(ssh_server, "redis", port=str(service.port))

    assert {"answers", "memory-ok", "clients-ok", "saving-ok", "slow-none", "alone"} <= said


def test_a_full_redis_and_its_slow_command_are_told(ssh_server: SshServer) -> None:
    """The limit, the writes that it refused, and what everybody waited for."""
    with redis("--maxmemory", "3mb", "--slowlog-log-slower-than", "1000") as service:
        redis_cli(service, "EVAL", FILL, "0")
        redis_cli(service, "EVAL", COMPUTE, "0")
        assert "OOM" in redis_cli(service, "SET", "a", "b")
        said = said_on(ssh_server, "redis", port=str(service.port))

    assert {"memory-full", "writes-refused", "slow-command"} <= said.keys()
    assert said["writes-refused"].startswith("Redis has refused 1 commands for want of memory")


def test_a_redis_without_room_for_clients_is_told(ssh_server: SshServer) -> None:
    """First nobody gets in, and later it is known that some were rejected."""
    with redis("--maxclients", str(CLIENTS)) as service:
        with contextlib.ExitStack() as open_ones:
            for _ in range(CLIENTS + 2):
                address = (LOOPBACK, service.port)
                client = open_ones.enter_context(socket.create_connection(address))
                client.sendall(b"PING\r\n")
                client.recv(64)
            full = said_on(ssh_server, "redis", port=str(service.port))
        later = said_on(ssh_server, "redis", port=str(service.port))

    assert "too-many-clients" in full
    assert "connections-rejected" in later


def test_a_redis_that_is_not_there_is_told(ssh_server: SshServer) -> None:
    """That nobody answers is a finding, not only a step that failed."""
    with redis():
        pass

    assert "no-answer" in signals_of(ssh_server, "redis", port=str(free_port()))


@pytest.fixture(scope="module")
def rabbitmq() -> Iterator[Service]:
    """One RabbitMQ for all tests, which takes a while to start."""
    if os.geteuid() != 0:
        pytest.skip("RabbitMQ and its tools run as root or rabbitmq only")
    try:
        with running_rabbitmq() as service:
            yield service
    except NoService as reason:
        pytest.skip(str(reason))


def rabbitmqctl(*command: str) -> None:
    """Tells the node of the tests what to do."""
    subprocess.run(["rabbitmqctl", "-q", "-n", NODE, *command], capture_output=True, check=True)


@pytest.fixture
def troubled_rabbitmq(rabbitmq: Service) -> Iterator[Service]:
    """It has messages that nobody takes, and less memory than it uses."""
    rabbitmqctl("eval", PUBLISH)
    rabbitmqctl("set_vm_memory_high_watermark", "absolute", "40MB")
    yield rabbitmq
    rabbitmqctl("set_vm_memory_high_watermark", "0.4")
    rabbitmqctl("delete_queue", "orders")


def test_a_rabbitmq_that_is_well_is_left_in_peace(ssh_server: SshServer, rabbitmq: Service) -> None:
    """It listens, knows of no alarm, and its cluster is complete."""
    said = assert_well(ssh_server, "rabbitmq", port=str(rabbitmq.port), node=NODE)

    assert {"listening", "no-alarm", "cluster-ok"} <= said


def test_an_alarm_and_a_queue_without_consumers_are_told(
    ssh_server: SshServer, troubled_rabbitmq: Service
) -> None:
    """Which queue, how many messages, and that publishers are blocked."""
    said = said_on(ssh_server, "rabbitmq", port=str(troubled_rabbitmq.port), node=NODE)

    assert {"memory-alarm", "no-consumers"} <= said.keys()
    assert said["memory-alarm"].startswith(f"Memory alarm on {NODE}: ")
    assert f"the queue orders, {MESSAGES} wait in it" in said["no-consumers"]


def test_a_rabbitmq_node_that_is_not_there_is_told(
    ssh_server: SshServer, rabbitmq: Service
) -> None:
    """Another node than the one that runs does not answer its tools."""
    assert rabbitmq.port
    said = signals_of(ssh_server, "rabbitmq", port=str(free_port()), node="nosuchnode@localhost")

    assert {"not-listening", "no-answer"} <= said.keys()


def ask(service: Service, path: str) -> None:
    """Asks often enough for a burst, and does not care for the answers."""
    for _ in range(REQUESTS):
        with contextlib.suppress(urllib.error.HTTPError):
            urllib.request.urlopen(f"http://{LOOPBACK}:{service.port}{path}", timeout=5)


def where(service: Service) -> dict[str, str]:
    """What an alert would say of it."""
    return {"port": str(service.port), "logs": str(service.folder)}


@pytest.fixture(scope="module")
def nginx() -> Iterator[Service]:
    """An nginx with an upstream that nobody listens at."""
    try:
        with running_nginx(
            'location / { return 200 "well\\n"; } location /nginx_status { stub_status; }'
            f" location /api/ {{ proxy_pass http://{LOOPBACK}:{free_port()}; }}"
        ) as service:
            yield service
    except NoService as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def apache() -> Iterator[Service]:
    """An Apache with a backend that nobody listens at."""
    try:
        with running_apache(f"ProxyPass /api/ http://{LOOPBACK}:{free_port()}/") as service:
            yield service
    except NoService as reason:
        pytest.skip(str(reason))


def test_an_nginx_that_is_well_is_left_in_peace(ssh_server: SshServer, nginx: Service) -> None:
    """It answers, has dropped nothing, and its logs tell of no error."""
    ask(nginx, "/")

    said = assert_well(ssh_server, "nginx", **where(nginx))

    assert {"answers", "upstreams-ok", "no-errors"} <= said


def test_an_upstream_of_nginx_that_refuses_is_told(ssh_server: SshServer, nginx: Service) -> None:
    """Which upstream, how often, and which address of ours fails for it."""
    ask(nginx, "/api/orders?token=sesame")

    said = said_on(ssh_server, "nginx", approved=False, **where(nginx))

    assert {"answers", "upstream-refused", "many-errors"} <= said.keys()
    assert f"refuses connections: {REQUESTS} times" in said["upstream-refused"]
    assert said["one-address"].endswith("are for GET /api/orders (502)")


def test_an_apache_that_is_well_is_left_in_peace(ssh_server: SshServer, apache: Service) -> None:
    """It answers, workers are free, and its logs tell of no error."""
    ask(apache, "/server-status")

    said = assert_well(ssh_server, "apache", **where(apache))

    assert {"answers", "workers-ok", "log-ok", "no-errors"} <= said


def test_a_backend_of_apache_that_refuses_is_told(ssh_server: SshServer, apache: Service) -> None:
    """Which backend, and how many requests fail for it."""
    ask(apache, "/api/orders")

    said = said_on(ssh_server, "apache", approved=False, **where(apache))

    assert {"backend-refused", "many-errors", "one-address"} <= said.keys()


@pytest.mark.parametrize("name", ["nginx", "apache"])
def test_a_web_server_that_does_not_listen_is_told(ssh_server: SshServer, name: str) -> None:
    """That nobody answers is a finding, not only a step that failed."""
    said = signals_of(ssh_server, name, port=str(free_port()), logs="/nonexistent")

    assert {"no-answer", "errors-unread", "log-unread"} <= said.keys()
