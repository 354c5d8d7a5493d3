"""Nobody gets further than his role and his customer: every route is tried by strangers."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import httpx
import pytest
from fastapi.routing import APIRoute, APIRouter
from starlette.routing import Mount

from tests.web.seed import ACME, GLOBEX, NOW
from tests.web.world import World, form_token
from watcher.decide.keys import occurrence_key, recurrence_key
from watcher.decide.match import parse
from watcher.model.alert import Alert, AlertStatus, Occurrence
from watcher.model.article import Article, ArticleStatus, Language, Text, Version
from watcher.model.deployment import Deployment, DeploymentStatus
from watcher.model.event import Severity
from watcher.model.incident import Priority
from watcher.model.person import Role
from watcher.model.problem import Problem, ProblemStatus
from watcher.model.run import Run
from watcher.model.silence import Window, WindowKind
from watcher.web import api, pages
from watcher.web.guard import Guard

EVERYBODYS = {"/", "/readyz", "/login"}
# What belongs to the customer globex; the delivery has no fixed number.
SCRIPT = "5e" * 32
NUMBERS = {
    "incidents": "4",
    "actions": "3",
    "maintenance": "1",
    "mutes": "2",
    "scripts": SCRIPT,
    "articles": "1",
    "problems": "1",
}
PATHS = {"/go/{source}/{event}": "/go/zbx/77"}
FORMS = {
    "/incidents/{number}": {"verb": "acknowledge"},
    "/incidents/{number}/silence": {"hours": "2"},
    "/incidents/{number}/priority": {"priority": "P1", "text": "x"},
    "/incidents/{number}/regroup": {"verb": "merge", "into": "4"},
    "/incidents/new": {"title": "x", "customer": ACME, "severity": "high"},
    "/incidents/{number}/article": {"language": "en"},
    "/incidents/{number}/vote": {"article": "1", "helped": "true"},
    "/problems/new": {"title": "x", "customer": ACME},
    "/problems/{number}/article": {"language": "en"},
    "/problems/{number}": {"verb": "own"},
    "/problems/{number}/texts": {"title": "x"},
    "/problems/{number}/incidents": {"verb": "tie", "incident": "4"},
    "/incidents/{number}/problem": {"problem": "1", "verb": "tie"},
    "/articles/{number}": {"verb": "publish"},
    "/articles/{number}/edit": {"title": "x", "base": "1"},
    "/articles/new": {"title": "x", "customer": ACME},
}
STEPS = (
    *("confirm", "refuse", "investigate", "known-error", "resolve", "close", "reopen"),
    *("owner", "notes"),
)
BODIES = {
    "/api/v1/incidents/{id}/notes": {"text": "x"},
    "/api/v1/incidents/{id}/silence": {"until": "2026-11-23T00:00:00Z", "text": "x"},
    "/api/v1/incidents": {"title": "x", "customer": ACME},
    "/api/v1/incidents/{id}/priority": {"priority": "P1", "text": "x"},
    "/api/v1/incidents/{id}/merge": {"into": 4},
    "/api/v1/incidents/{id}/split": {"alerts": ["x"]},
    "/api/v1/incidents/{id}/move": {"alerts": ["x"], "into": 4},
    "/api/v1/incidents/{id}/review": {"base": 0},
    "/api/v1/articles": {"title": "x", "customer": ACME},
    "/api/v1/articles/{id}/versions": {"title": "x", "base": 1},
    "/api/v1/articles/{id}/votes": {"incident": 4, "helped": True},
    "/api/v1/problems": {"title": "x", "customer": ACME},
    "/api/v1/problems/{id}": {"title": "x"},
    **{f"/api/v1/problems/{{id}}/{word}": {"reason": "x"} for word in STEPS},
    "/api/v1/problems/{id}/merge": {"into": 1},
    "/api/v1/problems/{id}/split": {"incidents": [4], "title": "x"},
    "/api/v1/problems/{id}/tie": {"incident": 4},
    "/api/v1/problems/{id}/untie": {"incident": 4},
    "/api/v1/problems/{id}/used": {"incident": 4, "helped": True},
}


SPAN = Occurrence(
    GLOBEX,
    recurrence_key("zbx", "1", "mx1"),
    occurrence_key("77"),
    severity=Severity.HIGH,
    severity_at=NOW,
    worst=Severity.HIGH,
    heard_at=NOW,
    started_at=NOW,
    incident=4,
)
ALERT = Alert(
    GLOBEX,
    SPAN.key,
    "zbx",
    SPAN.occurrence,
    AlertStatus.FIRING,
    Severity.HIGH,
    "Mail queue is growing",
    first_at=NOW,
    last_at=NOW,
    started_at=NOW,
    host="mx1",
    incident=4,
)


PROBLEM = Problem(
    number=1,
    customer=GLOBEX,
    title="mx1 is slow",
    status=ProblemStatus.RESOLVED,
    priority=Priority.P3,
    opened_at=NOW,
    opened_by="olga",
    last_at=NOW,
)
CHANGE = Deployment(GLOBEX, "ci", "7", "mx1 of globex", NOW, DeploymentStatus.RUNNING, host="mx1")
ARTICLE = Article(
    number=1,
    customer=GLOBEX,
    status=ArticleStatus.PUBLISHED,
    language=Language.ENGLISH,
    created_at=NOW,
    created_by="olga",
    changed_at=NOW,
    newest=Version(1, 1, NOW, "olga", Text("mx1 of globex", "x\n")),
)


@dataclass(frozen=True)
class Way:
    """One way into the site."""

    method: str
    path: str
    guards: tuple[Guard, ...]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def of_globex(self, deliveries: list[int]) -> str:
        kind = self.path.removeprefix("/api/v1").split("/")[1]
        number = NUMBERS.get(kind, str(deliveries[2]))
        return PATHS.get(self.path) or re.sub(r"\{\w+\}", number, self.path)

    def taken_by(self, client: httpx.Client, deliveries: list[int]) -> httpx.Response:
        url = self.of_globex(deliveries)
        if self.method in {"GET", "DELETE"}:
            return client.request(self.method, url)
        form, body = FORMS.get(self.path), BODIES.get(self.path)
        return client.request(self.method, url, data=form, json=body)


@pytest.fixture(autouse=True)
def _windows(world: World) -> None:
    """Maintenance and a mute of globex, a script that ran there, a span known by its event; a
    problem and an article.
    """
    with world.store.begin() as tx:
        for kind in WindowKind:
            which = parse("host=mx1")
            tx.plan_window(Window(kind, GLOBEX, which, NOW, timedelta(1), created_at=NOW))
        tx.add_runs([Run(NOW, GLOBEX, "look", "mx1", "olga", script=SCRIPT)])
        tx.keep_script(SCRIPT, "df -P\n", NOW)
        tx.save_problems([PROBLEM])
        tx.save_deployments([CHANGE])
        tx.save_article(ARTICLE, {"globex": 1, "x": 1})
        tx.save_occurrences([SPAN])
        tx.save_alerts([ALERT])


def _routers() -> tuple[APIRouter, ...]:
    return (*api.routers(), *pages.routers())


def _ways() -> Iterator[Way]:
    for router in _routers():
        for route in router.routes:
            assert isinstance(route, APIRoute)
            needed = route.dependant.dependencies
            guards = tuple(each.call for each in needed if isinstance(each.call, Guard))
            for method in route.methods or ():
                yield Way(method, route.path, guards)


def _roles(way: Way) -> set[Role]:
    return {guard.role for guard in way.guards}


GUARDED = [way for way in _ways() if way.path not in EVERYBODYS]
FOR_OPERATORS = [way for way in GUARDED if Role.VIEWER not in _roles(way)]
TO_ONE_THING = [way for way in GUARDED if "{" in way.path]
# The stream of changes has no end, and the metrics are not for those of one customer.
NO_LISTS = {"/live", "/metrics"}
LISTS = [
    way
    for way in GUARDED
    if way.method == "GET" and way not in TO_ONE_THING and way.path not in NO_LISTS
]


def test_there_is_no_other_way_in(world: World) -> None:
    """Apart from the ways that are tried below there are only the static files."""
    tried = {id(each) for router in _routers() for each in router.routes}
    others = [each for each in world.app.routes if id(each) not in tried]

    assert ["/static"] == [each.path for each in others if isinstance(each, Mount)]
    assert 1 == len(others)


@pytest.mark.parametrize("way", GUARDED, ids=str)
def test_every_way_names_the_role_that_it_needs(way: Way) -> None:
    """A new route without a guard fails here."""
    assert 1 == len(way.guards)


@pytest.mark.parametrize("way", GUARDED, ids=str)
def test_nobody_gets_in_without_a_login(way: Way, world: World, deliveries: list[int]) -> None:
    """A program is told so, a person is sent to the login form; nothing else is said."""
    answer = way.taken_by(world.client(), deliveries)
    forged = world.client(Authorization="Bearer wrong", Cookie="watcher=wrong")

    assert answer.status_code in {303, 401}
    if answer.status_code == 303:
        assert answer.headers["location"].startswith("/login?next=")
    else:
        assert ["error"] == list(answer.json())
        assert "Bearer" == answer.headers["www-authenticate"]
    assert answer.status_code == way.taken_by(forged, deliveries).status_code


@pytest.mark.parametrize("way", FOR_OPERATORS, ids=str)
def test_a_lower_role_is_refused(way: Way, world: World, deliveries: list[int]) -> None:
    """A viewer may look at incidents and alerts only."""
    answer = way.taken_by(world.program(Role.VIEWER), deliveries)

    assert 403 == answer.status_code
    [needed] = way.guards
    assert f"this needs the role {needed.role}, yours is viewer" in answer.text


@pytest.mark.parametrize("way", TO_ONE_THING, ids=str)
def test_a_strangers_thing_is_not_there(way: Way, world: World, deliveries: list[int]) -> None:
    """Whoever belongs to one customer gets the same answer for another's as for none."""
    insider, stranger = world.program(Role.MANAGER, GLOBEX), world.program(Role.MANAGER, ACME)

    assert 404 == way.taken_by(stranger, deliveries).status_code
    assert 404 != way.taken_by(insider, deliveries).status_code


