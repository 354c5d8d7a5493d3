"""Asks the correlator where an alert belongs, and carries out what else is different then."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from watcher.decide import lifecycle, regroup
from watcher.decide.apart import apart, chosen
from watcher.decide.correlate import Homecoming, homecoming, onset_of, point_of
from watcher.decide.correlator import Place, Ruling
from watcher.decide.disruptions import Merger
from watcher.decide.flapping import hold_for
from watcher.decide.lifecycle import Both, Moment, Step
from watcher.decide.naming import title_of
from watcher.decide.recount import Ground
from watcher.decide.suspect import Lineup
from watcher.engine.book import Book
from watcher.engine.going import Going
from watcher.engine.rulebook import Rulebook
from watcher.model.alert import Alert, Counted, Occurrence
from watcher.model.change import replace
from watcher.model.incident import Incident, Status, Suspect

_SETTLED = "suspect"

Write = Callable[[Step, datetime], object]
_Moves = Mapping[int, list[Place]]


class Correlation:
    """The correlator's part in folding news into one book; `write` takes each step of an incident
    that follows.
    """

    def __init__(self, book: Book, rulebook: Rulebook, going: Going, write: Write) -> None:
        self._book = book
        self._policy = rulebook.policy
        self._ground = Ground(rulebook.policy, rulebook.catalogue)
        self._going = going
        self._write = write
        self._leaving: _Moves = {}

    def place(
        self, alert: Alert, span: Occurrence, before: Occurrence | None, now: datetime
    ) -> Place:
        """Where a span belongs that begins, and is not in the book yet; all else is done, but that
        what leaves the same incident has to `make_way` once the span is there: it is never empty.
        """
        ruling = self._rule(alert, span, before, now)
        [mine] = (each for each in ruling.placed if each.onset.span == span.span)
        others = replace(ruling, placed=tuple(each for each in ruling.placed if each is not mine))
        self._leaving = self._carry_out(others, alert.customer, now, mine.number)
        return mine

    def counted(self, alert: Alert, place: Place) -> Counted:
        """How a span counts that begins at that place."""
        return self._going.counted(alert, place.onset)

    def joined(self, span: Occurrence, place: Place, now: datetime, opened: bool) -> None:
        """The span is part of its incident now, which may be new."""
        if opened:
            self._going.suspects.open(place.number, span.customer)
        self._going.suspect(span, place.onset, place.number)
        self._accuse(place.number, now)

    def make_way(self, place: Place, now: datetime) -> None:
        """Whatever does not belong with the span any more leaves its incident."""
        leaving, self._leaving = self._leaving, {}
        for into, places in leaving.items():
            self._move(place.number, into, places, now)

    def settle(self, now: datetime) -> None:
        """Settles the suspects of the incidents that have had their time by now."""
        for number, lineup in self._going.suspects.settled(now):
            incident = self._book.find(number)
            if incident is None or incident.merged_into is not None or lineup.first is None:
                continue
            suspect = self._suspect(lineup, incident.customer)
            first = self._book.alert((incident.customer, lineup.first.key))
            if suspect is None or first is None:
                continue
            accused = self._alert(incident.customer, suspect)
            at, suspect = datetime.fromtimestamp(lineup.until, UTC), replace(suspect, settled=True)
            settled = replace(incident, suspect=suspect, title=title_of(incident, first, accused))
            step = Step(settled)
            if incident.alerts > 1:
                text = f"likely cause: {suspect.host or first.name}"
                step = lifecycle.note(settled, text, Moment(at, suspect.reason), key=_SETTLED)
            self._write(step, at)

    def _accuse(self, number: int, now: datetime) -> None:
        """Names the suspect as it is known by now, as long as that may change."""
        lineup = self._going.suspects.lineup(number)
        incident = self._book.find(number)
        if lineup is None or incident is None or not lineup.stale:
            return
        suspect = self._suspect(lineup, incident.customer)
        if suspect is not None and suspect != incident.suspect:
            self._write(Step(replace(incident, suspect=suspect)), now)

    def _suspect(self, lineup: Lineup, customer: str) -> Suspect | None:
        """The suspect, since its alert began: that may be long before it counted."""
        suspect = lineup.suspect()
        alert = self._alert(customer, suspect) if suspect is not None else None
        if suspect is None or alert is None or alert.started_at >= suspect.started_at:
            return suspect
        return replace(suspect, started_at=alert.started_at)

    def _alert(self, customer: str, suspect: Suspect) -> Alert | None:
        """The most telling alert of a suspect; the silent switch of a storm has none."""
        return self._book.alert((customer, suspect.key)) if suspect.key else None

    def replace(self, alert: Alert, span: Occurrence, before: Occurrence, now: datetime) -> None:
        """Decides again about a span, because more is known about the one before it."""
        if chosen(span, self._book.find(span.incident or 0)):
            return
        heard_at = span.joined_at or now
        if now - heard_at <= self._policy.grouping.lateness:
            ruling = self._rule(alert, span, before, heard_at)
            self._carry_out(ruling, alert.customer, now)

    def _rule(
        self, alert: Alert, span: Occurrence, before: Occurrence | None, now: datetime
    ) -> Ruling:
        rules = self._policy.grouping
        point = span.counted.at if span.counted else point_of(span, now, rules.lateness)
        back = self._homecoming(alert, span, before)
        onset = onset_of(alert, span, point, back, rules)
        if before is not None and back is not None:
            onset = replace(onset, after=before.span)
        if onset.barred:
            onset = replace(onset, barred=frozenset(map(self._present, onset.barred)))
        return self._going.of(alert.customer).take(onset, _Register(self._book))

    def _homecoming(
        self, alert: Alert, span: Occurrence, before: Occurrence | None
    ) -> Homecoming | None:
        home = self._book.find(before.incident) if before and before.incident else None
        if home is None:
            return None
        hold = hold_for(alert, self._policy, span.started_at)
        return homecoming(before, home, span, hold, self._policy.grouping.gap)

    def _present(self, number: int) -> int:
        """The incident that has what that one had; people may have merged it since."""
        incident = self._book.find(number)
        while incident is not None and incident.merged_into is not None:
            number = incident.merged_into
            incident = self._book.find(number)
        return number

    def _carry_out(
        self, ruling: Ruling, customer: str, now: datetime, joins: int | None = None
    ) -> _Moves:
        """Does what follows for others, but leaves what goes from the incident that is joined."""
        for merger in ruling.merged:
            self._merge(merger, now)
        moves = self._moves(ruling, customer)
        leaving = moves.pop(joins or 0, {})
        for source, targets in moves.items():
            for into, places in targets.items():
                self._move(source, into, places, now)
        for number, by in ruling.overtaken.items():
            incident = self._book.find(number)
            if incident is not None:
                self._book.put_incident(replace(incident, overtaken_by=by))
        return leaving

    def _moves(self, ruling: Ruling, customer: str) -> dict[int, _Moves]:
        """What goes from where to where; what stays for another reason says so."""
        moves: dict[int, dict[int, list[Place]]] = defaultdict(lambda: defaultdict(list))
        for place in ruling.placed:
            span = self._book.span((customer, *place.onset.span))
            if span is None or span.incident is None:
                continue
            if span.incident == place.number:
                self._book.put_occurrence(replace(span, reason=place.reason))
            else:
                moves[span.incident][place.number].append(place)
        return {source: dict(targets) for source, targets in moves.items()}

    def _merge(self, merger: Merger, now: datetime) -> None:
        book, rules = self._book, self._policy.grouping
        later, earlier = book.find(merger.later), book.find(merger.earlier)
        if later is None or later.status is Status.CLOSED:
            return
        if earlier is None:
            earlier = replace(later, number=merger.earlier, alerts=0, firing=0)
            book.put_incident(earlier)
            self._going.suspects.open(earlier.number, earlier.customer)
        alerts = book.move(later.number, earlier.number, merger.reason, now)
        moment = Moment(now, merger.reason)
        for step in lifecycle.merge(
            Both(later, earlier, alerts), moment, self._ground.scale, rules
        ):
            self._write(step, now)
        self._going.suspects.merge(later.number, earlier.number)
        self._accuse(earlier.number, now)

    def _move(self, source: int, into: int, places: list[Place], now: datetime) -> None:
        """Spans go from one incident to another, which may be new; never where one is closed."""
        book, left, target = self._book, self._book.find(source), self._book.find(into)
        if left is None or Status.CLOSED in {each.status for each in (left, target) if each}:
            return
        roll = book.roll(left)
        reasons = {place.onset.span: place.reason for place in places}
        some = [each for each in roll.members if each[1].span in reasons]
        moment = Moment(now, places[0].reason)
        if target is not None:
            result = regroup.move(roll, some, book.roll(target), moment, self._ground)
        elif len(some) < len(roll.members):
            fresh = regroup.fresh(into, some, self._ground.catalogue)
            result = regroup.split(roll, some, fresh, moment, self._ground)
        else:
            self._merge(Merger(source, into, moment.reason), now)
            return
        for alert, span in result.moved:
            book.put_alert(alert)
            book.put_occurrence(replace(span, reason=reasons[span.span]))
        self._write(result.source, now)
        self._write(result.into, now)
        if target is None:
            self._going.suspects.open(into, left.customer)
        spans = {span.span: span for _, span in some}
        for place in places:
            if place.onset.span in spans:
                self._going.suspect(spans[place.onset.span], place.onset, into, source)
        self._accuse(source, now)
        self._accuse(into, now)


class _Register:
    """See `Register`: the incidents of a book."""

    def __init__(self, book: Book) -> None:
        self._book = book

    def number(self) -> int:
        return self._book.number()

    def free(self, number: int) -> bool:
        incident = self._book.find(number)
        return incident is None or _untouched(incident)

    def apart(self, one: int, other: int) -> bool:
        first, second = self._book.find(one), self._book.find(other)
        return bool(first and second and apart(first, second))


def _untouched(incident: Incident) -> bool:
    return (
        incident.opened_by == lifecycle.MACHINE
        and incident.acknowledged_at is None
        and incident.arranged is None
        and incident.held_by is None
        and incident.status is not Status.CLOSED
    )
