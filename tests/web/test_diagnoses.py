"""What people ask of hosts by the API, who may, and what an auditor reads."""

from datetime import timedelta

import pytest

from tests.web.seed import ACME, CATALOGUE, GLOBEX, NOW, POLICY
from tests.web.world import World
from watcher.engine.reload import InForce
from watcher.model.action import ActionStatus
from watcher.model.catalogue import Catalogue, Host
from watcher.model.change import replace
from watcher.model.incident import Status
from watcher.model.person import Role
from watcher.model.policy import Occasion, RunbookMatch, RunbookPolicy, RunbookTrigger
from watcher.model.run import Run
from watcher.store.store import Store

EVERYTHING = (RunbookMatch(),)
RUNBOOKS = (
    RunbookTrigger("look", any=EVERYTHING),
    RunbookTrigger("dump", any=EVERYTHING, intrusive=True),
    RunbookTrigger("trace", any=EVERYTHING, policy=RunbookPolicy(approval=Role.MANAGER)),
    RunbookTrigger("mail", any=(RunbookMatch(alerts=("*mail*",)),)),
    RunbookTrigger("night", policy=RunbookPolicy(occasions=frozenset([Occasion.OPENED]))),
)
DB1 = Host(ACME, "db1", address="10.0.0.5", ssh="lab")
HOSTS = {
    **CATALOGUE.by_alias,
    (ACME, "db1"): DB1,
    (ACME, "app1"): Host(ACME, "app1"),
    (ACME, "app2"): Host(ACME, "app2"),
    (ACME, "web1"): replace(DB1, name="web1"),
    (GLOBEX, "mx1"): replace(DB1, customer=GLOBEX, name="mx1"),
}


@pytest.fixture
def ward(world: World) -> World:
    """The night, with runbooks and ways in."""
    policy = replace(POLICY, runbooks=RUNBOOKS)
    catalogue: Catalogue = replace(CATALOGUE, by_alias=HOSTS)
    rules = InForce(policy, (), lambda _: policy)
    return World(world.store, world.portal, rules=rules, catalogue=catalogue)


def asked(store: Store) -> list[tuple[str, str, ActionStatus]]:
    """What people asked for at the incident: runbook, host and state."""
    with store.view() as view:
        return [
            (each.payload["runbook"], each.payload["host"], each.status)
            for each in view.actions_of(8)
            if each.payload.get("occasion") == Occasion.MANUAL
        ]


WAITING, HELD = ActionStatus.WAITING, ActionStatus.HELD


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            {},
            [
                ("look", "db1", WAITING),
                ("dump", "db1", WAITING),
                ("dump", "db1", HELD),
                ("trace", "db1", HELD),
            ],
        ),
        ({"runbook": "look"}, [("look", "db1", WAITING)]),
        ({"runbook": "mail", "host": "web1"}, [("mail", "web1", WAITING)]),
        ({"runbook": "dump"}, [("dump", "db1", WAITING), ("dump", "db1", HELD)]),
        (
            {"runbook": "dump", "approve": True},
            [("dump", "db1", WAITING), ("dump", "db1", WAITING)],
        ),
    ],
)
def test_a_person_has_hosts_looked_at(
    ward: World, body: dict[str, object], expected: list[tuple[str, str, ActionStatus]]
) -> None:
    """By what applies, or by what he names; what does more than read waits for a word."""
    answer = ward.program().post("/api/v1/incidents/8/diagnoses", json=body)

    assert 202 == answer.status_code, answer.text
    assert expected == asked(ward.store)
    assert 1 == ward.woken


def test_who_asked_is_on_the_timeline(ward: World) -> None:
    """With the reason; the alert that the runbook is for comes along."""
    body = {"runbook": "look", "reason": "invoices are stuck"}
    incident = ward.program().post("/api/v1/incidents/8/diagnoses", json=body).json()
    line, action = incident["timeline"][-1], incident["actions"][-1]

    assert ("asked for look on db1", "operator-of-all", "invoices are stuck") == (
        line["text"],
        line["actor"],
        line["reason"]["text"],
    )
    assert ("operator-of-all", "zabbix:acme:17041:db1") == (
        action["payload"]["by"],
        action["payload"]["alert"],
    )


