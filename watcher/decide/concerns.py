"""What is wrong with a source itself or a channel, from when on, and when that is over."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from watcher.decide.heartbeat import lasting, limit_of
from watcher.model.concern import Concern, Letters, Lost, Watched, Worry
from watcher.model.event import Severity
from watcher.model.source import SourceState

LATELY = timedelta(minutes=10)
LEAST_DEAD = 10
_SHARE = 0.05
_PATIENCE = timedelta(minutes=10)
_OVERDUE = timedelta(minutes=30)
_ROUNDS = 5

# In the words of `Asked.trouble`.
_TROUBLES = {
    "token": Concern.TOKEN,
    "rights": Concern.REFUSED,
    "strange": Concern.REFUSED,
    "unreachable": Concern.UNREACHABLE,
}
# A proxy before a system that is down may say either in turn: whichever came first stays.
_OTHER = {
    Concern.REFUSED: Concern.UNREACHABLE,
    Concern.UNREACHABLE: Concern.REFUSED,
}
# Nobody hears of anything any more, or only of less than there is.
_SEVERITY = {Concern.SILENT: Severity.DISASTER}
_STILL = (
    "Alerts that it posts still arrive, but one that gets lost is not noticed, and what people "
    "decide here is not told there."
)


@dataclass(frozen=True, slots=True)
class Look:
    """A source as it looks `now` to whoever has watched since `started`.

    While the digest is `behind`, it may have spoken without being heard, and is not asked.
    """

    source: Watched
    state: SourceState
    now: datetime
    started: datetime
    behind: bool = False
    letters: Letters | None = None


def worries(look: Look, standing: Mapping[Concern, datetime]) -> list[Worry]:
    """What begins and what is over, where these concerns stand since then."""
    found = {each.concern: each for each in _found(look)}
    over = [
        Worry(concern, False, since, _severity(concern), text)
        for concern, since in standing.items()
        if (text := _over(look, concern, since, found.get(concern)))
    ]
    still = standing.keys() - {each.concern for each in over}
    begun = [
        each
        for each in found.values()
        if each.concern not in still and _OTHER.get(each.concern) not in still
    ]
    return over + begun


def undelivered(channel: str, lost: Lost | None, since: datetime | None) -> Worry | None:
    """What begins or is over with a channel, of which it stands `since` then that it loses
    messages. Only one that arrives proves that it works again, or a person who let the others go.
    """
    concern = Concern.UNDELIVERED
    works = lost is not None and lost.arrived is not None and lost.arrived > lost.last
    if since is not None:
        if lost is not None and not works:
            return None
        text = "A message has arrived since." if works else "What was given up is tried again."
        return Worry(concern, False, since, _severity(concern), text)
    if lost is None or works or not lost.count:
        return None
    messages = "1 message was" if lost.count == 1 else f"{lost.count} messages were"
    return _begun(
        concern,
        lost.first,
        f"{messages} given up over the channel {channel!r} in {lasting(LATELY)}: people were not "
        "told. The page Actions says of each why, and there it can be tried again once whoever "
        "runs the channel has mended it.",
    )


def gone(concern: Concern, since: datetime) -> Worry:
    """It is over, because what it is about is not there any more."""
    what = "channel" if concern is Concern.UNDELIVERED else "source"
    text = f"The {what} is not in the configuration any more."
    return Worry(concern, False, since, _severity(concern), text)


def _found(look: Look) -> Iterator[Worry]:
    for find in (_silent, _unanswered, _overdue, _dead_letters):
        worry = find(look)
        if worry is not None:
            yield worry


def _silent(look: Look) -> Worry | None:
    source, heard = look.source, look.state.heard
    limit = limit_of(heard, source.told) if source.heartbeat else None
    since = heard.at or look.started
    if limit is None or look.behind or look.now - max(since, look.started) <= limit.length:
        return None
    what = f"it has been silent for {lasting(look.now - since)}, since {_time(since)}"
    if heard.at is None:
        what = f"nothing was ever heard of it, though Watcher listens since {_time(since)}"
    return _begun(
        Concern.SILENT,
        since,
        f"{limit.because}; {what}. Whoever runs it looks whether it works, whether it reaches "
        "Watcher, and what its own log says of sending.",
    )


def _unanswered(look: Look) -> Worry | None:
    asked = look.state.asked
    concern = _TROUBLES.get(asked.trouble)
    # What was wrong before Watcher was down need not be so still: it is asked again first.
    if concern is None or not look.source.every or (asked.at or look.started) < look.started:
        return None
    since = asked.since or look.now
    if concern is not Concern.TOKEN and look.now - since < _PATIENCE:
        return None
    kind, name = look.source.kind.capitalize(), look.source.name
    where = f"{kind} at {look.source.address}"
    said = {
        Concern.TOKEN: (
            f"{where} cannot be asked with Watcher's token: {asked.problem}. Whoever administers "
            f"{kind} makes another one for the same user; it belongs to `monitor.token` of the "
            f"source {name!r} in Watcher's configuration."
        ),
        Concern.REFUSED: (
            f"{where} does not answer as it should: {asked.problem}. Whoever administers {kind} "
            "looks at the rights of the user that Watcher is there, and at `monitor.url` of the "
            f"source {name!r} in Watcher's configuration."
        ),
        Concern.UNREACHABLE: (
            f"{where} cannot be reached since {_time(since)}: {asked.problem}. Whoever runs {kind} "
            "looks whether it works, and whether Watcher's machine gets through to it."
        ),
    }
    return _begun(concern, since, f"{said[concern]} {_STILL}")


def _overdue(look: Look) -> Worry | None:
    every, asked = look.source.every, look.state.asked
    since = asked.complete_at or look.started
    if every is None or look.behind or asked.trouble in _TROUBLES:
        return None
    if look.now - max(since, look.started) <= max(_ROUNDS * every, _OVERDUE):
        return None
    kind = look.source.kind.capitalize()
    why = f": {asked.problem}" if asked.problem else ""
    return _begun(
        Concern.OVERDUE,
        since,
        f"{kind} at {look.source.address} gave no complete answer since {_time(since)}{why}. The "
        f"page Sources and the log of Watcher's worker say more. {_STILL}",
    )


def _dead_letters(look: Look) -> Worry | None:
    letters = look.letters
    if letters is None or letters.dead < LEAST_DEAD or letters.dead <= _SHARE * letters.total:
        return None
    return _begun(
        Concern.DEAD_LETTERS,
        letters.since,
        f"{letters.dead} of {letters.total} deliveries in {lasting(LATELY)} could not be "
        "understood. They are kept: the page Deliveries says of each why. Whoever runs the source "
        "mends what it posts, or the options of the source in Watcher's configuration; then "
        "`watcher deliveries replay` digests them again.",
    )


def _over(look: Look, concern: Concern, since: datetime, found: Worry | None) -> str:
    """Why a concern is over; empty while nobody can know that."""
    if concern is Concern.SILENT:
        if not look.source.heartbeat:
            return "Nobody expects it to speak any more."
        return _again("It spoke again", look.state.heard.at, since)
    if concern is Concern.DEAD_LETTERS:
        return "" if found or look.behind else "What it posts now is understood."
    return _answered(look, concern, since)


def _answered(look: Look, concern: Concern, since: datetime) -> str:
    """The same of what is wrong with its monitoring system."""
    asked = look.state.asked
    if look.source.every is None:
        return "Its monitoring system is not asked any more."
    if concern is Concern.OVERDUE:
        return _again("It answered", asked.complete_at, since)
    present = _TROUBLES.get(asked.trouble)
    if asked.since == since and present in {concern, _OTHER.get(concern, concern)}:
        return ""
    return "What is wrong is something else by now." if asked.trouble else "It answers again."


def _again(what: str, at: datetime | None, since: datetime) -> str:
    return f"{what} {_time(at)}." if at is not None and at > since else ""


def _begun(concern: Concern, since: datetime, text: str) -> Worry:
    return Worry(concern, True, since, _severity(concern), text[:1].upper() + text[1:])


def _severity(concern: Concern) -> Severity:
    return _SEVERITY.get(concern, Severity.HIGH)


def _time(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
