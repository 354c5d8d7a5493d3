"""The pages as they are served: what is on them, what may be done there, what is kept off them."""

import re
from datetime import timedelta

import httpx
import pytest

from tests.web.seed import ACME, NOW, incident
from tests.web.world import World, form_token
from watcher.engine.digest import LEASE
from watcher.model.action import ActionKind, Intent
from watcher.model.change import replace
from watcher.model.incident import Priority, Status, Ticket
from watcher.model.person import Role
from watcher.web.pages.render import age, ago, in_bytes, in_seconds
from watcher.web.pages.search import searched


def text_of(answer: httpx.Response) -> str:
    """What a reader sees of a page, in one line."""
    assert answer.status_code < 500, answer.text
    body = answer.text.split("<body>", 1)[1]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body)).replace("&#39;", "'")


def numbers_of(answer: httpx.Response) -> list[int]:
    """The incidents on a list, in its order."""
    return [int(number) for number in re.findall(r'<li id="incident-(\d+)"', answer.text)]


def test_the_list_begins_with_what_is_most_urgent(world: World) -> None:
    """Open ones by priority, then the newest; what is over comes after them."""
    page = world.person().get("/incidents")

    assert [8, 7, 4, 3, 6, 1, 5, 2] == numbers_of(page)


def test_a_row_tells_the_essentials(world: World) -> None:
    """Priority by word and colour, service, hosts, who is on it, alerts, evidence, age."""
    shown = text_of(world.person().get("/incidents"))

    assert "P1 critical No space left on /var/lib/postgresql (billing on db1)" in shown
    assert "#8 billing app1, app2, db1 acme open 4 alerts, 3 firing ✓ evidence 14 min" in shown
    assert "web1, web2, web3 and 2 more acme acknowledged by olga" in shown


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("status=open", [8, 4, 3, 1]),
        ("status=closed", [2]),
        ("priority=P2", [7, 4]),
        ("customer=globex", [4]),
        ("status=open&priority=P1&customer=acme&q=SPACE+left", [8]),
        ("q=postgresql+(billing", [8]),
        ("q=team%3Dpayments", [8]),
        ("q=nothing+like+it", []),
    ],
)
def test_the_list_is_filtered(world: World, query: str, expected: list[int]) -> None:
    """By status, priority, customer and words or matchers, all of which must hold."""
    assert expected == numbers_of(world.person().get(f"/incidents?{query}"))


def test_a_wrong_matcher_is_explained_above_the_list(world: World) -> None:
    """With what the reader typed still in its place."""
    page = world.person().get("/incidents?q=status%3D~(")

    assert 422 == page.status_code
    assert "This is not a matcher: bad regular expression" in page.text
    assert 'value="status=~("' in page.text
    assert 422 == world.person().get("/deliveries?match=team%3Dx").status_code
    for path in ("/incidents?q=labels%3Dx", "/alerts?match=labels!%3Dx"):
        assert "name the label itself" in world.person().get(path).text


def test_a_long_list_goes_on_on_another_page(world: World) -> None:
    """The link keeps the filter."""
    many = [incident(n, "Many", Priority.P3, Status.OPEN, 5) for n in range(9, 120)]
    with world.store.begin() as tx:
        tx.save_incidents(many)
    olga = world.person()
    first = olga.get("/incidents?status=open&q=many")
    following = re.search(r'href="(\?[^"]+cursor[^"]+)"', first.text)

    assert following
    second = olga.get("/incidents" + following[1].replace("&amp;", "&"))
    assert (100, 11) == (len(numbers_of(first)), len(numbers_of(second)))
    overview = olga.get("/incidents?q=many")
    assert 100 == len(numbers_of(overview))
    assert "Only the most urgent are shown here." in overview.text


def test_an_empty_list_says_so(world: World) -> None:
    """And that nothing has to be done to see news."""
    shown = text_of(world.person(customer=ACME).get("/incidents?q=nothing"))

    assert "Nothing needs work. New incidents appear here by themselves." in shown


