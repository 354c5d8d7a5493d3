"""Nobody gets further than his role and his customer: every route is tried by strangers."""

from collections.abc import Iterator

import pytest
from fastapi.routing import APIRoute
from starlette.routing import Mount

from tests.web.seed import ACME, GLOBEX
from tests.web.world import World, form_token
from watcher.model.person import Role
from watcher.web import api, pages
from watcher.web.guard import Guard

EVERYBODYS = {"/", "/healthz", "/readyz", "/login"}
ROUTES = [
    pytest.param(route, id=f"{min(route.methods)} {route.path}")
    for router in (*api.routers(), *pages.routers())
    for route in router.routes
    if isinstance(route, APIRoute)
]
GUARDED = [each for each in ROUTES if each.values[0].path not in EVERYBODYS]
# What belongs to the customer globex: an incident, a delivery, an action.
IDS = {"incidents": "4", "actions": "3"}


def _guards(route: APIRoute) -> Iterator[Guard]:
    for dependency in route.dependant.dependencies:
        if isinstance(dependency.call, Guard):
            yield dependency.call


def _path(route: APIRoute, deliveries: list[int]) -> str:
    kind = route.path.removeprefix("/api/v1").split("/")[1]
    number = IDS.get(kind, str(deliveries[2]))
    return route.path.replace("{id}", number).replace("{number}", number)


def test_there_is_no_other_way_in(world: World) -> None:
    """Apart from the routes that are tried below there are only the static files."""
    others = [each for each in world.app.routes if isinstance(each, Mount | APIRoute)]

    assert ["/static"] == [getattr(each, "path", "") for each in others]


@pytest.mark.parametrize("route", GUARDED)
def test_every_route_names_the_role_that_it_needs(route: APIRoute) -> None:
    """A new route without a guard fails here."""
    assert 1 == len(list(_guards(route)))


@pytest.mark.parametrize("route", GUARDED)
def test_nobody_gets_in_without_a_login(
    route: APIRoute, world: World, deliveries: list[int]
) -> None:
    """A program is told so, a person is sent to the login form; nothing else is said."""
    method, path = min(route.methods), _path(route, deliveries)
    answer = world.client().request(method, path)
    tampered = world.client(Authorization="Bearer wrong", Cookie="watcher=wrong")

    assert answer.status_code in {303, 401}
    if answer.status_code == 303:
        assert answer.headers["location"].startswith("/login?next=")
    else:
        assert ["error"] == list(answer.json())
        assert "Bearer" == answer.headers["www-authenticate"]
    assert answer.status_code == tampered.request(method, path).status_code


@pytest.mark.parametrize(
    "route", [each for each in GUARDED if next(_guards(each.values[0])).role is not Role.VIEWER]
)
def test_a_lower_role_is_refused(route: APIRoute, world: World, deliveries: list[int]) -> None:
    """A viewer may look at incidents and alerts only."""
    viewer = world.program(Role.VIEWER)
    answer = viewer.request(min(route.methods), _path(route, deliveries), **_body(route))

    assert 403 == answer.status_code
    assert "operator" in answer.text


@pytest.mark.parametrize(
    "route", [each for each in GUARDED if "{" in each.values[0].path]
)
def test_a_strangers_thing_is_not_there(
    route: APIRoute, world: World, deliveries: list[int]
) -> None:
    """Whoever belongs to one customer gets the same answer for another's as for none."""
    insider, stranger = world.program(Role.MANAGER, GLOBEX), world.program(Role.MANAGER, ACME)
    method, path = min(route.methods), _path(route, deliveries)

    assert 404 == stranger.request(method, path, **_body(route)).status_code
    assert 404 != insider.request(method, path, **_body(route)).status_code


@pytest.mark.parametrize(
    "route",
    [each for each in GUARDED if "GET" in each.values[0].methods and "{" not in each.values[0].path],
)
def test_a_list_shows_no_strangers(route: APIRoute, world: World) -> None:
    """Nothing of the customer globex reaches somebody of the customer acme, by any list."""
    if route.path in {"/live", "/metrics"}:
        return
    answer = world.program(Role.MANAGER, ACME).get(route.path)

    assert 200 == answer.status_code
    assert "globex" not in answer.text.lower()
    assert "mx1" not in answer.text


def _body(route: APIRoute) -> dict[str, object]:
    """A body that the route would take."""
    if route.path == "/incidents/{number}":
        return {"data": {"verb": "acknowledge"}} if "POST" in route.methods else {}
    if route.path == "/incidents/new" and "POST" in route.methods:
        return {"data": {"title": "x", "customer": ACME, "severity": "high"}}
    if route.path.endswith("/notes"):
        return {"json": {"text": "x"}}
    if route.path == "/api/v1/incidents" and "POST" in route.methods:
        return {"json": {"title": "x", "customer": ACME}}
    return {}


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
