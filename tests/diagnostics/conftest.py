"""Servers whose `sh` is one of the shells that hosts have."""

import shutil
from pathlib import Path

import pytest

from tests.conftest import StartSshd
from tests.sshd import SshServer


@pytest.fixture
def server(sshd: StartSshd) -> SshServer:
    """A host as it comes, without what a developer's own .bashrc does."""
    return sshd("SetEnv HOME=/nonexistent")


@pytest.fixture(params=["dash", "bash", "busybox"])
def any_shell(request: pytest.FixtureRequest, sshd: StartSshd, tmp_path: Path) -> SshServer:
    """A host whose `sh` is dash, then one whose `sh` is bash, then one with that of BusyBox."""
    shell = shutil.which(request.param)
    if shell is None:
        pytest.skip(f"no {request.param} here")
    (tmp_path / "sh").symlink_to(shell)
    tmp_path.chmod(0o755)
    return sshd(f"SetEnv HOME=/nonexistent PATH={tmp_path}:/usr/bin:/bin")
