"""The runbooks for containers and build agents, where none of them runs: they say so."""

import shutil
import subprocess

import pytest

from tests.e2e.test_library import diagnoses_on
from tests.sshd import SshServer
from watcher.model.evidence import Diagnosis, StepStatus

BROKEN = {StepStatus.FAILED, StepStatus.TIMEOUT}


def signals_of(diagnosis: Diagnosis) -> set[str]:
    """The ids of what a diagnosis says."""
    return {each.signal for step in diagnosis.steps for each in step.highlights}


def broken_in(diagnosis: Diagnosis) -> dict[str, str]:
    """The steps that did not end well, with what they printed."""
    return {step.step: step.output for step in diagnosis.steps if step.status in BROKEN}


def needed(name: str) -> str:
    """The program of this name; without it the test is skipped."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed here")
    return found


def test_a_docker_that_is_down_is_told(ssh_server: SshServer) -> None:
    """The real client finds no daemon; that is a signal, and no step fails for it."""
    if subprocess.run([needed("docker"), "info"], capture_output=True, check=False).returncode == 0:
        pytest.skip("Docker runs here")

    (diagnosis,) = diagnoses_on(ssh_server, ["docker"], container="web")

    assert {} == broken_in(diagnosis)
    assert "no-answer" in signals_of(diagnosis)


@pytest.mark.parametrize("name", ["kubernetes-pod", "kubernetes-workload", "kubernetes-node"])
def test_a_cluster_that_does_not_answer_is_told(ssh_server: SshServer, name: str) -> None:
    """The real kubectl reaches no cluster; that is a signal, and no step fails for it."""
    needed("kubectl")

    (diagnosis,) = diagnoses_on(ssh_server, [name], namespace="shop", pod="web-1", node="node1")

    assert {} == broken_in(diagnosis)
    assert "no-answer" in signals_of(diagnosis)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("dotnet", "none-running"), ("gitlab-runner", ""), ("teamcity-agent", "log-unreadable")],
)
def test_what_is_not_there_breaks_nothing(ssh_server: SshServer, name: str, expected: str) -> None:
    """Where neither the program nor its tools are, every step ends, and nothing is called well."""
    (diagnosis,) = diagnoses_on(ssh_server, [name], approved=True)

    assert {} == broken_in(diagnosis)
    assert {expected} - {""} <= signals_of(diagnosis)
    assert not {"running", "registered", "processes-ok", "known"} & signals_of(diagnosis)
