"""The page on which people correct a grouping."""

import html
import re

import pytest

from tests.web.seed import ACME, ALERTS, GLOBEX
from tests.web.world import World, form_token
from watcher.model.change import replace
from watcher.model.person import Role

DISK, SQL, API, PROBE = (alert.key for alert, _ in ALERTS)


def words(page: str) -> str:
    """The text of a page, as it is read."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", page.split("<main", 1)[1]))


def page(world: World, query: str, number: int = 8) -> str:
    """What an operator sees."""
    answer = world.person().get(f"/incidents/{number}/regroup?{query}")
    assert answer.status_code == 200, answer.text
    return answer.text


def test_alerts_are_chosen_on_the_incident_page(world: World) -> None:
    """By whoever may act; each has its box, and there is a way to merge all of it."""
    operator = world.person().get("/incidents/8").text
    viewer = world.person(Role.VIEWER, name="vera").get("/incidents/8").text

    assert 4 == operator.count('form="regroup"')
    assert "/incidents/8/regroup?verb=merge" in operator
    assert "regroup" not in viewer


def test_what_is_closed_is_not_regrouped(world: World) -> None:
    """It would be refused."""
    assert "regroup" not in world.person().get("/incidents/2").text


def test_a_split_says_what_will_happen_and_does_it(world: World) -> None:
    """Counts before and after, who is told, and a field for the reason."""
    browser = world.person()
    shown = browser.get("/incidents/8/regroup", params={"verb": "split", "alert": [API, PROBE]})
    said = words(shown.text)

    assert "4, 3 firing → 2, 2 firing" in said
    assert "A new incident: billing: Billing API answers 503 on app1" in said
    assert "on-call is told that it was opened" in said
    form = {
        "csrf": form_token(shown.text),
        "verb": "split",
        "alert": [API, PROBE],
        "text": "another database",
    }
    done = browser.post("/incidents/8/regroup", data=form)
    assert (303, "/incidents/9") == (done.status_code, done.headers["location"])
    assert "another database" in browser.get("/incidents/9").text
    assert "kept apart from #9" in words(browser.get("/incidents/8").text)


def test_likely_incidents_of_the_same_customer_come_first(world: World) -> None:
    """With what speaks for them; another customer's never."""
    said = words(page(world, f"verb=move&alert={API}"))

    assert said.index("#6 Disk /var") < said.index("#7 HTTP 5xx")
    assert "same host app1" in said
    assert "#4" not in said
    assert "#2" not in said


@pytest.mark.parametrize(
    ("typed", "found"),
    [("7", True), ("%237", True), ("5XX", True), ("hosts%3D%22web2%22", True), ("backup", False),
     ("6", False)],
)  # fmt: skip
def test_an_incident_is_found_by_number_title_or_matcher(
    world: World, typed: str, found: bool
) -> None:
    """As on the list of incidents."""
    assert found is ("#7 HTTP 5xx" in words(page(world, f"verb=merge&q={typed}")))


def test_what_cannot_be_searched_is_told(world: World) -> None:
    """In words, on the same page."""
    answer = world.person().get("/incidents/8/regroup?verb=merge&q=hosts%3D%7E%22(%22")

    assert 422 == answer.status_code
    assert 'role="alert"' in answer.text


def test_a_merge_says_what_becomes_of_both(world: World) -> None:
    """The one is closed into the other, which keeps its title."""
    said = words(page(world, "verb=merge&into=8", number=7))

    assert "acknowledged → closed, merged into #8" in said
    assert "Merge #7 into #8" in said


def test_what_is_refused_is_told_before_it_is_tried(world: World) -> None:
    """With nothing to confirm."""
    answer = world.person().get(f"/incidents/8/regroup?verb=move&alert={API}&into=2")

    assert 409 == answer.status_code
    assert "#2 is closed: reopen it first" in answer.text
    assert "<textarea" not in answer.text


def test_who_was_slower_is_told(world: World) -> None:
    """What was true when the page was made may not be true any more."""
    browser = world.person()
    shown = browser.get("/incidents/8/regroup", params={"verb": "split", "alert": [API]})
    world.program().post("/api/v1/incidents/8/move", json={"alerts": [API], "into": 7})
    form = {"csrf": form_token(shown.text), "verb": "split", "alert": [API, "x"]}
    done = browser.post("/incidents/8/regroup", data=form)

    assert 409 == done.status_code
    assert "#8 has no alert" in done.text


def test_without_an_alert_there_is_nothing_to_move(world: World) -> None:
    """The page says where to choose one."""
    assert "No alert is chosen." in words(page(world, "verb=split"))


@pytest.mark.parametrize("query", ["verb=merge", "verb=merge&into=8", "verb=split&alert=x"])
def test_a_stranger_finds_nothing(world: World, query: str) -> None:
    """Neither the incident nor the one it would go to."""
    stranger = world.person(customer=GLOBEX, name="gus")
    own = 4 if "into" in query else 8

    assert 404 == stranger.get(f"/incidents/{own}/regroup?{query}").status_code
    assert (
        404
        == world.person(customer=ACME, name="ann").get(f"/incidents/4/regroup?{query}").status_code
    )


def test_a_viewer_and_a_forged_form_do_nothing(world: World) -> None:
    """It takes the role, and the form of our own page."""
    viewer, operator = world.person(Role.VIEWER, name="vera"), world.person()
    form = {"verb": "split", "alert": [API]}

    assert 403 == viewer.get("/incidents/8/regroup?verb=merge").status_code
    assert 403 == operator.post("/incidents/8/regroup", data=form).status_code
    assert 0 == world.woken


def test_what_alerts_are_called_is_text(world: World) -> None:
    """Not markup, wherever it is shown."""
    assert "Checkout probe &lt;slow&gt;" in page(world, f"verb=split&alert={PROBE}")


def test_a_merger_is_taken_back_where_it_is_told(world: World) -> None:
    """With the alerts that came by it; what was there before stays."""
    alert, span = ALERTS[2]
    with world.store.begin() as tx:
        tx.save_alerts([replace(alert, key="http", incident=7)])
        tx.save_occurrences([replace(span, key="http", incident=7)])
    world.clock.forward(minutes=1)
    world.program().post("/api/v1/incidents/7/merge", json={"into": 8})
    told = world.person().get("/incidents/8").text
    [link] = re.findall(r'href="([^"]*)">Split them again', told)
    shown = world.person().get(html.unescape(link)).text

    assert "/incidents/8/regroup?verb=split&alert=http" == html.unescape(link)
    assert "Split off 1 alert" in shown
    assert "Split them again" not in world.person().get("/incidents/7").text
