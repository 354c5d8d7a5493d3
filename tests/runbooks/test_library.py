"""The runbooks that come with Watcher: in order, proven by their own tests, and documented."""

import re
import socket
from collections.abc import Iterator
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path

import pytest

from watcher.diagnostics.rehearse import Report, never_fired, rehearse
from watcher.diagnostics.root import root_commands
from watcher.kit.shipped import shipped
from watcher.model.evidence import Level, StepStatus
from watcher.model.runbook import Rehearsal, Runbook
from watcher.policy.problems import Problems
from watcher.policy.runbooks import read_runbook, with_fixtures
from watcher.policy.runbooks.lint import lint

LIBRARY = shipped("runbooks")
REFERENCE = Path(__file__).parents[2] / "docs/reference/runbook-library.md"
NAMES = sorted(path.stem for path in LIBRARY.glob("*.yaml"))

LARGEST = 4096
ADDRESS = re.compile(
    r"(?<![\w.:-])(?:\d{1,3}(?:\.\d{1,3}){3}(?![\w.])|[0-9a-f]*(?::[0-9a-f]{0,4}){2,7}(?![\w:]))"
)
# Those that are for documentation, and those that mean the host itself or any.
HARMLESS = tuple(
    ip_network(network)
    for network in (
        *("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "127.0.0.0/8", "0.0.0.0/32"),
        *("2001:db8::/32", "::/127"),
    )
)
# Folders of this checkout, of homes and of temporary files, and ids of containers.
REAL = re.compile(r"(?<!\w)/(?:work|home|root|tmp)/|\b[0-9a-f]{64}\b")

each_runbook = pytest.mark.parametrize("name", NAMES)


@cache
def runbook(name: str) -> Runbook:
    """A shipped runbook, with what its tests need."""
    problems = Problems()
    source = read_runbook(LIBRARY / f"{name}.yaml", problems)
    assert source is not None, list(problems)
    return with_fixtures(source.runbook, problems)


@cache
def reports_of(name: str) -> list[Report]:
    """What came of the tests that a runbook carries."""
    return [rehearse(runbook(name), test) for test in runbook(name).tests]


def fixtures_of(name: str) -> list[Path]:
    """The recorded outputs of a runbook."""
    return sorted((LIBRARY / "fixtures" / name).glob("*/*.txt"))


def strange_in(text: str) -> Iterator[str]:
    """Whatever could name a real machine."""
    yield from REAL.findall(text)
    if len(socket.gethostname()) > len("web1"):
        yield from re.findall(rf"\b{re.escape(socket.gethostname())}\b", text)
    for found in ADDRESS.findall(text):
        try:
            address = ip_address(found)
        except ValueError:
            continue
        if not any(_within(str(address), network) for network in HARMLESS):
            yield found


def _within(address: str, network: IPv4Network | IPv6Network) -> bool:
    return ip_address(address) in network


@each_runbook
def test_there_is_nothing_to_mend(name: str) -> None:
    """Each file can be used, and lint has neither an error nor a warning for it."""
    problems = Problems()
    source = read_runbook(LIBRARY / f"{name}.yaml", problems)

    assert [] == [str(each) for each in problems]
    assert source is not None
    assert [] == [str(each) for each in lint(source)]


@each_runbook
def test_its_own_tests_hold(name: str) -> None:
    """Matches, inputs, values and signals are as the tests in the file expect."""
    reports = reports_of(name)

    assert reports
    assert {} == {each.test: each.differences for each in reports if each.differences}


@each_runbook
def test_every_signal_fires_somewhere(name: str) -> None:
    """There is a recorded output for each sentence that a runbook can say."""
    assert () == never_fired(runbook(name), reports_of(name))


@each_runbook
def test_a_host_that_is_well_is_left_in_peace(name: str) -> None:
    """In one test at least every step has an output, and none says anything but good."""
    steps = {step.id for step in runbook(name).steps}

    def peaceful(report: Report) -> bool:
        levels = {each.level for step in report.steps for each in step.highlights}
        return levels <= {Level.GOOD} and steps == {step.step for step in report.steps}

    assert [] != [each.test for each in reports_of(name) if peaceful(each)]


@each_runbook
def test_an_output_without_what_is_looked_for_breaks_nothing(name: str) -> None:
    """A value that is missing silences a signal; no expression fails for want of it."""
    book = runbook(name)
    nothing = Rehearsal("nothing", outputs={step.id: "nothing of use\n" for step in book.steps})

    report = rehearse(book, nothing)

    assert {} == {
        step.step: step.reason
        for step in report.steps
        if step.status is StepStatus.OK and step.reason
    }


@each_runbook
def test_root_runs_only_commands_that_can_be_listed(name: str) -> None:
    """What runs as root has the same arguments always, so that sudo can allow exactly that."""
    commands = root_commands([runbook(name)])

    assert [] == [each.text for each in commands if each.argv is None]


@each_runbook
def test_each_step_tells_what_to_read(name: str) -> None:
    """Second line learns from every step what to look for in its output."""
    assert [] == [step.id for step in runbook(name).steps if not step.read]


@each_runbook
def test_its_fixtures_are_small_and_name_no_machine(name: str) -> None:
    """Recorded outputs hold addresses for documentation only, and no folder of their recorder."""
    paths = fixtures_of(name)

    assert {} == {path: path.stat().st_size for path in paths if path.stat().st_size > LARGEST}
    assert {} == {path: found for path in paths if (found := [*strange_in(path.read_text())])}


@each_runbook
def test_its_fixtures_are_all_in_use(name: str) -> None:
    """Each recorded output belongs to a test and to a step that exist."""
    used = {test.fixtures for test in runbook(name).tests}
    steps = {step.id for step in runbook(name).steps}
    paths = fixtures_of(name)

    assert [] == [path for path in paths if path.parent.name not in used or path.stem not in steps]


def test_the_reference_lists_every_runbook() -> None:
    """docs/reference/runbook-library.md has a row for each, and none for one that is gone."""
    table, _, _ = REFERENCE.read_text().partition("\n## ")
    rows = re.findall(r"^\| `([a-z0-9-]+)` \|", table, re.MULTILINE)

    assert NAMES == sorted(rows)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("192.0.2.10 198.51.100.4 127.0.0.1:9090 2001:db8::10/64 at 18:40:02 in Order::close", []),
        ("peer 10.1.2.3:5432", ["10.1.2.3"]),
        ("peer fd00::1:2", ["fd00::1:2"]),
        ("/home/anna/x", ["/home/"]),
    ],
)
def test_strange_addresses_are_found(text: str, expected: list[str]) -> None:
    """The look for real machines finds them, and takes neither times nor code for addresses."""
    assert expected == list(strange_in(text))
