"""What is telling about an incident."""

import pytest

from tests.contract.given import NOW, alert, incident
from watcher.decide.signature import host_free, signature_of, symptoms
from watcher.model.evidence import Diagnosis, Fault, Highlight, Level, StepResult, StepStatus
from watcher.model.incident import Suspect
from watcher.model.reason import Reason


@pytest.mark.parametrize(
    ("name", "host", "free"),
    [
        ("Disk /var of db01 is full", "db01", "Disk /var of <host> is full"),
        ("DB01.acme.example: no ping", "db01.acme.example", "<host>: no ping"),
        ("db01: no ping", "db01.acme.example", "<host>: no ping"),
        ("db011 and web-db01 are slow", "db01", "db011 and web-db01 are slow"),
        ("10 jobs wait on 10.0.0.5", "10.0.0.5", "10 jobs wait on <host>"),
        ("CPU at 97.5 %", None, "CPU at <measure>"),
    ],
)
def test_names_lose_their_host_and_what_is_volatile(name: str, host: str | None, free: str) -> None:
    """The same trouble elsewhere is called the same; another host in a name stays."""
    assert free == host_free(name, host)


def diagnosis(*levels: Level, fault: Fault | None = None) -> Diagnosis:
    """A diagnosis whose signals are called like their levels."""
    said = tuple(Highlight(level.value, level, "so it is") for level in levels)
    step = StepResult("df", "Disks", StepStatus.OK, "", highlights=said)
    return Diagnosis("linux-disk", "Disks", "db01", NOW, 1.0, (step,), fault=fault)


def test_a_signature_tells_what_is_wrong_and_where() -> None:
    """What is bound to hosts in other fields than what is not; what is empty is left out."""
    found = signature_of(
        incident(
            hosts=("db01",),
            service="billing",
            suspect=Suspect("k1", "db01", NOW, Reason("likely-cause", "x"), settled=True),
        ),
        [alert("k1", name="db01 is down", host="db01"), alert("k2", name="shop is slow")],
        [diagnosis(*Level, fault=Fault.TIMEOUT), diagnosis(fault=Fault.CONFIGURATION)],
        {"db01": {"os": "linux"}},
    )

    assert {
        "alert": frozenset({"<host> is down", "shop is slow"}),
        "condition": frozenset({"k1", "k2"}),
        "service": frozenset({"billing"}),
        "role": frozenset({"os=linux"}),
        "host": frozenset({"db01"}),
        "finding": frozenset({"linux-disk/bad", "linux-disk/warn", "linux-disk/timeout"}),
        "suspect": frozenset({"db01"}),
    } == found.traits


def test_without_alerts_the_title_tells() -> None:
    """Somebody phoned, and somebody wrote down what he said; nobody is suspected for good."""
    suspect = Suspect("k1", "db01", NOW, Reason("first-to-fire", "x"))
    by_phone = incident(title="Печать не работает", hosts=(), service=None, suspect=suspect)
    old_ticket = incident(title="DB01: disk is full", hosts=("db01",), service=None)
    found = [signature_of(each, [], [], {}).traits["alert"] for each in (by_phone, old_ticket)]

    assert [{"Печать не работает"}, {"<host>: disk is full"}] == found
    assert {"alert"} == set(signature_of(by_phone, [], [], {}).traits)


def test_a_storm_is_told_by_some_of_its_alerts() -> None:
    """Always the same ones, however they come in."""
    storm = [alert(f"k{number:03}", name=f"trigger {number:03}") for number in range(500)]
    one = signature_of(incident(), storm, [], {})
    other = signature_of(incident(), storm[::-1], [], {})

    assert one == other
    assert 100 == len(one.traits["alert"])


def test_what_several_sources_say_is_also_compared_apart() -> None:
    """A source that says much does not drown one that says little."""
    said = [("zabbix", "no ping"), ("zabbix", "no agent"), ("grafana", "shop is slow")]

    assert {
        "alert": {"no ping", "no agent", "shop is slow"},
        "alert from zabbix": {"no ping", "no agent"},
        "alert from grafana": {"shop is slow"},
    } == symptoms(said)
    assert {"alert": {"no ping", "no agent"}} == symptoms(said[:2])