def test_an_incident_page_tells_the_whole_story(world: World) -> None:
    """What, why this priority, the suspect, evidence, alerts, timeline, and what is waiting."""
    shown = text_of(world.person().get("/incidents/8"))

    for part in [
        "Why P1 Impact high criticality of the service is 4; 3 hosts affected",
        "Suspected cause No space left on /var/lib/postgresql db1 started 15 min ago",
        "db1 debian 12 6.1.0-28-amd64 x86_64 its clock is right First look at a Linux host"
        " 13 min ago took 1.8 s First look at a Linux host on db1: 6 of 8 steps ran well.",
        "failed Database activity it ended with exit code 2 100 ms",
        "Look for: a file system at 100 %: that is usually the cause",
        "Shortened; all of it was 80 KiB.",
        "unavailable Disk health smartctl is not installed It did not run.",
        "10.8.0.77 not in the inventory",
        "priority P2 -&gt; P1",
        "Calling the DBA now. somebody wrote it down · olga",
        "gave up Tell crm that it was opened crm.acme.example answered 404: no such address",
        "done Run linux-first-look on db1 8 steps",
    ]:
        assert part in shown


def test_a_suspect_without_an_alert_is_named_by_its_host(world: World) -> None:
    """It is said since when what depends on it alerts."""
    shown = text_of(world.person().get("/incidents/7"))

    assert (
        "Suspected cause switch2 effects started 37 min ago 5 of the 7 hosts and services that"
        " depend on it alert; it has no alert of its own"
    ) in shown


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (
            8,
            [
                "Service Invoices and payments (billing) Owners Payments team, DBA on call Hosts",
                "Customer Acme Retail (acme) Alerts",
            ],
        ),
        (4, ["Service mail Owner mail-team Hosts", "Customer Globex Alerts"]),
        (3, ["ago Hosts backup1 Customer"]),
    ],
)
def test_an_incident_page_says_whose_service_it_is(
    world: World, number: int, said: list[str]
) -> None:
    """Titles and owners as the catalogue has them; nothing where it has none."""
    shown = text_of(world.person().get(f"/incidents/{number}"))

    assert [] == [part for part in said if part not in shown]


def test_what_went_wrong_is_open_and_the_rest_folded(world: World) -> None:
    """Of eight steps one failed, and one found something bad."""
    page = world.person().get("/incidents/8").text

    assert (8, 2) == (page.count('<details id="step'), len(re.findall(r"<details [^>]*open", page)))


def test_text_from_outside_stays_text(world: World) -> None:
    """An alert's name cannot become markup."""
    page = world.person().get("/incidents/8").text

    assert "Checkout probe &lt;slow&gt;" in page
    assert "<slow>" not in page


@pytest.mark.parametrize(
    ("number", "expected"),
    [(8, ["acknowledge", "resolve"]), (7, ["resolve"]), (5, ["close", "reopen"]), (2, ["reopen"])],
)
def test_an_incident_offers_what_may_be_done_to_it_now(
    world: World, number: int, expected: list[str]
) -> None:
    """The buttons follow from the state; a viewer has none."""
    pattern = r'id="do-(\w+)"'
    operator = world.person().get(f"/incidents/{number}").text
    viewer = world.person(Role.VIEWER, name="vera").get(f"/incidents/{number}").text

    assert expected == re.findall(pattern, operator)
    assert [] == re.findall(pattern, viewer)
    assert "Add note" not in viewer


def test_the_buttons_work(world: World) -> None:
    """Each does its deed and leads back to the incident."""
    olga = world.person()
    for verb in ("acknowledge", "resolve", "close", "reopen", "note"):
        page = olga.get("/incidents/8").text
        data = {"verb": verb, "text": f"for {verb}", "csrf": form_token(page)}
        answer = olga.post("/incidents/8", data=data)
        assert (303, "/incidents/8") == (answer.status_code, answer.headers["location"])
    shown = text_of(olga.get("/incidents/8"))

    assert "olga is on it since" in shown
    assert "for note somebody wrote it down · olga" in shown
    assert "reopened for reopen · olga" in shown


