"""What every tracker keeps, whatever its kind."""

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from socket import socket
from threading import Event, Thread
from typing import Any

import pytest

from tests.peers import Answer, closed_port, raw_peer
from tests.trackers.given import AT, DRAFT, GIVEN, URL, Given
from tests.trackers.stand_in import Request, StandIn, plain
from watcher.kit.plugins import kinds
from watcher.model.action import Verdict
from watcher.trackers.base import Tracker

KINDS = kinds("watcher.trackers")


@pytest.fixture(params=GIVEN)
def given(request: pytest.FixtureRequest) -> Given:
    """Each tracker in turn."""
    return GIVEN[request.param]


@pytest.fixture
def server(given: Given) -> Iterator[StandIn]:
    """Its stand-in."""
    with given.server() as server:
        yield server


def always(answer: Answer, *, creating: bool = False) -> Callable[[Request], Answer | None]:
    """The tracker answers like this, whatever it is asked, or only when it is to make a ticket."""

    def says(request: Request) -> Answer | None:
        asked = request.method == "GET" or request.parts[-1] in {"jql", "search", "bulkfetch"}
        return None if creating and asked else answer

    return says


def test_every_kind_is_tried() -> None:
    """An adapter without a stand-in would keep nothing of this."""
    assert set(KINDS) == {given.kind.__name__.rpartition(".")[2] for given in GIVEN.values()}


def test_a_draft_becomes_one_ticket(given: Given, server: StandIn) -> None:
    """It says what the draft says, and the ticket is called and found as it is there."""
    filed = given.file(server)

    assert Verdict.DONE is filed.outcome.verdict
    assert filed.ticket is not None
    assert filed.ticket.key in filed.outcome.reason
    assert filed.ticket.url.endswith(filed.ticket.key)
    (kept,) = server.tickets
    assert kept.title == DRAFT.title
    assert kept.due.startswith("2026-04-01")
    assert "From the review of incident 12, billing is down." in kept.text
    assert "Owner: Anna" in kept.text
    assert URL in kept.text


def test_the_same_draft_is_the_same_ticket(given: Given, server: StandIn) -> None:
    """Whoever files again is told which ticket there is."""
    first = given.file(server)
    again = given.file(server, replace(DRAFT, at=AT + timedelta(days=1), title="Another"))

    assert Verdict.DONE is again.outcome.verdict
    assert first.ticket == again.ticket
    assert len(server.tickets) == server.created == 1


def test_a_closed_ticket_is_not_filed_anew(given: Given, server: StandIn) -> None:
    """What was done there stays done."""
    first = given.file(server)
    server.tickets[0].closed = True

    assert first.ticket == given.file(server).ticket
    assert len(server.tickets) == 1


def test_a_lost_answer_makes_no_second_ticket(given: Given, server: StandIn) -> None:
    """Where nobody knows whether a ticket was made, it is looked for in a while, and found."""
    server.lost = 1

    lost = given.file(server)
    found = given.file(server)

    assert Verdict.RETRY is lost.outcome.verdict
    assert lost.ticket is None
    assert (lost.outcome.after or 0) >= 120
    assert Verdict.DONE is found.outcome.verdict
    assert found.ticket is not None
    assert len(server.tickets) == server.created == 1


@pytest.mark.parametrize(
    "answer",
    [
        Answer(500, b"oops"),
        Answer(502, b"<html>bad gateway</html>"),
        Answer(503, headers={"Retry-After": "7"}),
        Answer(504),
        Answer(408),
        Answer(201, b'{"issue": {"id":'),
        Answer(200, b"{}"),
        Answer(201, b"[]"),
    ],
)
def test_whatever_may_have_made_a_ticket_waits(
    given: Given, server: StandIn, answer: Answer
) -> None:
    """An error in the midst of making, or an answer that cannot be read, is no leave to repeat."""
    server.before = always(answer, creating=True)

    filed = given.file(server)

    assert Verdict.RETRY is filed.outcome.verdict
    assert (filed.outcome.after or 0) >= 120