@pytest.mark.parametrize("way", LISTS, ids=str)
def test_a_list_shows_no_strangers(way: Way, world: World) -> None:
    """Nothing of the customer globex reaches somebody of the customer acme, by any list."""
    answer = world.program(Role.MANAGER, ACME).get(way.path)

    assert 200 == answer.status_code
    assert "globex" not in answer.text.lower()
    assert "mx1" not in answer.text


def test_metrics_are_for_those_who_see_all_customers(world: World) -> None:
    """They count what belongs to everybody."""
    answer = world.program(Role.ADMINISTRATOR, ACME).get("/metrics")

    assert 403 == answer.status_code


def test_a_form_from_another_site_is_refused(world: World) -> None:
    """A cookie alone changes nothing: the form must come from our page and carry its token."""
    olga = world.person()
    token = form_token(olga.get("/incidents/8").text)
    data = {"verb": "acknowledge", "csrf": token}

    foreign = olga.post("/incidents/8", data=data, headers={"Origin": "http://evil.example"})
    hidden = olga.post("/incidents/8", data=data, headers={"Origin": "null"})
    bare = olga.post("/incidents/8", data={"verb": "acknowledge"})
    wrong = olga.post("/incidents/8", data={**data, "csrf": "ü"})
    api = olga.post("/api/v1/incidents/8/acknowledge")
    assert [403] * 5 == [each.status_code for each in (foreign, hidden, bare, wrong, api)]
    assert "open" == olga.get("/api/v1/incidents/8").json()["status"]
    assert 303 == olga.post("/incidents/8", data=data).status_code
    assert "acknowledged" == olga.get("/api/v1/incidents/8").json()["status"]


def test_a_form_without_an_origin_goes_by_what_else_the_browser_says(world: World) -> None:
    """Old browsers send no Origin; new ones say in Sec-Fetch-Site where a request comes from."""
    olga = world.person()
    del olga.headers["Origin"]
    data = {"verb": "acknowledge", "csrf": form_token(olga.get("/incidents/8").text)}

    cross = olga.post("/incidents/8", data=data, headers={"Sec-Fetch-Site": "cross-site"})
    assert 403 == cross.status_code
    assert 303 == olga.post("/incidents/8", data=data).status_code


def test_a_form_is_bound_to_its_session(world: World) -> None:
    """One person's form token is worth nothing in another's session."""
    olga, pavel = world.person(), world.person(name="pavel")
    token = form_token(olga.get("/incidents/8").text)

    answer = pavel.post("/incidents/8", data={"verb": "acknowledge", "csrf": token})

    assert 403 == answer.status_code
    assert "load the page again" in answer.text