def test_the_priority_is_set_on_the_page(world: World) -> None:
    """Next to what made it so; not without a reason, and a viewer is not asked."""
    olga = world.person()
    csrf = form_token(olga.get("/incidents/8").text)
    data = {"priority": "P4", "text": "<b>a test</b>", "csrf": csrf}
    answer = olga.post("/incidents/8/priority", data=data)
    page = olga.get("/incidents/8")
    silent = olga.post("/incidents/8/priority", data={**data, "text": " "})
    released = olga.post("/incidents/8/priority", data={**data, "priority": "rules"})
    vera = world.person(Role.VIEWER, name="vera")

    assert (303, "/incidents/8") == (answer.status_code, answer.headers["location"])
    assert "Why P4" in text_of(page)
    assert "olga: &lt;b&gt;a test&lt;/b&gt;; by the rules it is" in page.text
    assert (409, 303) == (silent.status_code, released.status_code)
    assert "needs a reason" in silent.text
    assert "Set it by hand" not in vera.get("/incidents/8").text


@pytest.mark.parametrize("data", [{"verb": "explode"}, {"verb": "note", "text": "  "}])
def test_a_form_that_says_nothing_is_refused(world: World, data: dict[str, str]) -> None:
    """With a page that leads back to the incidents."""
    olga = world.person()
    csrf = form_token(olga.get("/incidents/8").text)
    answer = olga.post("/incidents/8", data={**data, "csrf": csrf})

    assert 409 == answer.status_code
    assert "this form says nothing that could be done" in answer.text
    assert 'href="/incidents"' in answer.text


def test_an_incident_is_opened_by_its_form(world: World) -> None:
    """Empty fields say nothing; the opener lands on the new incident."""
    olga = world.person()
    page = olga.get("/incidents/new").text
    assert "None" not in page
    data = {"title": " Slow ", "customer": ACME, "severity": "high", "service": "", "host": ""}
    answer = olga.post("/incidents/new", data={**data, "csrf": form_token(page)})
    shown = text_of(olga.get(answer.headers["location"]))

    assert "/incidents/9" == answer.headers["location"]
    assert "Slow P3 medium open" in shown
    assert "No alert belongs to it: olga opened it by hand." in shown
    assert "No runbook has run" in shown


def test_the_form_comes_back_with_what_is_wrong(world: World) -> None:
    """And with what was typed."""
    olga = world.person()
    csrf = form_token(olga.get("/incidents/new").text)
    data = {"title": "Slow", "customer": "initech", "severity": "high", "csrf": csrf}
    answer = olga.post("/incidents/new", data=data)

    assert 409 == answer.status_code
    assert "there is no customer 'initech'" in text_of(answer)
    assert 'value="Slow"' in answer.text
    untitled = olga.post("/incidents/new", data={**data, "title": " ", "customer": ACME})
    assert "an incident needs a title" in text_of(untitled)


def test_somebody_of_one_customer_is_offered_only_that(world: World) -> None:
    """Neither the form nor the filter names another customer or its services."""
    page = world.person(customer=ACME).get("/incidents/new").text

    assert 'value="billing"' in page
    assert "globex" not in page
    assert 'value="mail"' not in page


def test_a_diagnosis_on_its_way_is_announced(world: World) -> None:
    """While its action waits, the page says so."""
    look = {"runbook": "linux-first-look", "host": "app1"}
    with world.store.begin() as tx:
        tx.queue([Intent(8, ACME, ActionKind.DIAGNOSE, "diagnose/app1", "8/app1", look)], NOW)
    shown = text_of(world.person().get("/incidents/8"))

    assert "Evidence diagnosis is waiting" in shown


def test_a_delivery_is_shown_without_secrets(world: World, deliveries: list[int]) -> None:
    """Its body is masked, and it can be replayed if it is dead."""
    olga = world.person()
    good, dead = (olga.get(f"/deliveries/{number}") for number in deliveries[:2])

    assert "hunter2" not in good.text
    assert "password" in good.text
    assert "not JSON: it ends too early, at character 11" in dead.text
    csrf = form_token(dead.text)
    answer = olga.post(f"/deliveries/{deliveries[1]}/replay", data={"csrf": csrf})
    assert f"/deliveries/{deliveries[1]}" == answer.headers["location"]
    assert "pending" in olga.get(answer.headers["location"]).text


def test_an_action_is_tried_again_from_where_one_stands(world: World) -> None:
    """The incident page and the list both lead back to themselves, never to another site."""
    olga = world.person()
    csrf = form_token(olga.get("/actions").text)
    back = {"csrf": csrf, "back": "/incidents/8"}

    assert "/incidents/8" == olga.post("/actions/2/retry", data=back).headers["location"]
    assert "Tell crm that it was opened #8 waiting" in text_of(olga.get("/actions"))


