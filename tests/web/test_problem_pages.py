"""The pages of problems, and the problem on the page of its incident."""

from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from tests.web.seed import ACME, NOW
from tests.web.world import World, form_token
from watcher.engine.recurrence import NEW, SEEN_BEFORE
from watcher.model.incident import Entry, EntryKind, Priority
from watcher.model.person import Role
from watcher.model.problem import Bond, Cost, Problem, ProblemStatus, Tie
from watcher.model.reason import Reason
from watcher.web.pages.problems import WEEKS, weeks

PROBLEM = Problem(
    number=1,
    customer=ACME,
    title="The log of billing is never rotated",
    status=ProblemStatus.PROPOSED,
    priority=Priority.P2,
    opened_at=NOW,
    opened_by="watcher",
    last_at=NOW,
    service="billing",
    cost=Cost(incidents=3),
)
TIE = Tie(8, 1, ACME, Bond.SURE, NOW, "watcher", 9.1, ("the same alert on the same host",))


def standing(world: World, problem: Problem = PROBLEM, *ties: Tie) -> httpx.Client:
    """Somebody before a problem that stands so."""
    with world.store.begin() as tx:
        tx.save_problems([problem])
        tx.save_ties(ties or (TIE,))
    return world.person(Role.OPERATOR, ACME)


def send(client: httpx.Client, path: str, **form: str) -> httpx.Response:
    """Sends a form of the page of the problem."""
    token = form_token(client.get("/problems/1").text)
    return client.post(path, data={"csrf": token, **form})


def test_problems_are_listed_with_what_they_cost(world: World) -> None:
    """And found by matchers, as everything else is."""
    client = standing(world)
    page = client.get("/problems")

    assert 200 == page.status_code
    assert PROBLEM.title in page.text
    assert "asks you" in page.text
    assert PROBLEM.title not in client.get("/problems", params={"match": "status=closed"}).text


def test_a_proposal_is_confirmed_on_its_page(world: World) -> None:
    """With what speaks for it; afterwards other steps are offered."""
    client = standing(world)
    page = client.get("/problems/1").text
    assert "the same alert on the same host" in page

    assert 303 == send(client, "/problems/1", verb="confirm").status_code
    assert 'id="do-investigate"' in client.get("/problems/1").text


def test_what_may_not_be_done_is_said_on_the_page(world: World) -> None:
    """Nothing is lost: the page is shown again."""
    client = standing(world, replace(PROBLEM, status=ProblemStatus.INVESTIGATING))
    answer = send(client, "/problems/1", verb="known-error")

    assert 409 == answer.status_code
    assert "a known error needs a workaround" in answer.text


def test_what_is_known_is_written_down(world: World) -> None:
    """Line ends are those that everything else has, and nothing in it is markup."""
    client = standing(world, replace(PROBLEM, status=ProblemStatus.NEW))
    text = "rotate it:\r\n<b>logrotate -f</b>"
    answer = send(client, "/problems/1/texts", title="Logs fill the disk", workaround=text)

    assert 303 == answer.status_code
    with world.store.view() as view:
        found = view.problem(1, ACME)
    assert found is not None
    assert ("Logs fill the disk", "rotate it:\n<b>logrotate -f</b>") == (
        found.title,
        found.workaround,
    )
    assert "&lt;b&gt;logrotate" in client.get("/problems/1").text


@pytest.mark.parametrize(("verb", "bond"), [("tie", Bond.CONFIRMED), ("untie", Bond.REFUSED)])
def test_a_suggestion_is_answered_once(world: World, verb: str, bond: Bond) -> None:
    """On the page of the problem or on that of the incident."""
    open_one = replace(PROBLEM, status=ProblemStatus.NEW)
    client = standing(world, open_one, replace(TIE, bond=Bond.SUGGESTED))
    assert "Is this problem behind it?" in client.get("/incidents/8").text

    answer = send(client, "/incidents/8/problem", problem="1", verb=verb)

    assert 303 == answer.status_code
    with world.store.view() as view:
        assert [bond] == [each.bond for each in view.ties_of_problem(1)]
    assert "Is this problem behind it?" not in client.get("/incidents/8").text


def test_a_known_error_shows_what_helps_on_top_of_its_incident(world: World) -> None:
    """And whether it helped is counted once."""
    known = replace(
        PROBLEM, status=ProblemStatus.KNOWN_ERROR, workaround="rotate it by hand", runbook="logs"
    )
    client = standing(world, known)
    send(client, "/problems/1/incidents", verb="tie", incident="8")
    page = client.get("/incidents/8").text
    assert "Known error" in page
    assert "rotate it by hand" in page

    for _ in range(2):
        assert 303 == send(client, "/incidents/8/problem", problem="1", verb="helped").status_code

    assert "helped 1 of 1 time" in client.get("/problems/1").text