@pytest.mark.parametrize(
    ("path", "body", "text"),
    [
        (8, {"runbook": "nonsense"}, "there is no runbook 'nonsense'"),
        (8, {"runbook": "night"}, "the runbook 'night' is not to be run by hand"),
        (8, {"host": "mx1"}, "the host 'mx1' is not in the inventory of this customer"),
        (
            8,
            {"host": "app1", "runbook": "look"},
            "the host 'app1' has no address and SSH profile in the inventory",
        ),
        (2, {}, "a closed incident cannot be diagnosed: reopen it first"),
        (7, {}, "no runbook applies to this incident on hosts that can be reached: name one"),
        (
            6,
            {"runbook": "look"},
            "no host of this incident has an address and SSH profile in the inventory",
        ),
    ],
)
def test_what_cannot_be_run_is_refused(
    ward: World, path: int, body: dict[str, str], text: str
) -> None:
    """The answer says why, and nothing is queued."""
    answer = ward.program().post(f"/api/v1/incidents/{path}/diagnoses", json=body)

    assert (409, {"error": text}) == (answer.status_code, answer.json())
    assert ([], 0) == (asked(ward.store), ward.woken)


def test_a_merged_incident_says_where_to_ask(ward: World) -> None:
    """What would be found belongs to the one that took it in."""
    operator = ward.program()
    operator.post("/api/v1/incidents/7/merge", json={"into": 8})
    answer = operator.post("/api/v1/incidents/7/diagnoses")

    assert (409, "incident 7 was merged into 8: ask there") == (
        answer.status_code,
        answer.json()["error"],
    )


@pytest.fixture
def held(ward: World) -> int:
    """An action that waits for a manager."""
    ward.program().post("/api/v1/incidents/8/diagnoses", json={"runbook": "trace"})
    with ward.store.view() as view:
        return view.actions_of(8)[-1].id


def test_a_person_with_the_role_agrees(ward: World, held: int) -> None:
    """It is due, says who agreed, and so does the timeline; twice is once too often."""
    manager = ward.program(Role.MANAGER)
    answers = [
        manager.post(f"/api/v1/actions/{held}/approve", json={"text": "go on"}) for _ in "12"
    ]
    line = manager.get("/api/v1/incidents/8").json()["timeline"][-1]

    assert [200, 409] == [each.status_code for each in answers]
    assert ("waiting", "manager-of-all") == (
        answers[0].json()["status"],
        answers[0].json()["payload"]["approved_by"],
    )
    assert ("approved: diagnosis trace of db1", "manager-of-all", "go on") == (
        line["text"],
        line["actor"],
        line["reason"]["text"],
    )


def test_nobody_agrees_for_an_incident_that_is_over(ward: World, held: int) -> None:
    """What was wanted while it was open would tell of another day; it can still be refused."""
    manager = ward.program(Role.MANAGER)
    with ward.store.begin() as tx:
        incident = tx.incidents([8])[8]
        tx.save_incidents([replace(incident, status=Status.CLOSED, closed_at=NOW)])
    answers = [
        manager.post(f"/api/v1/actions/{held}/{word}") for word in ("approve", "refuse", "approve")
    ]

    assert [409, 200, 409] == [each.status_code for each in answers]
    assert "reopen it first" in answers[0].json()["error"]


def test_a_person_refuses(ward: World, held: int) -> None:
    """It is over; the timeline says who did not want it."""
    operator = ward.program()
    answer = operator.post(f"/api/v1/actions/{held}/refuse")

    assert ("done", "refused by operator-of-all") == (
        answer.json()["status"],
        answer.json()["reason"],
    )
    last = operator.get("/api/v1/incidents/8").json()["timeline"][-1]
    assert "refused: diagnosis trace of db1" == last["text"]
    assert 409 == operator.post(f"/api/v1/actions/{held}/refuse").status_code


