"""A throw-away SSH server for the demonstration: loopback, keys of its own, one command, no root.

It runs `sh -s` as the current user, for the one client key that it made itself, and is gone with
the process: a script that loses its connection ends itself.
"""

import logging
import os
import queue
import socket
import subprocess
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import paramiko
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

_ADDRESS = "127.0.0.1"
_COMMAND = b"exec sh -s"
_LOGIN_SECONDS = 10.0
_GRACE_SECONDS = 5.0
_CHUNK = 32_768
_KILLED = 128

# A client that leaves in the middle is no news on a demonstration.
logging.getLogger("paramiko").setLevel(logging.CRITICAL)


class DemoSshd:
    """Listens from the beginning of the block to its end.

    Into `folder` go the client's key (`key_file`) and a line for the server (`known_hosts`).
    """

    def __init__(self, folder: Path) -> None:
        self.address = _ADDRESS
        self.user = "demo"
        self.key_file = folder / "demo_key"
        self.known_hosts = folder / "demo_known_hosts"
        self._host_key = _new_key(folder / "demo_host_key")
        self._client_key = _new_key(self.key_file)
        self._listener = socket.create_server((_ADDRESS, 0))
        self.port: int = self._listener.getsockname()[1]
        line = f"[{_ADDRESS}]:{self.port} {_public(self._host_key)}\n"
        self.known_hosts.write_text(line)
        self._sessions: set[_Session] = set()
        self._thread = threading.Thread(target=self._accept, name="demo-sshd", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends the server, its connections and every command that still runs."""
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(_GRACE_SECONDS)
        for session in tuple(self._sessions):
            session.close()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self._sessions = {session for session in self._sessions if session.is_alive()}
            session = _Session(connection, self._host_key, self._client_key)
            self._sessions.add(session)
            session.start()


class _Session(threading.Thread):
    """One connection with at most one command."""

    def __init__(self, sock: socket.socket, host: paramiko.PKey, client: paramiko.PKey) -> None:
        super().__init__(name="demo-sshd-session", daemon=True)
        self._sock = sock
        self._transport = paramiko.Transport(sock)
        self._transport.add_server_key(host)
        self._doorman = _Doorman(client)

    def run(self) -> None:
        """Lets the client in, runs its command and tells how that ended."""
        try:
            self._transport.start_server(server=self._doorman)
            channel = self._doorman.asked.get(timeout=_LOGIN_SECONDS)
            if channel is not None:
                channel.send_exit_status(_serve(channel))
                channel.close()
                self._transport.join(_GRACE_SECONDS)
        except (paramiko.SSHException, OSError, EOFError, queue.Empty):
            pass  # The client is gone, or was none; there is nobody to tell.
        finally:
            self.close()

    def close(self) -> None:
        """Cuts the connection, which ends the command."""
        self._doorman.asked.put(None)
        with suppress(OSError):
            self._sock.shutdown(socket.SHUT_RDWR)
        self._transport.close()
        self._sock.close()
        if self._transport.is_alive():
            self._transport.join(_GRACE_SECONDS)
        if self is not threading.current_thread():
            self.join(_GRACE_SECONDS)


class _Doorman(paramiko.ServerInterface):
    """Lets in who holds the key, for one command."""

    def __init__(self, client: paramiko.PKey) -> None:
        self._client = client
        self._busy = False
        self.asked: queue.SimpleQueue[paramiko.Channel | None] = queue.SimpleQueue()

    def get_allowed_auths(self, username: str) -> str:
        """Keys only."""
        return "publickey"

    def check_auth_publickey(self, username: str, key: paramiko.PKey) -> int:
        """The key of this run."""
        if key.asbytes() == self._client.asbytes():
            return paramiko.common.AUTH_SUCCESSFUL
        return paramiko.common.AUTH_FAILED

    def check_channel_request(self, kind: str, chanid: int) -> int:
        """Sessions, no forwarding."""
        if kind == "session":
            return paramiko.common.OPEN_SUCCEEDED
        return paramiko.common.OPEN_FAILED_ADMINISTRATIVELY_PROHIBITED

    def check_channel_exec_request(self, channel: paramiko.Channel, command: bytes) -> bool:
        """A script on stdin, once."""
        if command != _COMMAND or self._busy:
            return False
        self._busy = True
        self.asked.put(channel)
        return True


def _serve(channel: paramiko.Channel) -> int:
    """Runs a shell in a process group of its own between the two ends of the channel."""
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            shell = subprocess.Popen(
                ["/bin/sh", "-s"],
                stdin=theirs.fileno(),
                stdout=theirs.fileno(),
                stderr=subprocess.STDOUT,
                cwd="/",
                env={"PATH": os.defpath, "HOME": "/"},
                start_new_session=True,
            )
        threading.Thread(target=_feed, args=(channel, ours), daemon=True).start()
        _drain(ours, channel)
        code = shell.wait()
        return code if code >= 0 else _KILLED - code


def _feed(channel: paramiko.Channel, shell: socket.socket) -> None:
    """The script goes in; when the client is gone the shell's stdin ends, and so does the shell."""
    with suppress(OSError):
        while data := channel.recv(_CHUNK):
            shell.sendall(data)
        shell.shutdown(socket.SHUT_WR)


def _drain(shell: socket.socket, channel: paramiko.Channel) -> None:
    """What the shell says goes out; what nobody wants any more is read to the end all the same."""
    while data := shell.recv(_CHUNK):
        with suppress(OSError):
            channel.sendall(data)


def _new_key(path: Path) -> paramiko.PKey:
    key = Ed25519PrivateKey.generate()
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    return paramiko.PKey.from_path(path)


def _public(key: paramiko.PKey) -> str:
    return f"{key.get_name()} {key.get_base64()}"