@pytest.mark.parametrize(
    ("status", "bond", "text", "stands", "place"),
    [
        (ProblemStatus.NEW, Bond.SURE, "2nd of problem 1", "of", 2),
        (ProblemStatus.PROPOSED, Bond.SURE, "2nd of problem 1, which is proposed", "of", 2),
        (ProblemStatus.CLOSED, Bond.CONFIRMED, "2nd of problem 1", "of", 2),
        (ProblemStatus.NEW, Bond.SUGGESTED, "perhaps problem 1", "perhaps", None),
        (ProblemStatus.CLOSED, Bond.SUGGESTED, "the 2nd like this in 30 days", "seen", None),
        (ProblemStatus.NEW, Bond.REFUSED, "the 2nd like this in 30 days", "seen", None),
    ],
)
def test_an_incident_says_what_it_is_by_those_before_it(
    world: World, status: ProblemStatus, bond: Bond, text: str, stands: str, place: int | None
) -> None:
    """At the top of its page and by the API, the surest word first."""
    tie = replace(TIE, bond=bond, by="watcher" if bond is Bond.SURE else "olga", reasons=())
    client = standing(world, replace(PROBLEM, status=status), tie)
    lines = [
        Entry(8, NOW, EntryKind.PROBLEM, said, Reason("recurrence", "like #5"), key=key)
        for key, said in ((NEW, "new: nothing"), (SEEN_BEFORE, "the 2nd like this in 30 days"))
    ]
    with world.store.begin() as tx:
        tx.add_entries(lines)
        own, other = tx.incidents([8])[8], tx.incidents([5])[5]
        home = 1 if tie.firm else None
        tx.save_incidents([replace(own, problem=home), replace(other, problem=1)])
    told = client.get("/api/v1/incidents/8").json()["recurrence"]
    page = client.get("/incidents/8").text.partition('id="recurrence"')[2].partition("</span>")[0]

    assert (text, stands, place) == (told["text"], told["standing"], told["place"])
    assert text in page
    assert (told["problem"] == 1) is ('href="/problems/1"' in page)


def test_an_incident_that_is_like_nothing_is_called_new(world: World) -> None:
    """With the reason in the API; nothing is said of one that was not compared yet."""
    client = world.person(Role.OPERATOR, ACME)
    before = client.get("/api/v1/incidents/8").json()["recurrence"]
    why = Reason("recurrence", "the likest known cause, problem 3, explains it worse than chance")
    line = Entry(
        8, NOW, EntryKind.PROBLEM, "new: nothing like it among 214 incidents", why, key=NEW
    )
    assert 'id="recurrence"' not in client.get("/incidents/8").text
    with world.store.begin() as tx:
        tx.add_entries([line])
    told = client.get("/api/v1/incidents/8").json()["recurrence"]

    assert before is None
    assert ("new", line.text, None) == (told["standing"], told["text"], told["problem"])
    assert why.text == told["reason"]["text"]
    assert f'<span id="recurrence">{line.text}</span>' in client.get("/incidents/8").text


def test_incidents_with_another_cause_are_split_off(world: World) -> None:
    """The page of the new problem follows."""
    client = standing(world, replace(PROBLEM, status=ProblemStatus.NEW))
    send(client, "/problems/1/incidents", verb="tie", incident="5")
    answer = send(
        client, "/problems/1/incidents", verb="split", incident="5", title="A backup fills it"
    )

    assert 303 == answer.status_code
    assert "A backup fills it" in client.get(answer.headers["location"]).text


@pytest.mark.parametrize(
    ("status", "steps"),
    [
        (ProblemStatus.PROPOSED, ["confirm", "refuse"]),
        (ProblemStatus.NEW, ["investigate", "known-error", "resolve"]),
        (ProblemStatus.INVESTIGATING, ["known-error", "resolve"]),
        (ProblemStatus.KNOWN_ERROR, ["resolve", "investigate"]),
        (ProblemStatus.RESOLVED, ["close", "reopen"]),
        (ProblemStatus.CLOSED, ["reopen"]),
        (ProblemStatus.REFUSED, []),
    ],
)
def test_every_step_that_may_be_taken_has_a_button(
    world: World, status: ProblemStatus, steps: list[str]
) -> None:
    """In each state; one that went into another has none."""
    client = standing(world, replace(PROBLEM, status=status))
    page = client.get("/problems/1").text
    with world.store.begin() as tx:
        tx.save_problems([replace(PROBLEM, status=status, merged_into=2)])

    assert steps == [each.partition('"')[0] for each in page.split('id="do-')[1:]]
    assert 'id="do-' not in client.get("/problems/1").text