@pytest.mark.parametrize(
    ("role", "customer", "expected"),
    [
        (Role.VIEWER, None, (403, 403, 403)),
        (Role.OPERATOR, None, (202, 403, 200)),
        (Role.OPERATOR, GLOBEX, (404, 404, 404)),
        (Role.OPERATOR, ACME, (202, 403, 200)),
        (Role.ADMINISTRATOR, GLOBEX, (404, 404, 404)),
    ],
)
def test_who_may(
    ward: World, held: int, role: Role, customer: str | None, expected: tuple[int, ...]
) -> None:
    """Viewers look; agreeing takes the role of the runbook; strangers find nothing."""
    program = ward.program(role, customer)
    answers = [
        program.post("/api/v1/incidents/8/diagnoses", json={"runbook": "look"}),
        program.post(f"/api/v1/actions/{held}/approve"),
        program.post(f"/api/v1/actions/{held}/refuse"),
    ]

    assert expected == tuple(each.status_code for each in answers)


def test_asking_does_not_lend_a_role(ward: World) -> None:
    """Whoever may not agree cannot do so in one go with asking."""
    answer = ward.program().post(
        "/api/v1/incidents/8/diagnoses", json={"runbook": "trace", "approve": True}
    )

    assert (403, "to agree to this needs the role manager, yours is operator") == (
        answer.status_code,
        answer.json()["error"],
    )
    assert [] == asked(ward.store)


def test_what_may_be_run_is_listed(ward: World) -> None:
    """On the hosts of the incident, what applies first, with who must agree."""
    found = ward.program(Role.VIEWER).get("/api/v1/incidents/8/runbooks").json()

    assert [
        ("dump", True, "operator"),
        ("look", True, None),
        ("trace", True, "manager"),
        ("mail", False, None),
    ] == [(each["runbook"], each["applies"], each["role"]) for each in found]
    assert {"db1"} == {each["host"] for each in found}
    assert 404 == ward.program(Role.VIEWER, GLOBEX).get("/api/v1/incidents/8/runbooks").status_code


SCRIPT = "5e" * 32


@pytest.fixture
def log(ward: World) -> World:
    """Two runs of different customers."""
    with ward.store.begin() as tx:
        tx.add_runs(
            [
                Run(NOW, ACME, "look", "db1", "alert v1:k", 8, inputs={"fs": "/var"}, seconds=1.5),
                Run(NOW - timedelta(days=1), GLOBEX, "look", "mx1", "olga", script=SCRIPT),
            ]
        )
        tx.keep_script(SCRIPT, "df -P\n", NOW)
    return ward


@pytest.mark.parametrize(
    ("role", "customer", "query", "expected"),
    [
        (Role.MANAGER, None, "", ["mx1", "db1"]),
        (Role.MANAGER, None, "?match=host%3Ddb1", ["db1"]),
        (Role.MANAGER, ACME, "", ["db1"]),
        (Role.OPERATOR, None, "", None),
    ],
)
def test_managers_read_the_run_log(
    log: World, role: Role, customer: str | None, query: str, expected: list[str] | None
) -> None:
    """Each only what his customers are about."""
    answer = log.program(role, customer).get(f"/api/v1/runs{query}")

    if expected is None:
        assert 403 == answer.status_code
    else:
        assert expected == [each["host"] for each in answer.json()["items"]]


@pytest.mark.parametrize(
    ("role", "customer", "script", "status"),
    [
        (Role.MANAGER, None, SCRIPT, 200),
        (Role.MANAGER, GLOBEX, SCRIPT, 200),
        (Role.MANAGER, ACME, SCRIPT, 404),
        (Role.MANAGER, None, "0" * 64, 404),
        (Role.MANAGER, None, "s1", 422),
        (Role.OPERATOR, None, SCRIPT, 403),
    ],
)
def test_managers_read_what_ran(
    log: World, role: Role, customer: str | None, script: str, status: int
) -> None:
    """By the hash that a run names; only those who may read that run."""
    answer = log.program(role, customer).get(f"/api/v1/scripts/{script}")

    assert status == answer.status_code
    if status == 200:
        assert {"sha256": SCRIPT, "text": "df -P\n"} == answer.json()