def test_what_is_amiss_is_said_above_every_page(world: World) -> None:
    """What gave up and what was not understood, for whom it concerns; a worker that is silent."""
    with world.store.begin() as tx:
        tx.lease(LEASE, "worker", NOW, timedelta(seconds=15))
    operator = text_of(world.person().get("/alerts"))
    viewer = text_of(world.person(Role.VIEWER, name="vera").get("/alerts"))
    stranger = text_of(world.person(customer="globex", name="greta").get("/alerts"))

    assert "1 action gave up 1 delivery could not be understood" in operator
    assert "gave up" not in viewer
    assert "gave up" not in stranger
    assert "What you see may be old" not in operator
    world.clock.forward(seconds=55)
    assert "the worker has not been seen for more than 40 s" in text_of(
        world.person().get("/alerts")
    )


def test_a_page_that_is_not_there_is_said_in_words(world: World) -> None:
    """As a page for people, as JSON for programs."""
    page, data = (world.client().get(path) for path in ("/nope", "/api/v1/nope"))

    assert (404, True) == (page.status_code, "there is nothing at this address" in page.text)
    assert {"error": "there is nothing at this address"} == data.json()


def test_pages_keep_to_the_house(world: World) -> None:
    """No page loads anything from elsewhere, runs inline scripts, or has inline styles."""
    olga = world.person()
    for path in ("/incidents", "/incidents/8", "/alerts", "/deliveries", "/actions", "/login"):
        page = olga.get(path).text
        assert not re.findall(r'(?:src|href|action)="(?!/|\?|#)', page)
        assert not re.findall(r"<script(?![^>]*src=)|<style|\son\w+=|\sstyle=", page)


@pytest.mark.parametrize(
    ("seconds", "short", "long"),
    [
        (-90, "in 1 min", "in 1 min"),
        (3, "now", "now"),
        (59, "59 s", "59 s ago"),
        (14 * 60, "14 min", "14 min ago"),
        (3600, "1 h", "1 h ago"),
        (5460, "1 h 31 min", "1 h 31 min ago"),
        (40_000, "11 h", "11 h ago"),
        (200_000, "2 d", "2 d ago"),
    ],
)
def test_times_are_told_as_people_do(seconds: int, short: str, long: str) -> None:
    """Roughly, and the more roughly the longer ago."""
    then = NOW - timedelta(seconds=seconds)

    assert (short, long) == (age(then, NOW), ago(then, NOW))


def test_sizes_and_spans_have_units() -> None:
    """The one that gives a short number."""
    assert ["9 bytes", "80 KiB", "1.5 MiB"] == [in_bytes(n) for n in (9, 81_920, 1_572_864)]
    assert ["40 ms", "1.8 s", "2 min"] == [in_seconds(n) for n in (0.04, 1.8, 130)]


def test_words_are_searched_whatever_their_case() -> None:
    """Letters of any script; what has no case, or no simple one, stands for itself."""
    [matcher] = searched(" Диск 5% ß ")

    assert ".*[дД][иИ][сС][кК]\\ 5%\\ ß.*" == matcher.value


def test_a_ticket_is_shown_with_the_way_to_it(world: World) -> None:
    """On the incident, in the list, and by the API; only an address of the web is a link."""
    jira = Ticket("jira", "OPS-1", "https://jira.example/browse/OPS-1")
    bad = Ticket("", "<OLD>", "javascript:alert(1)")
    with world.store.begin() as tx:
        found = tx.incidents([8, 7])
        tx.save_incidents([replace(found[8], ticket=jira), replace(found[7], ticket=bad)])
    olga = world.person()
    link = '<a href="https://jira.example/browse/OPS-1" rel="noreferrer noopener">OPS-1</a>'

    for path in ("/incidents/8", "/incidents"):
        assert link in olga.get(path).text
    page = olga.get("/incidents/7").text
    assert "&lt;OLD&gt;" in page
    assert "javascript" not in page
    for path in ("/incidents?match=tracker=jira", "/incidents/8"):
        answer = world.program().get(f"/api/v1{path}").json()
        item = answer["items"][0] if "items" in answer else answer
        said = (item["number"], item["ticket"], item["ticket_url"], item["tracker"])
        assert (8, "OPS-1", jira.url, "jira") == said