def test_why_a_step_is_taken_goes_onto_the_timeline(world: World) -> None:
    """As what the command line and the API say."""
    client = standing(world)
    send(client, "/problems/1", verb="refuse", text="tests of the backup, on purpose")

    assert "tests of the backup, on purpose" in client.get("/problems/1").text


def test_somebody_answers_for_it_or_nobody(world: World) -> None:
    """I, somebody whom I name, or nobody."""
    client = standing(world)
    found = []
    for form in ({"verb": "own"}, {"verb": "own", "text": "Payments team"}, {"verb": "disown"}):
        send(client, "/problems/1", **form)
        with world.store.view() as view:
            [problem] = view.problems([1]).values()
        found.append(problem.owner)

    assert ["olga", "Payments team", None] == found


@pytest.mark.parametrize(
    ("status", "offered"), [(ProblemStatus.KNOWN_ERROR, True), (ProblemStatus.NEW, False)]
)
def test_what_helps_becomes_an_article(world: World, status: ProblemStatus, offered: bool) -> None:
    """In the language that is chosen; of what nobody can help with yet there is none."""
    client = standing(world, replace(PROBLEM, status=status, workaround="logrotate -f"))
    page = client.get("/problems/1").text

    assert offered is ('id="draft-article"' in page)
    if offered:
        answer = send(client, "/problems/1/article", language="ru")
        assert "## Обходное решение" in client.get(answer.headers["location"]).text


def test_an_incident_is_tied_by_its_number(world: World) -> None:
    """Where Watcher saw no likeness."""
    client = standing(world, replace(PROBLEM, status=ProblemStatus.NEW))
    answer = send(client, "/problems/1/incidents", verb="tie", incident="5")

    assert 303 == answer.status_code
    assert 'id="tie"' in client.get("/problems/1").text
    with world.store.view() as view:
        assert 1 == view.incidents([5])[5].problem


def test_a_problem_is_opened_on_a_page(world: World) -> None:
    """Out of an incident, whose page leads there, with more of them; or of none."""
    client = world.person(Role.OPERATOR, ACME)
    link = 'href="/problems/new?incident=5"'
    assert link in client.get("/incidents/5").text
    page = client.get("/problems/new", params={"incident": 5}).text
    token = form_token(page)
    fields = {"csrf": token, "title": "The log grows", "customer": ACME, "service": "webshop"}
    answer = client.post("/problems/new", data={**fields, "incidents": "#5, 8", "text": "twice"})

    assert ('value="webshop"' in page, 'value="5"' in page) == (True, True)
    assert "/problems/1" == answer.headers["location"]
    assert "twice" in client.get("/problems/1").text
    assert link not in client.get("/incidents/5").text
    with world.store.view() as view:
        assert {5: 1, 8: 1} == {
            number: one.problem for number, one in view.incidents([5, 8]).items()
        }


@pytest.mark.parametrize(
    ("incidents", "said"),
    [
        ("5 five", "name incidents by their numbers"),
        ("4", "there is no incident 4"),
        ("999", "there is no incident 999"),
    ],
)
def test_a_problem_that_cannot_be_opened_is_shown_again(
    world: World, incidents: str, said: str
) -> None:
    """With what is wrong and what was written; a stranger's incident is none."""
    client = world.person(Role.OPERATOR, ACME)
    token = form_token(client.get("/problems/new").text)
    form = {"csrf": token, "title": "The log grows", "customer": ACME, "incidents": incidents}
    answer = client.post("/problems/new", data=form)

    assert 409 == answer.status_code
    assert said in answer.text
    assert 'value="The log grows"' in answer.text
    assert 404 == client.get("/problems/new", params={"incident": 4}).status_code


def test_weeks_are_counted_from_now_back() -> None:
    """The oldest first; what is older or yet to come counts nowhere."""
    day = timedelta(days=1)
    opened = [NOW - 1 * day, NOW - 2 * day, NOW - 8 * day, NOW - 400 * day, NOW + day]
    found = weeks(opened, NOW)

    assert WEEKS == len(found)
    assert [(1, 50), (2, 100)] == [(each.count, each.share) for each in found[-2:]]
    assert 3 == sum(each.count for each in found)
