"""Real SSH servers for tests: each with its own loopback address, port, host key and client key."""

import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psutil

START_SECONDS = 10
SEARCH_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin"
CONFIG = """\
Port {port}
ListenAddress {listen}
HostKey {folder}/host
PidFile {folder}/pid
AuthorizedKeysFile {folder}/authorized
UsePAM no
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
UseDNS no
PrintMotd no
LogLevel VERBOSE
"""


class NoSshd(Exception):
    """There is no SSH server to be had here; the message says why."""


@dataclass(frozen=True)
class SshServer:
    """One running sshd and what a client needs to log in to it."""

    address: str
    port: int
    user: str
    client_key: Path
    host_key: Path
    known_hosts: str
    log: Path
    process: subprocess.Popen[bytes]

    def known_hosts_file(self) -> Path:
        """A file with this server's line only; whoever reads it never meets half of it."""
        path = self.log.parent / "known_hosts"
        whole = path.with_name(f"known_hosts.{threading.get_ident()}")
        whole.write_text(self.known_hosts + "\n")
        return whole.replace(path)

    def stop(self) -> None:
        """Ends the server with every session that it still serves."""
        if self.process.poll() is not None:
            return
        family = psutil.Process(self.process.pid).children(recursive=True)
        self.process.terminate()
        for child in family:
            _kill(child)
        self.process.wait(timeout=START_SECONDS)


def _kill(process: psutil.Process) -> None:
    try:
        process.kill()
    except psutil.NoSuchProcess:
        return


@dataclass
class SshServers:
    """Starts servers and ends them all on `close`. Works as root and as anybody else."""

    worker: int = 0
    folders: list[Path] = field(default_factory=list)
    running: list[SshServer] = field(default_factory=list)
    hosts: Iterator[int] = field(default_factory=itertools.count)

    def start(
        self, *config: str, user: str | None = None, key_options: str = "", listen: str = ""
    ) -> SshServer:
        """Starts a server. Lines of `config` win over the usual ones; as root, `user` may be
        anybody; `key_options`, such as `command="..."`, bind the client's key; `listen` may be
        0.0.0.0, so that all local addresses are the server's. Raises NoSshd.
        """
        binary = shutil.which("sshd", path=SEARCH_PATH)
        if binary is None:
            raise NoSshd("no SSH server: install openssh-server")
        if os.geteuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        folder = self._folder(key_options)
        address = f"127.0.1.{(self.worker * 60 + next(self.hosts)) % 254 + 1}"
        port = _free_port(address)
        usual = CONFIG.format(port=port, listen=listen or address, folder=folder)
        (folder / "config").write_text("\n".join(config) + "\n" + usual)
        process = _launch(binary, folder)
        host_key = (folder / "host.pub").read_text().rsplit(" ", 1)[0]
        server = SshServer(
            address=address,
            port=port,
            user=user or pwd.getpwuid(os.geteuid()).pw_name,
            client_key=folder / "client",
            host_key=folder / "host",
            known_hosts=f"[{address}]:{port} {host_key}",
            log=folder / "log",
            process=process,
        )
        self.running.append(server)
        _wait(server)
        return server

    def close(self) -> None:
        """Ends every server and removes their files."""
        for server in self.running:
            server.stop()
        for folder in self.folders:
            shutil.rmtree(folder, ignore_errors=True)
        self.running.clear()
        self.folders.clear()

    def _folder(self, key_options: str) -> Path:
        folder = Path(tempfile.mkdtemp(prefix="sshd"))
        self.folders.append(folder)
        folder.chmod(0o755)  # sshd reads the authorised keys as the user who logs in.
        make_key(folder / "host")
        make_key(folder / "client")
        public = (folder / "client.pub").read_text()
        (folder / "authorized").write_text(f"{key_options} {public}".lstrip())
        return folder


def make_key(path: Path, kind: str = "ed25519") -> None:
    """Writes a key pair without a passphrase: `path` and `path`.pub."""
    subprocess.run(
        ["ssh-keygen", "-q", "-t", kind, "-N", "", "-C", "test", "-f", str(path)],
        check=True,
        stdin=subprocess.DEVNULL,
    )


def _free_port(address: str) -> int:
    with socket.socket() as probe:
        probe.bind((address, 0))
        port: int = probe.getsockname()[1]
        return port


def _launch(binary: str, folder: Path) -> subprocess.Popen[bytes]:
    """Starts sshd in the foreground, so that it is a child; all paths are absolute, as it asks."""
    with (folder / "output").open("wb") as output:
        return subprocess.Popen(
            [binary, "-D", "-f", str(folder / "config"), "-E", str(folder / "log")],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,  # An interrupt at the terminal is for pytest alone.
        )


def _wait(server: SshServer) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and server.process.poll() is None:
        try:
            with socket.create_connection((server.address, server.port), timeout=1) as probe:
                if probe.recv(4) == b"SSH-":
                    return
        except OSError:
            time.sleep(0.01)
    texts = (server.log, server.log.parent / "output")
    said = "".join(path.read_text(errors="replace") for path in texts if path.exists())
    raise NoSshd(f"sshd did not start: {said[-1000:]}")
