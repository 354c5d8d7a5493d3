"""The pages of what runs on hosts: by hand, all runbooks, and the run log."""

import re

import pytest

from tests.web.seed import ACME, CATALOGUE, GLOBEX, POLICY, look_around
from tests.web.test_pages import text_of
from tests.web.world import World, form_token
from watcher.engine.reload import InForce
from watcher.model.action import ActionKind
from watcher.model.change import replace
from watcher.model.person import Role
from watcher.model.policy import Occasion, RunbookPolicy, RunbookTrigger
from watcher.web.pages import asking


@pytest.fixture
def night(world: World) -> World:
    """The night, with all that was looked at."""
    look_around(world.store)
    return world


def options(page: str, name: str) -> list[str]:
    """The headings and choices of a field."""
    field = page.split(f'name="{name}"', 1)[1].split("</select>", 1)[0]
    found = re.findall(r'<optgroup label="([^"]+)|<option[^>]*>([^<]+)', field)
    return [group or word for group, word in found]


def test_what_fits_is_offered_first(world: World) -> None:
    """Runbooks for these alerts, hosts of this incident; none of another customer."""
    page = world.person().get("/incidents/8").text

    assert [
        "Of this incident", "app1", "app2", "db1", "all 3 of them", "Others of acme", "web1",
    ] == options(page, "host")  # fmt: skip
    assert [
        "For these alerts", "First look at a Linux host", "Java", "PostgreSQL", "all that apply",
    ] == options(page, "runbook")  # fmt: skip
    other = world.person().get("/incidents/6").text
    assert "None is for these alerts" == options(other, "runbook")[0]


def test_long_inventories_are_cut(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """And say where the rest is."""
    monkeypatch.setattr(asking, "_MOST_HOSTS", 2)

    assert "And 2 more: watcher incident diagnose takes any." in text_of(
        world.person().get("/incidents/3")
    )


@pytest.mark.parametrize("number", [2, 4])
def test_where_nothing_can_be_run_nothing_is_offered(world: World, number: int) -> None:
    """On a closed incident, and where no host has a way in."""
    catalogue = replace(CATALOGUE, by_alias={})
    bare = World(world.store, world.portal, catalogue=CATALOGUE if number == 2 else catalogue)

    assert "Look at a host" not in text_of(bare.person().get(f"/incidents/{number}"))


def test_a_host_is_looked_at_by_hand(world: World) -> None:
    """It is due at once, and the timeline says who asked."""
    olga = world.person()
    token = form_token(olga.get("/incidents/8").text)
    form = {"csrf": token, "host": "db1", "runbook": "linux-first-look"}
    answer = olga.post("/incidents/8/look", data=form)

    assert (303, "/incidents/8#evidence") == (answer.status_code, answer.headers["location"])
    assert "asked for linux-first-look on db1 somebody wanted to know more · olga" in text_of(
        olga.get("/incidents/8")
    )
    with world.store.view() as view:
        assert ActionKind.DIAGNOSE is view.actions_of(8)[-1].kind
    assert 1 == world.woken


def test_what_cannot_be_run_is_said_with_the_choice_still_there(world: World) -> None:
    """The form comes again, with what is wrong above it."""
    olga = world.person()
    token = form_token(olga.get("/incidents/8").text)
    answer = olga.post("/incidents/8/look", data={"csrf": token, "host": "x", "runbook": "java"})

    assert 409 == answer.status_code
    assert "the host 'x' is not in the inventory of this customer" in text_of(answer)
    assert '<option value="java" selected>' in answer.text
    assert 409 == olga.get("/incidents/2/look?runbook=java&host=db1").status_code


def test_what_would_be_run_is_shown_before(world: World) -> None:
    """The values from the alert, or why there is none; the steps; what waits for whom."""
    olga = world.person()
    look = text_of(olga.get("/incidents/8/look?host=db1&runbook=linux-first-look"))
    java = text_of(olga.get("/incidents/8/look?host=app1&runbook=java"))

    assert (
        "First look at a Linux host on db1 Load, memory, disks, services and what the journal"
        " complains of. mount /var/lib/postgresql unit input unit: the alert has no value for it;"
        " steps that use it are left out Disk space Errors of the last 15 minutes"
    ) in look
    assert "Thread dump pauses what it looks at: waits for approval Object histogram" in java
    assert "What waits takes the role operator." in java


def test_all_that_applies_may_be_run_on_all_hosts(world: World) -> None:
    """A runbook whose recipe is not there is called by its name."""
    bare = World(world.store, world.portal, runbooks={})
    shown = text_of(bare.person().get("/incidents/8/look"))

    assert "java on app1" in shown
    assert "linux-first-look on db1" in shown
    assert "all that apply" in shown


@pytest.mark.parametrize(
    ("role", "customer", "csrf", "expected"),
    [
        (Role.VIEWER, None, True, 403),
        (Role.OPERATOR, GLOBEX, True, 404),
        (Role.OPERATOR, ACME, False, 403),
    ],
)
def test_who_may_not_has_nothing_run(
    world: World, role: Role, customer: str | None, csrf: bool, expected: int
) -> None:
    """Viewers, strangers, and forms of other sites."""
    somebody = world.person(role, customer)
    token = form_token(somebody.get("/incidents").text) if csrf else "forged"
    form = {"csrf": token, "host": "db1", "runbook": "java"}

    assert expected == somebody.post("/incidents/8/look", data=form).status_code
    assert "chooser" not in somebody.get("/incidents/4").text or role is not Role.VIEWER
    assert 0 == world.woken


def test_all_runbooks_are_listed(night: World) -> None:
    """When they apply in words, what they do, how they were used; who may sees their runs."""
    page = night.person(Role.MANAGER).get("/runbooks")
    shown = text_of(page)

    assert (
        "First look at a Linux host linux-first-look own Load, memory, disks, services and what"
        " the journal complains of. 1 run, 1 bad last 13 min ago Applies where alert like"
        " '*no space*' or '*slow*', and severity like 'high' or 'disaster' but not where label"
        " fstype like 'tmpfs' Steps Disk space"
    ) in shown
    assert "Largest directories heavy kept by operations read more Its runs" in shown
    assert "Java java own asks for operator 2 runs, 1 bad , 1 in vain last 3 min ago" in shown
    assert "PostgreSQL postgresql own asks for manager did not run in 30 days" in shown
    assert 'href="/runs?match=runbook%3D%22java%22"' in page.text
    assert "Its runs" not in text_of(night.person(Role.VIEWER).get("/runbooks"))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=linux", ["linux-first-look"]),
        ("q=POSTGRES", ["postgresql"]),
        ("idle=true", ["postgresql"]),
        ("q=nothing", []),
    ],
)
def test_runbooks_are_found(night: World, query: str, expected: list[str]) -> None:
    """By words, and by not having run."""
    page = night.person(Role.VIEWER).get(f"/runbooks?{query}").text

    assert expected == re.findall(r'<li id="runbook-([^"]+)"', page)


