"""Those who run the same commands on the same hosts: Watcher, plain ssh, Ansible."""

import os
import resource
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from tests.sshd import SshServer, SshServers, make_key
from watcher.diagnostics.pool import Pool
from watcher.diagnostics.run import Job, diagnose
from watcher.kit.clock import Clock
from watcher.model.catalogue import Host, SshProfile
from watcher.model.evidence import Diagnosis, StepStatus
from watcher.model.runbook import Runbook, Step

THREADS = 16
COMMANDS = (
    "uptime",
    "cat /proc/meminfo",
    "df -P",
    "cat /proc/loadavg /proc/stat",
    "cat /proc/net/sockstat /proc/net/snmp",
    "ps -eo pid,ppid,user,pcpu,pmem,etime,args --sort=-pcpu | head -15",
    "cat /proc/mounts",
    "cat /proc/diskstats /proc/vmstat",
)
SCRIPT = "\n".join((*COMMANDS, "echo all of it"))
_END = b"all of it\n"


@dataclass(frozen=True)
class Cost:
    """Seconds by the clock, and of CPU time on our side, children included."""

    wall: float
    cpu: float


@dataclass(frozen=True)
class Hosts:
    """So many servers, all known, all with one key."""

    folder: Path
    servers: Sequence[SshServer]

    @property
    def key(self) -> Path:
        """What lets us in."""
        return self.folder / "key"

    @property
    def known(self) -> Path:
        """All their keys."""
        return self.folder / "known_hosts"


@contextmanager
def hosts(count: int) -> Iterator[Hosts]:
    """Real servers on this machine, each a process with an address and a key of its own."""
    servers = SshServers()
    with tempfile.TemporaryDirectory(prefix="bench") as name:
        folder = Path(name)
        folder.chmod(0o755)
        make_key(folder / "key")
        allowed = f"AuthorizedKeysFile {folder}/key.pub\nSetEnv HOME=/nonexistent"
        try:
            found = [servers.start(allowed, "LogLevel ERROR") for _ in range(count)]
            lines = "".join(f"{server.known_hosts}\n" for server in found)
            (folder / "known_hosts").write_text(lines)
            yield Hosts(folder, found)
        finally:
            servers.close()


def measured(errand: Callable[[], None]) -> Cost:
    """What it cost. The servers are children, too, but none that ended meanwhile."""
    cpu, began = _cpu(), perf_counter()
    errand()
    return Cost(perf_counter() - began, _cpu() - cpu)


def _cpu() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


class Watcher:
    """Watcher's own path from a runbook to evidence, on its sixteen threads."""

    def __init__(self, hosts: Hosts, commands: Sequence[str] = COMMANDS) -> None:
        steps = tuple(Step(f"step{n}", "A step", run) for n, run in enumerate(commands))
        book = Runbook("bench", "Eight commands", "us", steps)
        login = SshProfile("bench", hosts.servers[0].user, str(hosts.key), str(hosts.known))
        self._jobs = [
            Job(book, Host("acme", f"db{n}", address=one.address, port=one.port), login)
            for n, one in enumerate(hosts.servers)
        ]
        self.pool = Pool(Clock())

    def renew(self) -> None:
        """Forgets all connections."""
        self.pool.close()
        self.pool = Pool(Clock())

    def run(self, times: int = 1) -> None:
        """A diagnosis of every host, so many times."""
        with ThreadPoolExecutor(THREADS) as threads:
            for found in threads.map(self._diagnose, self._jobs * times):
                assert found.problem == "", found.problem
                assert {StepStatus.OK} == {step.status for step in found.steps}, found.steps

    def run_plain(self) -> None:
        """The very script that the others run, over the same connections."""
        with ThreadPoolExecutor(THREADS) as threads:
            for said in threads.map(self._plain, self._jobs):
                assert said.endswith(_END), said

    def _plain(self, job: Job) -> bytes:
        clock = Clock()
        with self.pool.connection(job.host, job.profile) as connection:
            return connection.run(f"{SCRIPT}\n", _END, 60, clock).stdout

    def _diagnose(self, job: Job) -> Diagnosis:
        return diagnose([job], self.pool, Clock())[0]


class Ssh:
    """OpenSSH's client, one process and one script a host, with the key exchange we have."""

    def __init__(self, hosts: Hosts) -> None:
        self._hosts = hosts

    def run(self) -> None:
        """The script on every host."""
        with ThreadPoolExecutor(THREADS) as threads:
            for said in threads.map(self._ssh, self._hosts.servers):
                assert said.endswith("all of it\n"), said

    def _ssh(self, server: SshServer) -> str:
        options = [*_options(self._hosts), "-o", "ControlMaster=no", "-p", str(server.port)]
        command = ["ssh", *options, f"{server.user}@{server.address}", "sh -s"]
        return subprocess.run(
            command, input=SCRIPT, capture_output=True, text=True, check=True
        ).stdout


class Ansible:
    """Ansible's `raw`: no Python on the hosts; fifty at a time, connections kept between runs."""

    def __init__(self, hosts: Hosts) -> None:
        self._hosts = hosts
        lines = [
            f"db{n} ansible_host={one.address} ansible_port={one.port} ansible_user={one.user}"
            for n, one in enumerate(hosts.servers)
        ]
        (hosts.folder / "inventory").write_text("\n".join(lines) + "\n")
        self._sockets = tempfile.TemporaryDirectory(prefix="cp")
        options = " ".join(_options(hosts))
        keep = f"-o ControlMaster=auto -o ControlPersist=60s -o ControlPath={self._sockets.name}/%C"
        self._environment = os.environ | {
            "ANSIBLE_HOME": str(hosts.folder / "ansible"),
            "ANSIBLE_PIPELINING": "1",
            "ANSIBLE_SSH_ARGS": f"{options} {keep}",
            "ANSIBLE_FORKS": "50",
        }

    def run(self) -> None:
        """The script on every host."""
        inventory = str(self._hosts.folder / "inventory")
        done = subprocess.run(
            ["ansible", "all", "-i", inventory, "-m", "raw", "-a", SCRIPT],
            env=self._environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout.count("| CHANGED") == len(self._hosts.servers), done.stdout

    def forget(self) -> None:
        """Ends the connections that it keeps."""
        for path in Path(self._sockets.name).iterdir():
            command = ["ssh", "-o", f"ControlPath={path}", "-O", "exit", "any"]
            subprocess.run(command, capture_output=True, check=False)


def _options(hosts: Hosts) -> list[str]:
    pairs = {
        "KexAlgorithms": "curve25519-sha256",
        "UserKnownHostsFile": hosts.known,
        "StrictHostKeyChecking": "yes",
        "IdentityFile": hosts.key,
        "IdentitiesOnly": "yes",
        "BatchMode": "yes",
    }
    return ["-F", "none", *(f"-o{key}={value}" for key, value in pairs.items())]
