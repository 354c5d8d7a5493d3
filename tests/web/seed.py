"""A night at a support provider: what the pages and the API are tested and looked at with."""

from datetime import UTC, datetime, timedelta
from typing import Any

from watcher.decide.route import Order, ordered
from watcher.engine.reload import InForce
from watcher.model.action import ActionKind, ActionStatus, Intent
from watcher.model.alert import Alert, AlertStatus, Occurrence
from watcher.model.catalogue import Catalogue, Customer, Host, Service
from watcher.model.change import replace
from watcher.model.delivery import Arrival
from watcher.model.event import Severity
from watcher.model.evidence import (
    Audit,
    Diagnosis,
    Fault,
    Highlight,
    Level,
    StepResult,
    StepStatus,
)
from watcher.model.incident import Entry, EntryKind, Incident, Priority, Status, Suspect, Term
from watcher.model.person import Role
from watcher.model.policy import (
    Channel,
    Occasion,
    Policy,
    PriorityRules,
    RunbookMatch,
    RunbookPolicy,
)
from watcher.model.reason import Reason
from watcher.model.run import Run
from watcher.model.runbook import Effect, Input, InputType, Runbook, Step, Weight
from watcher.policy.runbooks import triggers
from watcher.store.store import Store

NOW = datetime(2026, 11, 22, 3, 14, 7, tzinfo=UTC)
ACME, GLOBEX = "acme", "globex"

_DB1 = Host(ACME, "db1", address="10.8.0.5", ssh="lab", tags={"os": "linux"})
_BILLING = Service(
    "acme",
    "billing",
    4,
    hosts=("db1", "app1", "app2"),
    owners=("Payments team", "DBA on call"),
    title="Invoices and payments",
)
CATALOGUE = Catalogue(
    customers={ACME: Customer(ACME, "Acme Retail"), GLOBEX: Customer(GLOBEX, "Globex")},
    services={
        (ACME, "billing"): _BILLING,
        (ACME, "webshop"): Service(ACME, "webshop", 3, hosts=("web1", "web2")),
        (GLOBEX, "mail"): Service(GLOBEX, "mail", 2, hosts=("mx1",), owners=("mail-team",)),
    },
    by_host={(ACME, "db1"): (_BILLING,)},
    by_alias={
        (ACME, "db1.acme.example"): _DB1,
        (ACME, "db1"): _DB1,
        (ACME, "app1"): replace(_DB1, name="app1", address="10.8.0.21"),
        (ACME, "app2"): replace(_DB1, name="app2", address="10.8.0.22"),
        (ACME, "web1"): replace(_DB1, name="web1", address="10.8.0.31"),
        (GLOBEX, "mx1"): replace(_DB1, customer=GLOBEX, name="mx1"),
    },
)
RUNBOOKS = {
    each.id: each
    for each in (
        Runbook(
            "linux-first-look",
            "First look at a Linux host",
            "operations",
            (
                Step("df", "Disk space", "df -P {{ inputs.mount }}"),
                Step("journal", "Errors of the last 15 minutes", "journalctl -p err"),
                Step("dirs", "Largest directories", "du -x /", weight=Weight.HEAVY),
            ),
            match=(RunbookMatch(alerts=("*no space*", "*slow*"), severities=("high", "disaster")),),
            unless=(RunbookMatch(labels={"fstype": ("tmpfs",)}),),
            inputs=(
                Input("mount", InputType.PATH, (r"alert.name =~ on (/\S+)",), "/"),
                Input("unit", InputType.SYSTEMD_UNIT, ("alert.labels.unit",)),
            ),
            summary="Load, memory, disks, services and what the journal complains of.",
            docs="https://watcher.example/linux",
            origin="/etc/watcher/runbooks/linux-first-look.yaml",
        ),
        Runbook(
            "java",
            "Java",
            "applications",
            (
                Step("heap", "Heap", "jstat"),
                Step("threads", "Thread dump", "jstack", effects=Effect.PAUSE),
                Step("histogram", "Object histogram", "jmap", effects=Effect.PAUSE),
            ),
            match=(RunbookMatch(alerts=("*api*",)),),
        ),
        Runbook(
            "postgresql",
            "PostgreSQL",
            "databases",
            (Step("activity", "Database activity", "psql"),),
            match=(RunbookMatch(alerts=("*postgres*",)),),
            policy=RunbookPolicy(approval=Role.MANAGER),
        ),
    )
}
_LEVELS = ("high", "medium", "low")
POLICY = Policy(
    PriorityRules(
        impacts=_LEVELS,
        urgencies=_LEVELS,
        matrix={
            (impact, urgency): list(Priority)[_LEVELS.index(impact) + _LEVELS.index(urgency)]
            for impact in _LEVELS
            for urgency in _LEVELS
        },
        impact={1: "low", 2: "low", 3: "medium", 4: "high"},
        urgency={
            severity: "high" if severity.rank > 2 else "medium" if severity.rank == 2 else "low"
            for severity in Severity
        },
    ),
    channels=(Channel("on-call", "email"),),
    runbooks=triggers(RUNBOOKS.values()),
)


