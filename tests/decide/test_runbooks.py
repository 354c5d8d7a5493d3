"""Which runbooks apply, under which names an alert is known, and what is said of the others."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.decide.test_lifecycle import alert
from watcher.decide.match import parse
from watcher.decide.runbooks import Verdict, applies, applying, in_words, judge, like, names
from watcher.model.alert import Alert
from watcher.model.catalogue import Host
from watcher.model.event import Severity
from watcher.model.policy import RunbookMatch, RunbookTrigger

HOST = Host("acme", "db01", tags={"os": "Linux"})


def given_alert(**changes: object) -> Alert:
    """A high alert of Zabbix about a disk of db01."""
    labels = {"component": "storage", "fstype": "ext4"}
    fields: dict[str, object] = {
        "source": "zabbix",
        "name": "Linux: FS [/var]: Space is low (used > 80%, total 10GB)",
        "severity": Severity.HIGH,
        "service": "db-billing",
        "labels": labels,
    }
    return replace(alert(), **{**fields, **changes})  # type: ignore[arg-type]  # they are its fields


@pytest.mark.parametrize(
    ("name", "barest"),
    [
        ("NodeFilesystemAlmostOutOfSpace", "NodeFilesystemAlmostOutOfSpace"),
        ("High CPU utilization (over 90% for 5m)", "High CPU utilization"),
        ("Linux: High CPU utilization (over 90% for 5m)", "High CPU utilization"),
        ("/: Disk space is critically low (used > 90%)", "Disk space is critically low"),
        ("Linux: FS [/]: Space is low (used > 80% (of 10 GB))", "Space is low"),
        ("Windows: FS [(C:)]: Space is low", "Space is low"),
        ("Interface eth0(): Link down", "Link down"),
        ("Linux: Interface eth0(up): Link down (for 5m) (x)", "Link down"),
        ("MySQL: Service is down", "Service is down"),
        ("[FIRING:2] HighLoad", "HighLoad"),
        ("[FIRING:2] ", "[FIRING:2]"),
        ("nothing but(this)", "nothing but(this)"),
        ("unbalanced)", "unbalanced)"),
        ("(all of it)", "(all of it)"),
        ("ends with: ", "ends with:"),
        ("", ""),
        ("a: b: c: d: e: f: g: h: i: j: k", "g: h: i: j: k"),
    ],
)
def test_a_name_is_also_known_without_prefixes_and_details(name: str, barest: str) -> None:
    """Of Zabbix 6.0 and 7.x, and of Grafana."""
    assert (name, barest) == (names(name)[0], names(name)[-1])


def test_a_name_is_known_by_every_step_between() -> None:
    """So that a runbook may ask for the technology, too."""
    assert (
        "MySQL: DB [a]: Too slow (for 5m)",
        "MySQL: DB [a]: Too slow",
        "DB [a]: Too slow",
        "Too slow",
    ) == names("MySQL: DB [a]: Too slow (for 5m)")


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("*space is low", "Disk Space is LOW", True),
        ("space*", "Disk space", False),
        ("fs [/]: *", "FS [/]: Space", True),
        ("f?", "fs", True),
        ("f?", "f", False),
        ("*", "anything", True),
        ("*", "", False),
        ("a.c", "abc", False),
    ],
)
def test_a_glob_knows_stars_and_question_marks_only(
    pattern: str, text: str, expected: bool
) -> None:
    """Without case; brackets are what names of alerts are full of, so they mean themselves."""
    assert expected is like((pattern,))(text)


CLAUSES = [
    (RunbookMatch(sources=("zab*",)), ""),
    (RunbookMatch(sources=("grafana",)), "source: 'zabbix' is not like 'grafana'"),
    (RunbookMatch(alerts=("space is low",)), ""),
    (RunbookMatch(alerts=("linux: fs *: space is low",)), ""),
    (RunbookMatch(alerts=("*total 10gb)",)), ""),
    (
        RunbookMatch(alerts=("*CPU*", "*load*")),
        "alert: 'Space is low' is not like '*CPU*' or '*load*'",
    ),
    (
        RunbookMatch(alerts=("a", "b", "c", "d", "e")),
        "alert: 'Space is low' is not like 'a' or 'b' or 'c' or one of 2 more",
    ),
    (RunbookMatch(labels={"component": ("disk", "storage")}), ""),
    (RunbookMatch(labels={"component": ("cpu",)}), "labels.component: 'storage' is not like 'cpu'"),
    (RunbookMatch(labels={"scope": ("*",)}), "labels.scope: there is none"),
    (RunbookMatch(severities=("high", "disaster")), ""),
    (RunbookMatch(severities=("disaster",)), "severity: 'high' is not like 'disaster'"),
    (RunbookMatch(services=("db-*",)), ""),
    (RunbookMatch(services=("web",)), "service: 'db-billing' is not like 'web'"),
    (RunbookMatch(host_tags={"os": ("linux",)}), ""),
    (RunbookMatch(host_tags={"role": ("db",)}), "host.tags.role: there is none"),
    (RunbookMatch(when=parse('name=~".*Space.*", fstype!="tmpfs"')), ""),
    (RunbookMatch(when=parse("source=zabbix")), ""),
    (
        RunbookMatch(when=parse('fstype="tmpfs"')),
        "when: fstype=\"tmpfs\" does not hold: it is 'ext4'",
    ),
    (
        RunbookMatch(when=parse('device="sda"')),
        'when: device="sda" does not hold: there is none',
    ),
    (RunbookMatch(sources=("zabbix",), severities=("warning",)), "severity: 'high' is not like"),
]


@pytest.mark.parametrize(("clause", "miss"), CLAUSES)
def test_everything_in_a_clause_must_hold(clause: RunbookMatch, miss: str) -> None:
    """What did not hold first is said, with what was found instead."""
    verdict = judge(RunbookTrigger("disk", any=(clause,)), given_alert(), HOST)

    assert (miss == "") is verdict.applies
    assert [miss] * bool(miss) == [each[: len(miss)] for each in verdict.misses]


def test_one_clause_is_enough_and_one_of_none_is_too_many() -> None:
    """A verdict says which clause it was; what is asked of a host is not there without one."""
    disk, cpu = RunbookMatch(alerts=("space*",)), RunbookMatch(alerts=("*cpu*",))
    linux = RunbookMatch(host_tags={"os": ("linux",)})
    either = RunbookTrigger("disk", any=(cpu, disk))
    but = replace(either, none=(cpu, linux))
    missed = ("alert: 'Space is low' is not like '*cpu*'",)

    assert Verdict(1, None, missed) == judge(either, given_alert(), HOST)
    assert Verdict(1, 1, missed) == judge(but, given_alert(), HOST)
    assert (True, False) == (applies(but, given_alert(), None), applies(but, given_alert(), HOST))


def test_all_runbooks_are_asked_at_once() -> None:
    """In their order; those without a clause never apply."""
    runbooks = [
        RunbookTrigger(f"{number}", any=(clause,)) for number, (clause, _) in enumerate(CLAUSES)
    ]
    found = applying([*runbooks, RunbookTrigger("nothing")], given_alert(), HOST)

    assert [f"{n}" for n, (_, miss) in enumerate(CLAUSES) if not miss] == [
        each.name for each in found
    ]
    assert () == applying((), given_alert(), HOST)


CHOICES = st.lists(st.sampled_from([clause for clause, _ in CLAUSES]), max_size=3).map(tuple)


@given(
    st.lists(st.tuples(CHOICES, CHOICES), max_size=4),
    st.sampled_from(["Linux: Space is low", "High CPU utilization", ""]),
    st.sampled_from([None, HOST, replace(HOST, tags={"role": "db"})]),
)
def test_asking_all_at_once_is_the_same_as_asking_one_by_one(
    drawn: list[tuple[tuple[RunbookMatch, ...], tuple[RunbookMatch, ...]]],
    name: str,
    host: Host | None,
) -> None:
    """What is explained is what happens."""
    runbooks = [RunbookTrigger(f"{n}", any_of, none) for n, (any_of, none) in enumerate(drawn)]
    about = given_alert(name=name)

    expected = [each for each in runbooks if applies(each, about, host)]
    assert expected == list(applying(runbooks, about, host))


def test_what_was_worked_out_is_forgotten_before_it_fills_the_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Few policies and combinations are kept, and the answers stay the same."""
    monkeypatch.setattr("watcher.decide.runbooks._MOST_COMBINATIONS", 1)
    monkeypatch.setattr("watcher.decide.runbooks._MOST_COMPILED", 1)
    disk = RunbookTrigger("disk", any=(RunbookMatch(alerts=("space*",)),))
    one, two = [disk], [disk]
    cpu = given_alert(name="CPU")

    assert [(disk,), (), (disk,), (disk,)] == [
        applying(each, about, None)
        for each, about in (
            (one, given_alert()),
            (one, cpu),
            (one, given_alert()),
            (two, given_alert()),
        )
    ]


@pytest.mark.parametrize(
    ("clause", "expected"),
    [
        (RunbookMatch(), "anything"),
        (RunbookMatch(alerts=("a*", "b")), "alert like 'a*' or 'b'"),
        (
            RunbookMatch(labels={"job": ("db",)}, host_tags={"os": ("linux",)}),
            "label job like 'db', and host tag os like 'linux'",
        ),
        (RunbookMatch(when=parse('fstype!="tmpfs"')), 'fstype!="tmpfs"'),
    ],
)
def test_a_clause_is_read_by_people(clause: RunbookMatch, expected: str) -> None:
    """All that it asks for, in the words of the language."""
    assert expected == in_words(clause)
