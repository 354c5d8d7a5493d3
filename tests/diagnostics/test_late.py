"""The pool that is made when it is first asked."""

import subprocess
import sys
from pathlib import Path

from tests.diagnostics.lines import ask, nothing_left, profile_of
from tests.sshd import SshServer
from watcher.diagnostics.late import LatePool
from watcher.diagnostics.pool import Pool
from watcher.kit.clock import Clock

LOADED = """
import sys
import watcher.app.worker
print("paramiko" in sys.modules, "cryptography" in sys.modules)
"""


def test_one_that_was_asked_is_a_pool(server: SshServer) -> None:
    """The same connection serves again, as patient as that of any pool; it ends with it."""
    with nothing_left():
        late = LatePool(Clock())
        first, second = ask(late, server), ask(late, server)
        profile = profile_of(server)

        assert (first, Pool(Clock()).longest(profile)) == (second, late.longest(profile))
        late.close()


def test_one_that_was_never_asked_has_nothing_to_close() -> None:
    """Who goes to no host does without it."""
    LatePool(Clock()).close()


def test_a_worker_loads_no_ssh_before_it_goes_to_a_host() -> None:
    """What most of its memory would be for need not be there."""
    root = Path(__file__).resolve().parents[2]
    program = [sys.executable, "-c", LOADED]
    told = subprocess.run(program, cwd=root, capture_output=True, check=True, text=True)

    assert "False False" == told.stdout.strip()