def in_force() -> InForce:
    """The same rules for ever."""
    return InForce(POLICY, (), lambda _: POLICY)


def ago(minutes: float) -> datetime:
    """So many minutes before the night's present."""
    return NOW - timedelta(minutes=minutes)


def incident(
    number: int,
    title: str,
    priority: Priority,
    status: Status,
    opened: float,
    *,
    customer: str = ACME,
    service: str | None = None,
    hosts: tuple[str, ...] = (),
    severity: Severity = Severity.AVERAGE,
    alerts: int = 1,
    firing: int = 1,
    acknowledged_by: str | None = None,
    suspect: Suspect | None = None,
) -> Incident:
    """An incident opened so many minutes ago."""
    over = status in {Status.RESOLVED, Status.CLOSED}
    return Incident(
        number=number,
        customer=customer,
        title=title,
        status=status,
        priority=priority,
        terms=(
            Term("impact", "high", "criticality of the service is 4; 3 hosts affected"),
            Term("urgency", "high", f"highest severity seen is {severity}"),
        ),
        group=f"service:{service}" if service else f"manual:{number}",
        severity=severity,
        opened_at=ago(opened),
        last_at=ago(opened - 1),
        service=service,
        hosts=hosts,
        suspect=suspect,
        firing=0 if over else firing,
        alerts=alerts,
        acknowledged_at=ago(opened - 3) if acknowledged_by else None,
        acknowledged_by=acknowledged_by,
        resolved_at=ago(opened / 2) if over else None,
        closed_at=ago(opened / 3) if status is Status.CLOSED else None,
    )


_SUSPECT = Suspect(
    "zabbix:acme:17041:db1",
    "db1",
    ago(15.4),
    Reason("first-to-fire", "the first alert of the incident to fire", ("zabbix:acme:17041:db1",)),
)
_SILENT = Suspect(
    "",
    "switch2",
    ago(37),
    Reason(
        "likely-cause",
        "5 of the 7 hosts and services that depend on it alert; it has no alert of its own",
    ),
)

INCIDENTS = (
    incident(1, "Certificate of shop.acme.example expires in 9 days", Priority.P5, Status.OPEN,
             4000, service="webshop", hosts=("web1",), severity=Severity.INFORMATION),
    incident(2, "Monthly report is late", Priority.P4, Status.CLOSED, 3100, hosts=("app2",)),
    incident(3, "Backup is older than 26 hours (backup1)", Priority.P3, Status.OPEN, 410,
             hosts=("backup1",), severity=Severity.WARNING),
    incident(4, "Mail queue is growing (mail on mx1)", Priority.P2, Status.OPEN, 52,
             customer=GLOBEX, service="mail", hosts=("mx1",), alerts=2, firing=2),
    incident(5, "Load is above 8 for 10 minutes (webshop on web1)", Priority.P3, Status.RESOLVED,
             160, service="webshop", hosts=("web1",), severity=Severity.WARNING),
    incident(6, "Disk /var will be full in 4 hours (app1)", Priority.P4, Status.ACKNOWLEDGED, 95,
             hosts=("app1",), severity=Severity.WARNING, acknowledged_by="pavel"),
    incident(7, "HTTP 5xx answers above 5 % (webshop on web2)", Priority.P2, Status.ACKNOWLEDGED,
             38, service="webshop", hosts=("web1", "web2", "web3", "web4", "web5"),
             severity=Severity.HIGH, alerts=9, firing=6, acknowledged_by="olga", suspect=_SILENT),
    incident(8, "No space left on /var/lib/postgresql (billing on db1)", Priority.P1, Status.OPEN,
             14, service="billing", hosts=("app1", "app2", "db1"), severity=Severity.DISASTER,
             alerts=4, firing=3, suspect=_SUSPECT),
)  # fmt: skip


