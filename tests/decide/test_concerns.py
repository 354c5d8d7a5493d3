"""What is wrong with a source itself: when it begins, when it is over, and who can mend it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from watcher.decide.concerns import Look, gone, undelivered, worries
from watcher.model.change import replace
from watcher.model.concern import Concern, Letters, Lost, Watched
from watcher.model.event import Severity
from watcher.model.source import Asked, Heard, SourceState

NOW = datetime(2026, 3, 14, 3, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
STARTED = NOW - timedelta(days=3)
ZABBIX = Watched(
    "zbx",
    "zabbix",
    "acme",
    heartbeat=True,
    told=20 * MINUTE,
    address="zabbix.example",
    every=2 * MINUTE,
)
WELL = SourceState(Heard(NOW, {NOW.date(): MINUTE}), Asked(at=NOW, complete_at=NOW))
LOOK = Look(ZABBIX, WELL, NOW, STARTED)
NOTHING: Mapping[Concern, datetime] = {}


def silent(minutes: float) -> Look:
    """A source that was last heard of so long ago."""
    return replace(LOOK, state=replace(WELL, heard=Heard(NOW - minutes * MINUTE)))


def refusing(trouble: str, minutes: float = 11) -> Look:
    """A source whose monitoring system could not be asked for so long."""
    asked = replace(WELL.asked, trouble=trouble, problem="it said no", since=NOW - minutes * MINUTE)
    return replace(LOOK, state=replace(WELL, asked=asked))


def overdue(minutes: float, problem: str = "") -> Look:
    """A source that gave no complete answer for so long."""
    asked = Asked(at=NOW, complete_at=NOW - minutes * MINUTE, problem=problem)
    return replace(LOOK, state=replace(WELL, asked=asked))


def misunderstood(dead: int, total: int) -> Look:
    """A source so many of whose deliveries are dead."""
    return replace(LOOK, letters=Letters(dead, total, NOW - 9 * MINUTE))


def begun(look: Look, standing: Mapping[Concern, datetime] = NOTHING) -> list[Concern]:
    """What begins."""
    return [each.concern for each in worries(look, standing) if each.firing]


def over(look: Look, standing: Mapping[Concern, datetime]) -> list[str]:
    """What is over, in words."""
    return [each.text for each in worries(look, standing) if not each.firing]


def test_a_sound_source_is_no_news() -> None:
    """It speaks, it answers, and what it says is understood."""
    assert [] == worries(LOOK, NOTHING)


def test_silence_explains_itself() -> None:
    """It says how long it is silent, why that is too long, and who looks where."""
    [worry] = worries(silent(85), NOTHING)

    assert (Concern.SILENT, True, NOW - 85 * MINUTE) == (worry.concern, worry.firing, worry.since)
    assert Severity.DISASTER is worry.severity
    assert (
        "It is to speak at least every 20 min; it has been silent for 85 min, since 2026-03-14 "
        "01:35 UTC. Whoever runs it looks" in worry.text
    )


@pytest.mark.parametrize(
    "look",
    [
        silent(20),
        replace(silent(85), behind=True),
        replace(silent(85), started=NOW - 20 * MINUTE),
        replace(silent(85), source=replace(ZABBIX, heartbeat=False)),
        replace(silent(85), source=replace(ZABBIX, told=None)),
    ],
    ids=["short", "not digested yet", "Watcher was down", "nothing expected", "no habit yet"],
)
def test_a_source_is_not_blamed_without_need(look: Look) -> None:
    """Silence counts once Watcher itself listens, and has digested what it heard."""
    assert [] == begun(look)


def test_a_source_that_never_spoke_is_silent_since_watcher_listens() -> None:
    """Where people say how often it should."""
    look = replace(LOOK, state=replace(WELL, heard=Heard()))
    [worry] = worries(look, NOTHING)

    assert STARTED == worry.since
    assert "nothing was ever heard of it" in worry.text
    assert [] == begun(replace(look, started=NOW))


def test_silence_is_over_when_the_source_speaks() -> None:
    """And not because Watcher was started anew, which does not know for how long it is silent."""
    standing = {Concern.SILENT: NOW - 85 * MINUTE}

    assert ["It spoke again 2026-03-14 03:00 UTC."] == over(LOOK, standing)
    assert [] == worries(replace(silent(85), started=NOW), standing)
    assert [] == worries(silent(85), standing)
    nobody = replace(silent(85), source=replace(ZABBIX, heartbeat=False))
    assert ["Nobody expects it to speak any more."] == over(nobody, standing)


def test_another_silence_is_told_apart() -> None:
    """It spoke in between, though nobody looked then."""
    standing = {Concern.SILENT: NOW - 500 * MINUTE}

    assert [False, True] == [each.firing for each in worries(silent(85), standing)]


@pytest.mark.parametrize(
    ("trouble", "concern", "words"),
    [
        ("token", Concern.TOKEN, "`monitor.token` of the source 'zbx'"),
        ("rights", Concern.REFUSED, "the rights of the user"),
        ("strange", Concern.REFUSED, "`monitor.url` of the source 'zbx'"),
        ("unreachable", Concern.UNREACHABLE, "cannot be reached since 2026-03-14 02:49 UTC"),
    ],
)
def test_a_monitoring_system_that_does_not_answer_is_news(
    trouble: str, concern: Concern, words: str
) -> None:
    """What it said is told, and who mends that where."""
    [worry] = worries(refusing(trouble), NOTHING)

    assert (concern, NOW - 11 * MINUTE, Severity.HIGH) == (
        worry.concern,
        worry.since,
        worry.severity,
    )
    assert "Zabbix at zabbix.example" in worry.text
    assert "it said no" in worry.text
    assert words in worry.text
    assert [] == worries(refusing(trouble), {concern: NOW - 11 * MINUTE})


def test_only_a_refused_token_is_news_at_once() -> None:
    """Everything else passes by itself often enough."""
    tokens = [begun(refusing(each, minutes=9)) for each in ("token", "strange", "unreachable")]

    assert [[Concern.TOKEN], [], []] == tokens


def test_what_was_wrong_before_watcher_was_down_is_asked_again_first() -> None:
    """It may be mended meanwhile. Nobody asks a source without a monitor."""
    look = refusing("token")
    stale = replace(look.state, asked=replace(look.state.asked, at=NOW - 9 * MINUTE))

    assert [] == begun(replace(look, state=stale, started=NOW - MINUTE))
    assert [] == begun(replace(look, source=replace(ZABBIX, every=None)))


def test_trouble_is_over_when_there_is_none_or_another() -> None:
    """One concern at a time for what is wrong with the monitoring system."""
    standing = {Concern.UNREACHABLE: NOW - 11 * MINUTE}

    assert ["It answers again."] == over(LOOK, standing)
    assert ["What is wrong is something else by now."] == over(refusing("token"), standing)
    assert [Concern.TOKEN] == begun(refusing("token"), standing)
    unasked = replace(refusing("unreachable"), source=replace(ZABBIX, every=None))
    assert ["Its monitoring system is not asked any more."] == over(unasked, standing)
    assert [Concern.UNREACHABLE] == begun(refusing("unreachable", 10), standing)


def test_what_cannot_be_reached_in_two_ways_is_one_concern() -> None:
    """A proxy answers nonsense for a system that is down, or nothing at all."""
    since = NOW - 11 * MINUTE

    assert [] == worries(refusing("strange"), {Concern.UNREACHABLE: since})
    assert [] == worries(refusing("unreachable"), {Concern.REFUSED: since})
    assert [False, True] == [
        each.firing for each in worries(refusing("token"), {Concern.REFUSED: since})
    ]


def test_an_answer_that_is_never_complete_is_news() -> None:
    """After half an hour, or after five rounds where these take longer."""
    [worry] = worries(overdue(31, "one host was left out"), NOTHING)

    assert Concern.OVERDUE is worry.concern
    assert "no complete answer since 2026-03-14 02:29 UTC: one host was left out." in worry.text
    assert [] == begun(overdue(30))
    rarely = replace(ZABBIX, every=10 * MINUTE)
    assert [] == begun(replace(overdue(50), source=rarely))
    assert [Concern.OVERDUE] == begun(replace(overdue(51), source=rarely))
    assert [] == begun(replace(overdue(51), source=replace(ZABBIX, every=None)))
    assert [] == begun(replace(overdue(51), started=NOW - 30 * MINUTE))
    assert [] == begun(replace(overdue(51), behind=True))


def test_an_answer_is_overdue_until_there_is_one() -> None:
    """Also while it is known by now why there is none."""
    standing = {Concern.OVERDUE: NOW - 31 * MINUTE}

    assert [] == worries(overdue(31), standing)
    assert ["It answered 2026-03-14 03:00 UTC."] == over(LOOK, standing)
    never = replace(LOOK, state=SourceState(WELL.heard))
    assert [Concern.OVERDUE] == begun(never)
    assert [] == worries(never, {Concern.OVERDUE: STARTED})


@pytest.mark.parametrize(
    ("dead", "total", "news"),
    [(9, 9, False), (10, 200, False), (11, 200, True), (1000, 1000, True)],
)
def test_many_dead_letters_are_news(dead: int, total: int, news: bool) -> None:
    """Ten, and more than one in twenty."""
    assert ([Concern.DEAD_LETTERS] if news else []) == begun(misunderstood(dead, total))


def test_dead_letters_say_where_they_are() -> None:
    """And that is over when there are few again."""
    [worry] = worries(misunderstood(1000, 1200), NOTHING)
    standing = {Concern.DEAD_LETTERS: worry.since}

    assert worry.text.startswith("1000 of 1200 deliveries in 10 min could not be understood.")
    assert "`watcher deliveries replay`" in worry.text
    assert [] == worries(misunderstood(400, 500), {Concern.DEAD_LETTERS: STARTED})
    assert ["What it posts now is understood."] == over(LOOK, standing)
    assert [] == over(replace(LOOK, behind=True), standing)


def test_what_is_wrong_with_a_source_is_over_when_it_is_gone() -> None:
    """Nobody would mend it any more."""
    worry = gone(Concern.SILENT, NOW)

    assert (Concern.SILENT, False, NOW) == (worry.concern, worry.firing, worry.since)
    assert "not in the configuration any more" in worry.text


LOST = Lost(2, NOW - 8 * MINUTE, NOW - 5 * MINUTE)
AGO = NOW - 60 * MINUTE


def test_messages_that_are_given_up_are_news() -> None:
    """Since the first of them; the text says where to look, and who mends it."""
    worry = undelivered("mail", LOST, None)

    assert worry is not None
    assert (Concern.UNDELIVERED, True, LOST.first, Severity.HIGH) == (
        worry.concern,
        worry.firing,
        worry.since,
        worry.severity,
    )
    assert worry.text.startswith(
        "2 messages were given up over the channel 'mail' in 10 min: people were not told. "
    )
    one = undelivered("mail", replace(LOST, count=1), None)
    assert one is not None
    assert "1 message was given up" in one.text


@pytest.mark.parametrize(
    ("lost", "since", "text"),
    [
        (None, None, ""),
        (replace(LOST, count=0), None, ""),
        (replace(LOST, arrived=NOW), None, ""),
        (LOST, AGO, ""),
        (replace(LOST, arrived=LOST.first), AGO, ""),
        (replace(LOST, count=0), AGO, ""),
        (replace(LOST, count=0, arrived=NOW), AGO, "A message has arrived since."),
        (None, AGO, "What was given up is tried again."),
    ],
)
def test_a_channel_works_again_when_something_arrives(
    lost: Lost | None, since: datetime | None, text: str
) -> None:
    """That nothing more was lost proves nothing: perhaps there was nothing to tell."""
    worry = undelivered("mail", lost, since)

    assert text == (worry.text if worry else "")
    assert worry is None or not worry.firing


def test_a_channel_that_was_taken_out_is_not_called_a_source() -> None:
    """The words fit what they are about."""
    text = "The channel is not in the configuration any more."

    assert text == gone(Concern.UNDELIVERED, AGO).text