@pytest.mark.parametrize("creating", [False, True])
def test_too_many_calls_wait_as_long_as_asked(
    given: Given, server: StandIn, *, creating: bool
) -> None:
    """Nothing was made, so the tracker's own word counts."""
    answer = Answer(429, b"slow down", {"Retry-After": "17"})
    server.before = always(answer, creating=creating)

    filed = given.file(server)

    assert Verdict.RETRY is filed.outcome.verdict
    assert filed.outcome.after == 17.0
    assert "429 Too Many Requests: slow down" in filed.outcome.reason


@pytest.mark.parametrize("status", [500, 503, 504])
def test_a_tracker_that_is_not_well_is_asked_again(
    given: Given, server: StandIn, status: int
) -> None:
    """Nothing was begun."""
    server.before = always(Answer(status))

    filed = given.file(server)

    assert Verdict.RETRY is filed.outcome.verdict
    assert server.created == 0


def silent(_: socket, over: Event) -> None:
    """Takes a connection and says nothing."""
    over.wait(10)


def rude(connection: socket, _: Event) -> None:
    """Hangs up at once."""
    connection.close()


def babble(connection: socket, over: Event) -> None:
    """Never comes to an end."""
    connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n[")
    while not over.wait(0.02):
        connection.sendall(b"2,")


@pytest.mark.parametrize("talk", [silent, rude, babble])
def test_what_cannot_be_reached_is_tried_again(
    given: Given, server: StandIn, talk: Callable[[socket, Event], None]
) -> None:
    """In time, and in words."""
    with raw_peer(talk) as port:
        options = given.aimed(server, url=f"http://localhost:{port}", timeout=0.2, deadline=0.5)
        outcome = given.kind.file(DRAFT, options).outcome

    assert Verdict.RETRY is outcome.verdict
    assert f"localhost:{port}" in outcome.reason


def test_nobody_there_is_tried_again(given: Given, server: StandIn) -> None:
    """A refused connection may be accepted later."""
    url = f"http://localhost:{closed_port()}"

    assert Verdict.RETRY is given.file(server, url=url).outcome.verdict
    assert Verdict.RETRY is given.kind.check(AT, given.aimed(server, url=url)).verdict


def test_all_calls_together_have_an_end(given: Given, server: StandIn) -> None:
    """A tracker that is slow with each answer is left when the time for all is over."""
    slow, over = Event(), Event()

    def tardy(_request: Request) -> Answer | None:
        slow.set()
        over.wait(0.15)
        return None

    server.before = tardy
    outcome = given.file(server, timeout=0.2, deadline=0.2).outcome
    over.set()

    assert slow.is_set()
    assert Verdict.RETRY is outcome.verdict


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("creating", [False, True])
def test_whoever_is_locked_out_gives_up(
    given: Given, server: StandIn, status: int, *, creating: bool
) -> None:
    """With what to look at."""
    server.before = always(Answer(status), creating=creating)

    outcome = given.file(server).outcome

    assert Verdict.GAVE_UP is outcome.verdict
    assert str(status) in outcome.reason
    assert "; check the " in outcome.reason
    assert server.tickets == []


def test_a_wrong_secret_is_told_at_the_check(given: Given, server: StandIn) -> None:
    """Wherever the public may read, too."""
    wrong = "something-else-entirely"
    secrets = {
        name: type(value)(wrong)
        for name, value in given.options.items()
        if name in {"key", "token"}
    }
    options = given.aimed(server, **secrets)

    outcome = given.kind.check(AT, options)

    assert Verdict.GAVE_UP is outcome.verdict
    assert "401" in outcome.reason
    assert wrong not in outcome.reason


def test_a_project_that_is_not_there_is_named(given: Given, server: StandIn) -> None:
    """Both when it is checked and when something is to be filed."""
    (name, value) = next(iter(given.elsewhere.items()))

    for outcome in (
        given.kind.file(DRAFT, given.aimed(server, **given.elsewhere)).outcome,
        given.kind.check(AT, given.aimed(server, **given.elsewhere)),
    ):
        assert Verdict.GAVE_UP is outcome.verdict
        assert f"is {name} {value!r} right" in outcome.reason


@pytest.mark.parametrize("creating", [False, True])
def test_a_redirect_is_not_followed(given: Given, server: StandIn, *, creating: bool) -> None:
    """It would carry the secret to whoever is named there."""
    with given.server() as other:
        server.before = always(Answer(307, headers={"Location": other.url}), creating=creating)
        outcome = given.file(server).outcome

        assert Verdict.GAVE_UP is outcome.verdict
        assert "redirects are not followed" in outcome.reason
        assert other.calls == []


def test_a_login_page_is_no_tracker(given: Given, server: StandIn) -> None:
    """A page where an answer should be is said to be one, and is not quoted."""
    server.before = always(Answer(200, b"<html><body>Please log in</body></html>"))

    outcome = given.file(server).outcome

    assert Verdict.GAVE_UP is outcome.verdict
    assert "no login page before it" in outcome.reason
    assert "<html>" not in outcome.reason


def test_a_private_address_needs_leave(given: Given, server: StandIn) -> None:
    """Nothing is sent to where nobody said it may be."""
    outcome = given.file(server, allow_private=False).outcome

    assert Verdict.GAVE_UP is outcome.verdict
    assert "may not be called" in outcome.reason
    assert server.calls == []


def test_secrets_stay_where_they_belong(
    given: Given,
    server: StandIn,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """A tracker that throws back what it was told is quoted without it; no address holds one."""
    caplog.set_level(logging.DEBUG)
    server.before = lambda request: plain(400, f"bad header {request.headers}")
    options = given.aimed(server)

    filed = given.kind.file(DRAFT, options)
    checked = given.kind.check(AT, options)

    shown = f"{filed!r} {checked!r} {options!r} {caplog.text} {capfd.readouterr()}"
    assert "bad header" in filed.outcome.reason
    assert Verdict.GAVE_UP is filed.outcome.verdict
    for secret in given.secrets:
        assert secret not in shown
        assert not any(secret in call.path for call in server.calls)


NASTY = {
    "emoji": "🔥 down 👩‍🚒",
    "markup": "<script>alert(1)</script> *b* _i_ [x](http://evil) !img.png! {{include(x)}} h1. #1",
    "ends of quotes": "</pre> </PRE > {noformat} {NoFormat} ``` ~~~ ```` <pre><code>",
    "document": '{"type": "doc", "content": []} ]}} \\ " \'',
    "lines": "one\ntwo\n\n\nthree\n",
}


@pytest.mark.parametrize("what", NASTY)
def test_whatever_a_text_says_stays_text(given: Given, server: StandIn, what: str) -> None:
    """Apart from what keeps it from ending what it stands in, it arrives letter by letter."""
    given.file(server, replace(DRAFT, title=NASTY[what], text=NASTY[what]))

    (kept,) = server.tickets
    arrived = kept.text.replace("\r\n", "\n").replace("\u200b", "")
    assert NASTY[what].strip().replace("\n\n\n", "\n\n") in arrived.replace("\n\n\n", "\n\n")


def test_what_no_database_takes_is_left_out(given: Given, server: StandIn) -> None:
    """Control characters and halves of letters would make the whole ticket fail."""
    filed = given.file(server, replace(DRAFT, title="a\x00b\nc", text="x\x00y\x1b[0m \ud800 z"))

    assert Verdict.DONE is filed.outcome.verdict
    (kept,) = server.tickets
    assert kept.title == "ab c"
    assert "xy[0m  z" in kept.text


@pytest.mark.parametrize("letter", ["x", "я", "🔥", "```"])
def test_a_long_text_is_cut_with_a_mark(given: Given, server: StandIn, letter: str) -> None:
    """A title and a text of any length become a ticket, which says that there is more."""
    filed = given.file(server, replace(DRAFT, title=letter * 1000, text=letter * 40_000))

    assert Verdict.DONE is filed.outcome.verdict
    (kept,) = server.tickets
    assert len(kept.title) <= 255
    assert kept.title.endswith(f"{letter}…")
    assert "(cut; the rest is on the page that the link leads to)" in kept.text
    assert URL in kept.text
    assert given.file(server).ticket == filed.ticket


def test_a_draft_of_nothing_but_its_key_is_filed(given: Given, server: StandIn) -> None:
    """A ticket needs a title."""
    filed = given.file(server, replace(DRAFT, title=" \x00", text="", url="", due=None))

    assert Verdict.DONE is filed.outcome.verdict
    assert [DRAFT.key] == [one.title for one in server.tickets]


def test_part_of_a_key_is_not_the_key(given: Given, server: StandIn) -> None:
    """The ticket of item 12 is not that of item 1, nor the other way round."""
    other = given.keep(server, "watcher-12-12")

    filed = given.file(server, replace(DRAFT, key="watcher-12-1"))
    longer = given.file(server, replace(DRAFT, key="watcher-12-12"))

    assert filed.ticket != longer.ticket
    assert len(server.tickets) == 2
    assert other is server.tickets[0]


def test_a_text_that_names_a_key_does_not_carry_it(given: Given, server: StandIn) -> None:
    """Somebody may quote the mark of another ticket, in any spelling."""
    given.file(server, replace(DRAFT, text="see [watcher-12-2] and [WATCHER-12-2]"))

    filed = given.file(server, replace(DRAFT, key="watcher-12-2"))

    assert filed.outcome.reason.startswith("filed as")
    assert len(server.tickets) == 2


def test_the_oldest_of_several_is_taken(given: Given, server: StandIn) -> None:
    """Somebody may have copied a ticket, mark and all."""
    first = given.file(server)
    given.keep(server, DRAFT.key)

    assert first.ticket == given.file(server).ticket


def test_drafts_at_once_do_not_mix(given: Given, server: StandIn) -> None:
    """Replicas file side by side."""
    drafts = [replace(DRAFT, key=f"watcher-12-{number}") for number in range(1, 5)]
    threads = [Thread(target=given.file, args=(server, draft)) for draft in drafts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(drafts) == len(server.tickets) == server.created


def test_a_check_says_that_all_is_well(given: Given, server: StandIn) -> None:
    """And writes nothing."""
    outcome = given.kind.check(AT, given.aimed(server))

    assert Verdict.DONE is outcome.verdict
    assert f"localhost:{server.port}: " in outcome.reason
    assert server.tickets == []
    assert server.created == 0


def test_a_tracker_finds_its_adapter(given: Given, server: StandIn) -> None:
    """A tracker is a kind and its options; the rest is found, and ends in time."""
    options = given.aimed(server)
    tracker = Tracker("work", given.kind.__name__.rpartition(".")[2], options)

    assert Verdict.DONE is tracker.check(AT).verdict
    assert tracker.file(DRAFT).ticket is not None
    assert options.deadline < tracker.longest <= options.deadline + 30


def test_a_sample_shows_no_secret(given: Given) -> None:
    """Options can be printed."""
    assert "sample-" not in repr(given.kind.SAMPLE)
    assert "***" in repr(given.kind.SAMPLE)


@pytest.mark.parametrize(
    "wrong",
    [
        {"timeout": 0},
        {"timeout": 20, "deadline": 10},
        {"deadline": 601},
        {"url": "redmine.example.com"},
        {"url": "https://user:password@example.com"},
        {"networks": ("10/99",)},
    ],
)
def test_wrong_options_are_refused_at_once(given: Given, wrong: dict[str, Any]) -> None:
    """Where there is no way, or no time for it, the configuration is wrong."""
    with pytest.raises(ValueError, match=r"seconds|http://|login|10/99"):
        replace(given.kind.SAMPLE, **wrong)


def test_a_place_to_file_is_needed(given: Given) -> None:
    """Empty names are as good as none."""
    for name in given.elsewhere:
        with pytest.raises(ValueError, match="are needed"):
            replace(given.kind.SAMPLE, **{name: ""})