def _alert(
    key: str,
    name: str,
    host: str,
    severity: Severity,
    started: float,
    ended: float | None = None,
    **more: object,
) -> tuple[Alert, Occurrence]:
    """An alert of incident 8 and the span of it that belongs there."""
    alert = Alert(
        customer=ACME,
        key=key,
        source="zabbix-acme",
        occurrence="1",
        status=AlertStatus.RESOLVED if ended else AlertStatus.FIRING,
        severity=severity,
        name=name,
        first_at=ago(started),
        last_at=ago(ended or started),
        started_at=ago(started),
        host=host,
        host_known=host != "10.8.0.77",
        service="billing",
        labels={"team": "payments"},
        incident=8,
        summary=str(more.get("summary", "")),
    )
    reason = Reason("same-service", "it shares the service billing and began 41 s after the last",
                    ("service:billing",), None, 41.0)  # fmt: skip
    ended_at = ago(ended) if ended else None
    return alert, Occurrence(
        ACME,
        key,
        "1",
        severity,
        ago(started),
        severity,
        ago(started),
        ago(started),
        ended_at,
        8,
        ago(started),
        reason,
    )


ALERTS = (
    _alert("zabbix:acme:17041:db1", "No space left on /var/lib/postgresql", "db1",
           Severity.DISASTER, 15.4, summary="0 B free of 200 GiB"),
    _alert("zabbix:acme:17044:db1", "PostgreSQL does not accept connections", "db1",
           Severity.HIGH, 14.1, summary="last answer 90 s ago"),
    _alert("zabbix:acme:18010:app1", "Billing API answers 503", "app1", Severity.HIGH, 13.2),
    _alert("grafana:acme:probe:10.8.0.77", "Checkout probe <slow>", "10.8.0.77",
           Severity.WARNING, 12.8, 4.0),
)  # fmt: skip

_DF = """Filesystem      Size  Used Avail Use% Mounted on
/dev/vda1        40G   22G   17G  58% /
/dev/vdb1       200G  200G     0 100% /var/lib/postgresql
tmpfs           3.9G  1.1M  3.9G   1% /run"""
_INODES = """Filesystem  Inodes  IUsed IUse% Mounted on
/dev/vdb1    13.1M    48k    1% /var/lib/postgresql"""
_JOURNAL = """02:58:41 db1 postgres[812]: PANIC: could not write to file "pg_wal/xlogtemp": no space
02:58:41 db1 postgres[790]: LOG:  WAL writer process (PID 812) was terminated by signal 6: Aborted
02:58:42 db1 postgres[790]: LOG:  terminating any other active server processes
02:58:43 db1 systemd[1]: postgresql@15-main.service: Failed with result 'exit-code'."""
_PSQL = (
    'psql: error: connection to server on socket "/run/postgresql/.s.PGSQL.5432" failed: '
    "No such file or directory"
)
_TOP = """  PID %CPU %MEM COMMAND
  633  1.2  0.4 node_exporter"""


def _step(name: str, title: str, output: str, seconds: float, **more: Any) -> StepResult:
    """A step of the diagnosis that went well, unless more is said."""
    usual: dict[str, Any] = {"status": StepStatus.OK, "exit_code": 0, "size": len(output)}
    return StepResult(step=name, title=title, output=output, seconds=seconds, **(usual | more))