def test_counts_are_those_of_ones_own_customers(night: World) -> None:
    """Others' incidents are nobody's business."""
    shown = text_of(night.person(Role.VIEWER, GLOBEX).get("/runbooks"))

    assert 3 == shown.count("did not run in 30 days Applies")


def test_a_link_of_a_runbook_leads_to_the_web_only(world: World) -> None:
    """Whatever an author wrote there."""
    [look, *_] = world.runbooks.values()
    odd = {look.id: replace(look, docs="javascript:alert(1)")}

    page = World(world.store, world.portal, runbooks=odd).person().get("/runbooks").text
    assert "javascript:" not in page


def test_a_runbook_that_is_never_asked_for_is_not_offered(world: World) -> None:
    """It runs by itself only."""
    night_only = RunbookTrigger("n", policy=RunbookPolicy(occasions=frozenset([Occasion.OPENED])))
    policy = replace(POLICY, runbooks=(night_only,))
    rules = InForce(policy, (), lambda _: policy)

    assert "Look at a host" not in text_of(
        World(world.store, world.portal, rules=rules).person().get("/incidents/8")
    )


def test_managers_read_the_run_log_as_a_page(night: World) -> None:
    """When, what, where, for what, who, who agreed, what came of it; filtered as other lists."""
    boss = night.person(Role.MANAGER)
    shown = text_of(boss.get("/runs"))

    assert "3 min ago java app2 watcher@10.8.0.5 #8 olga boris ✕ bad 8 steps in 1.8 s" in shown
    assert "an alert in vain app1 (10.8.0.21) does not answer" in shown
    assert "app2" not in text_of(boss.get("/runs?match=host%3Ddb1"))
    assert 'href="/runs?match=incident%3D8"' in boss.get("/incidents/8").text
    assert "app2" in text_of(boss.get("/runs?match=incident%3D8"))


@pytest.mark.parametrize(
    ("role", "customer", "status", "seen"),
    [
        (Role.OPERATOR, None, 403, False),
        (Role.MANAGER, GLOBEX, 200, False),
        (Role.MANAGER, ACME, 200, True),
    ],
)
def test_the_run_log_is_for_managers_of_the_customer(
    night: World, role: Role, customer: str | None, status: int, seen: bool
) -> None:
    """Who else looks sees nothing of it."""
    answer = night.person(role, customer).get("/runs")

    assert (status, seen) == (answer.status_code, "app2" in answer.text)
