"""Real services for the runbooks to look at: each on loopback, in a folder of its own, as nobody
who matters, gone with the test.
"""

import contextlib
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.process import LOOPBACK, Program, free_port, running, wait_for

SBIN = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/lib/rabbitmq/bin"


class NoService(Exception):
    """There is no such service to be had here; the message says why."""


@dataclass(frozen=True)
class Service:
    """A running service: where it listens and keeps its files."""

    port: int
    folder: Path
    program: Program


@contextlib.contextmanager
def running_mariadb() -> Iterator[Service]:
    """A MariaDB that lets root in without a password, over TCP and `folder/socket`."""
    server, install = binary("mariadbd"), binary("mariadb-install-db")
    with folder_of("mysql") as (folder, user):
        data, port = folder / "data", free_port()
        common = ("--no-defaults", f"--datadir={data}")
        made = subprocess.run(
            [install, *common, "--auth-root-authentication-method=normal", "--skip-test-db"],
            user=user,
            group=user,
            extra_groups=None if user is None else [],
            capture_output=True,
            check=False,
        )
        assert made.returncode == 0, made.stderr.decode(errors="replace")[-2000:]
        options = (f"--port={port}", f"--bind-address={LOOPBACK}", f"--socket={folder}/socket")
        with running(server, *common, *options, folder=folder, user=user) as program:
            program.wait_for_port(port)
            yield Service(port, folder, program)


@contextlib.contextmanager
def running_redis(*options: str) -> Iterator[Service]:
    """A Redis with these options on its command line."""
    server = binary("redis-server")
    with folder_of("redis") as (folder, user):
        port = free_port()
        where = ("--port", str(port), "--bind", LOOPBACK, "--dir", str(folder), "--save", "")
        with running(server, *where, *options, folder=folder, user=user) as program:
            program.wait_for_port(port)
            yield Service(port, folder, program)


@contextlib.contextmanager
def running_rabbitmq() -> Iterator[Service]:
    """A RabbitMQ node `runbook@localhost`, which its tools find as they would any other."""
    server = binary("rabbitmq-server")
    with folder_of("rabbitmq") as (folder, user):
        port = free_port()
        environment = {
            "HOME": "/var/lib/rabbitmq" if user else str(Path.home()),  # Where the cookie lies.
            "RABBITMQ_NODENAME": "runbook@localhost",
            "RABBITMQ_NODE_IP_ADDRESS": LOOPBACK,
            "RABBITMQ_NODE_PORT": str(port),
            "RABBITMQ_DIST_PORT": str(free_port()),
            "RABBITMQ_MNESIA_BASE": str(folder / "mnesia"),
            "RABBITMQ_LOG_BASE": str(folder / "log"),
            "RABBITMQ_PID_FILE": str(folder / "pid"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(folder / "enabled_plugins"),
            "RABBITMQ_CONF_ENV_FILE": str(folder / "none"),
        }
        with running(server, folder=folder, user=user, environment=environment) as program:
            program.wait_for_port(port)
            yield Service(port, folder, program)
        # The daemon that knows the names of nodes; it refuses while it knows of one.
        with contextlib.suppress(AssertionError):
            wait_for(_end_of_names, "the last node to be forgotten", seconds=10)


def _end_of_names() -> bool:
    ended = subprocess.run(["epmd", "-kill"], capture_output=True, check=False)
    return b"Killed" in ended.stdout


@contextlib.contextmanager
def running_nginx(locations: str) -> Iterator[Service]:
    """An nginx whose server block holds these locations; its logs lie in `folder`."""
    server = binary("nginx")
    with folder_of("www-data") as (folder, user):
        port = free_port()
        (folder / "nginx.conf").write_text(
            f"daemon off; pid {folder}/pid; error_log {folder}/error.log;\n"
            "events { worker_connections 64; }\n"
            f"http {{ access_log {folder}/access.log;\n"
            + "".join(
                f"{kind}_temp_path {folder}/{kind};\n"
                for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
            )
            + f"server {{ listen {LOOPBACK}:{port};\n{locations}\n}} }}\n"
        )
        arguments = ("-p", folder, "-c", folder / "nginx.conf", "-e", folder / "error.log")
        with running(server, *arguments, folder=folder, user=user) as program:
            program.wait_for_port(port)
            yield Service(port, folder, program)


@contextlib.contextmanager
def running_apache(directives: str) -> Iterator[Service]:
    """An Apache with these directives and its status page; its logs lie in `folder`."""
    server = binary("apache2")
    modules = ("mpm_event", "authz_core", "status", "alias", "proxy", "proxy_http")
    with folder_of("www-data") as (folder, user):
        port = free_port()
        (folder / "apache.conf").write_text(
            "".join(
                f"LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"
                for name in modules
            )
            + f"Listen {LOOPBACK}:{port}\nServerName localhost\nDefaultRuntimeDir {folder}\n"
            f"PidFile {folder}/pid\nErrorLog {folder}/error.log\n"
            f'CustomLog {folder}/access.log "%h %l %u %t \\"%r\\" %>s %O"\n'
            f"<Location /server-status>\nSetHandler server-status\n</Location>\n{directives}\n"
        )
        arguments = ("-D", "FOREGROUND", "-d", folder, "-f", folder / "apache.conf")
        with running(server, *arguments, folder=folder, user=user) as program:
            program.wait_for_port(port)
            yield Service(port, folder, program)


@contextlib.contextmanager
def running_code(*command: str | Path, says: str, folder: Path) -> Iterator[Program]:
    """A program of the test's own that has said this on its output."""
    with running(*command, folder=folder) as program:

        def has_said_so() -> bool:
            text = program.output.read_text(errors="replace")
            assert program.process.poll() is None, text[-2000:]
            return says in text

        wait_for(has_said_so, f"{command[0]} to say {says!r}")
        yield program


def binary(name: str) -> str:
    """Where that program is. Raises NoService."""
    found = shutil.which(name, path=SBIN)
    if found is None:
        raise NoService(f"there is no {name} here; `tools/packages.sh e2e` says what to install")
    return found


@contextlib.contextmanager
def folder_of(owner: str) -> Iterator[tuple[Path, str | None]]:
    """A folder, and the user to run as: the service's own where we are root, else ourselves."""
    folder = Path(tempfile.mkdtemp(prefix="svc"))
    folder.chmod(0o755)
    user = None
    if os.geteuid() == 0:
        user = owner
        shutil.chown(folder, pwd.getpwnam(owner).pw_uid, pwd.getpwnam(owner).pw_gid)
    try:
        yield folder, user
    finally:
        shutil.rmtree(folder, ignore_errors=True)