DIAGNOSIS = Diagnosis(
    runbook="linux-first-look",
    title="First look at a Linux host",
    host="db1",
    started_at=ago(13.9),
    seconds=1.8,
    facts={"os_id": "debian", "os_version": "12", "kernel": "6.1.0-28-amd64", "arch": "x86_64",
           "container": "none", "clock_offset": "0.2"},
    changes=("new: /var/lib/postgresql is 100 % full", "gone: 3 users are logged in",
             "Busy processes: load 0.4 -> 1.9"),
    audit=Audit("alert zabbix:acme:17041:db1", "10.8.0.5", "watcher", ("gate1",), "SHA256:x0Yf",
                "known_hosts", "d1" * 32, "9f2c" * 16, {"mount": "/var/lib/postgresql"}),
    steps=(
        _step("df", "Disk space", _DF, 0.04,
              read="a file system at 100 %: that is usually the cause",
              highlights=(
                  Highlight("room", Level.GOOD, "/ has room (58 %)"),
                  Highlight("full", Level.BAD, "/var/lib/postgresql is 100 % full"),
              )),
        _step("inodes", "Inodes", _INODES, 0.03,
              highlights=(Highlight("inodes", Level.GOOD, "no file system is out of inodes"),)),
        _step("units", "Failed units", "postgresql@15-main.service  loaded failed failed", 0.2,
              read="what is named here is not running",
              highlights=(Highlight("failed", Level.WARN, "postgresql@15-main has failed"),)),
        _step("journal", "Errors of the last 15 minutes", _JOURNAL, 0.6, size=81_920,
              truncated=True, read="the first line usually is the cause, the rest follows from it"),
        _step("psql", "Database activity", _PSQL, 0.1, status=StepStatus.FAILED, exit_code=2,
              reason="it ended with exit code 2"),
        _step("top", "Busy processes", _TOP, 0.9),
        _step("oom", "Killed for memory", "", 0.05, status=StepStatus.NO_DATA,
              read="anything here means that memory ran out"),
        _step("smart", "Disk health", "", 0.0, status=StepStatus.UNAVAILABLE, exit_code=None,
              reason="smartctl is not installed"),
        _step("mdadm", "Software RAID", "", 0.0, status=StepStatus.SKIPPED, exit_code=None,
              reason="is not for such a host: container is none"),
    ),
)  # fmt: skip


def _entry(minutes: float, kind: EntryKind, text: str, why: str, actor: str = "watcher") -> Entry:
    return Entry(8, ago(minutes), kind, text, Reason("rule", why), actor)


ENTRIES = (
    _entry(14, EntryKind.OPENED, "opened by No space left on /var/lib/postgresql on db1",
           "no open incident of service billing saw an alert start in the last 5 minutes"),
    _entry(13.8, EntryKind.JOINED, "PostgreSQL does not accept connections on db1 joined",
           "it shares the service billing and began 78 s after the last"),
    _entry(13.8, EntryKind.PRIORITY, "priority P2 -> P1",
           "impact high: criticality of the service is 4; urgency high: severity is disaster"),
    _entry(12.1, EntryKind.JOINED, "Billing API answers 503 on app1 joined",
           "it shares the service billing and began 54 s after the last"),
    _entry(11.5, EntryKind.ACTION, "First look at a Linux host ran on db1",
           "a runbook matched the alert"),
    _entry(4, EntryKind.ALERT, "Checkout probe <slow> recovered", "its source says that it ended"),
    _entry(2, EntryKind.NOTE, "Customer phoned: invoices cannot be printed.\nCalling the DBA now.",
           "somebody wrote it down", "olga"),
)  # fmt: skip


def seed(store: Store) -> list[int]:
    """Fills an empty store with that night; returns the ids of its deliveries."""
    with store.begin() as tx:
        tx.numbers(len(INCIDENTS))
        tx.save_incidents(INCIDENTS)
        tx.save_alerts([alert for alert, _ in ALERTS])
        tx.save_occurrences([occurrence for _, occurrence in ALERTS])
        tx.add_entries(ENTRIES)
        tx.queue(_intents(), ago(14))
    _carry_out(store)
    return _deliver(store)


def _intents() -> list[Intent]:
    tellings = ((8, ACME, "on-call"), (8, ACME, "crm"), (4, GLOBEX, "on-call"))
    told = [
        Intent(number, customer, ActionKind.NOTIFY, f"notify/{channel}", f"{number}/{channel}",
               {"channel": channel, "event": "opened"})
        for number, customer, channel in tellings
    ]  # fmt: skip
    look = {"runbook": "linux-first-look", "host": "db1", "alert": "zabbix:acme:17041:db1"}
    return [*told, Intent(8, ACME, ActionKind.DIAGNOSE, "diagnose/db1", "8/diagnose", look)]


def _carry_out(store: Store) -> None:
    """One message is sent, one cannot be, one waits; the diagnosis is done."""
    with store.begin() as tx:
        for action in tx.claim(ago(13), timedelta(minutes=1), 10):
            if action.kind is ActionKind.DIAGNOSE:
                tx.add_evidence(8, action.id, DIAGNOSIS)
                tx.settle(action, ActionStatus.DONE, "8 steps", None, ago(12))
            elif action.payload["channel"] == "crm":
                reason = "crm.acme.example answered 404: no such address"
                tx.settle(action, ActionStatus.GAVE_UP, reason, None, ago(12))
            elif action.incident == 8:
                tx.settle(action, ActionStatus.DONE, "accepted by mail.acme.example", None, ago(12))
            else:
                reason = "mail.globex.example does not answer"
                tx.settle(action, ActionStatus.RETRY, reason, ago(-2), ago(12))


