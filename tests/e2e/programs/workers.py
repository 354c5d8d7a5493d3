"""A server with four workers: they accept connections, or all wait for an answer that never comes
(`hanging`).
"""

import os
import socket
import sys

WORKERS = 4
CALLERS = 6


def accept(serving: socket.socket) -> None:
    """Serves as it should."""
    while True:
        serving.accept()[0].close()


def ask(silent: socket.socket) -> None:
    """Asks somebody who does not answer."""
    with socket.create_connection(silent.getsockname()) as peer:
        peer.recv(1)


def main() -> None:
    """Starts the workers, and calls them."""
    hanging = sys.argv[1:] == ["hanging"]
    silent, serving = (socket.create_server(("127.0.0.1", 0)) for _ in range(2))
    for _ in range(WORKERS):
        if os.fork() == 0:
            ask(silent) if hanging else accept(serving)
            return
    callers = [socket.create_connection(serving.getsockname()) for _ in range(CALLERS)]
    sys.stdout.write(f"ready for {len(callers)}\n")
    sys.stdout.flush()
    os.wait()


main()