_LOG = "\n".join(
    f"2026-11-22T02:{at // 60:02}:{at % 60:02}.000Z ERROR [http-nio-8080-exec-{at}] "
    "com.acme.billing.InvoiceService: не удалось сохранить счёт: нет места на диске"
    for at in range(150)
)
_CHANGED = replace(
    DIAGNOSIS,
    runbook="java",
    title="Java",
    host="app2",
    started_at=ago(3),
    facts={"os_id": "rhel", "os_version": "9.4", "container": "docker", "clock_offset": "-42.0"},
    changes=(),
    made_for=7,
    audit=replace(DIAGNOSIS.audit, by="olga", via=()),
    steps=(
        _step("log", "Последние ошибки приложения", _LOG, 0.3, truncated=True, size=4_718_592,
              partial="cannot read /var/log/billing/audit.log without root",
              read="повторяющиеся исключения и «caused by»",
              highlights=(
                  Highlight("full", Level.BAD, "150 раз: не удалось сохранить счёт"),
                  Highlight("heap", Level.INFO, "the heap is 61 % full"),
              )),
        _step("gc", "Garbage collection", "S0 S1 E O M YGC FGC\n" + "0.00 " * 60, 0.1),
    ),
)  # fmt: skip
_BLIND = Diagnosis("java", "Java", "app1", ago(12), 10.0, problem="app1 (10.8.0.21) does not "
                   "answer: no answer within 10 s", fault=Fault.TIMEOUT,
                   audit=Audit("alert zabbix:acme:18010:app1", "10.8.0.21", "watcher"))  # fmt: skip


def look_around(store: Store) -> None:
    """More of that night: one host let nobody in, one was seen for another incident, on one of them
    what more than reads waits for a person; and what the run log has of it.
    """
    order = Order(Occasion.OPENED, ago(12), "zabbix:acme:18010:app1")
    [java, postgresql] = (each for each in POLICY.runbooks if each.name != "linux-first-look")
    hosts = {name: CATALOGUE.by_alias[ACME, name] for name in ("app1", "app2", "db1")}
    with store.begin() as tx:
        tx.queue(ordered(INCIDENTS[-1], java, hosts["app1"], order), ago(1))
        tx.queue(ordered(INCIDENTS[-1], java, hosts["app2"], order), ago(1))
        tx.queue(ordered(INCIDENTS[-1], postgresql, hosts["db1"], order), ago(1))
        seen = {"app1": _BLIND, "app2": _CHANGED}
        for action in tx.claim(NOW, timedelta(minutes=1), 10, [ActionKind.DIAGNOSE]):
            tx.add_evidence(8, action.id, seen[action.payload["host"]])
            tx.settle(action, ActionStatus.DONE, "8 steps", None, NOW)
        tx.add_runs(
            Run(each.started_at, ACME, each.runbook, each.host, each.audit.by, 8,
                approved_by="boris" if each is _CHANGED else "", address=each.audit.address,
                user="watcher", fault=each.fault or "", outcome=each.problem or "8 steps in 1.8 s",
                worst="" if each.fault else "bad")
            for each in (DIAGNOSIS, _BLIND, _CHANGED)
        )  # fmt: skip


def _deliver(store: Store) -> list[int]:
    """One delivery that was understood, one dead, one of the other customer."""
    arrivals = [
        Arrival("zabbix-acme", ACME, ago(15), {"content-type": "application/json"},
                b'{"event": "problem", "password": "hunter2-hunter2"}'),
        Arrival("zabbix-acme", ACME, ago(9), {"content-type": "application/json"}, b'{"event": '),
        Arrival("grafana-globex", GLOBEX, ago(52), {"content-type": "application/json"}, b"{}"),
    ]  # fmt: skip
    inbox = store.inbox(ago(60))
    numbers = inbox.append(arrivals)
    inbox.close()
    with store.begin() as tx:
        tx.digested(tx.undigested(10, 1_000_000))
        tx.verdict(numbers[1], True, "not JSON: it ends too early, at character 11", ago(9))
    return numbers
