"""A month in the life of a customer: a disk that fills every Monday, until somebody asks why."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import orjson
import pytest

from tests.stories.telling import Story, olga
from watcher.decide.problem import Texts
from watcher.engine.command import Desk
from watcher.engine.problems import ProblemDesk
from watcher.model.incident import EntryKind, Incident, Priority
from watcher.model.problem import Bond, Problem, ProblemEntryKind, ProblemStatus
from watcher.store.query import Query

MONDAY = datetime.fromisoformat("2026-03-16T03:00:00+00:00")
WEEK = timedelta(days=7)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Trigger:
    """A problem of Zabbix on a host, and its end `resolved`."""

    name: str
    event: int
    host: str = "db01"
    resolved: bool = False
    source: str = "zabbix"

    def body(self, now: datetime) -> bytes:
        """As the webhook sends it."""
        fields = {
            "event_source": "0",
            "event_value": "0" if self.resolved else "1",
            "event_update_status": "0",
            "event_nseverity": "3",
            "event_id": str(self.event),
            "trigger_id": str(sum(self.name.split(" since ")[0].encode())),
            "host_host": self.host,
            "host_name": self.host,
            "event_name": self.name,
            "event_date": f"{now:%Y.%m.%d}",
            "event_time": f"{now:%H:%M:%S}",
        }
        if self.resolved:
            fields |= {
                "event_recovery_id": str(self.event + 1000),
                "event_recovery_date": f"{now:%Y.%m.%d}",
                "event_recovery_time": f"{now:%H:%M:%S}",
            }
        return orjson.dumps(fields)


class Month:
    """What happens to acme and globex, and what comes of it."""

    def __init__(self, story: Story) -> None:
        self.story = story
        settings = story.settings
        desk = Desk(story.store, story.clock, settings.policy, settings.catalogue, lambda: None)
        self.desk, self.problems = desk, ProblemDesk(desk)
        self.events = 0

    def until(self, at: datetime) -> None:
        """Time passes, and nothing happens."""
        self.story.clock.advance(at - self.story.clock.now())
        self.work()

    def trouble(self, at: datetime, name: str, host: str = "db01", source: str = "zabbix") -> int:
        """Something fires then, and is over an hour later; returns its incident."""
        self.until(at)
        self.events += 1
        self.say(Trigger(name, self.events, host, source=source))
        number = self.incidents()[0].number
        self.until(at + timedelta(hours=1))
        self.say(Trigger(name, self.events, host, resolved=True, source=source))
        return number

    def full(self, at: datetime, source: str = "zabbix") -> int:
        """The disk of the database is full then."""
        return self.trouble(at, f"Disk /var of db01 is full since {at:%Y-%m-%d}", source=source)

    def say(self, said: Trigger) -> None:
        """Zabbix says this now."""
        now = self.story.clock.now()
        hours, rest = divmod(now - datetime.fromisoformat("2026-03-14T00:00:00+00:00"), _HOUR)
        self.story.at(f"{hours}:{rest / timedelta(minutes=1)}", said)
        self.work()

    def work(self) -> None:
        """Everything is done that is to be done now."""
        while self.story.worker.recurrence.step():
            pass
        self.story.worker.sweep.step()

    def incidents(self) -> list[Incident]:
        """The newest first."""
        with self.story.store.view() as view:
            return list(view.incident_list(Query(limit=100)).items)

    def known(self, customer: str = "acme") -> list[Problem]:
        """The problems of a customer."""
        with self.story.store.view() as view:
            return view.problems_of(customer, ProblemStatus)

    def told(self, number: int) -> list[tuple[str, str]]:
        """What the timeline of an incident says of problems, each with the reason."""
        with self.story.store.view() as view:
            found = view.timeline(number)
        return [(each.text, each.reason.text) for each in found if each.kind is EntryKind.PROBLEM]

    def bonds(self, number: int = 1) -> dict[int, Bond]:
        """The incidents of a problem."""
        with self.story.store.view() as view:
            return {each.incident: each.bond for each in view.ties_of_problem(number)}

    def reopened(self, number: int = 1) -> list[tuple[str, str]]:
        """Why a problem came back, as its timeline says."""
        with self.story.store.view() as view:
            found = view.problem_timeline(number)
        back = [each for each in found if each.kind is ProblemEntryKind.REOPENED]
        return [(each.text, each.reason.text) for each in back]


@pytest.fixture
def month(story: Story) -> Month:
    """The month of that story, which begins on a Saturday."""
    return Month(story)


def test_a_month_in_the_life_of_a_customer(month: Month) -> None:
    """The disk fills every Monday: proposed, confirmed, worked around, fixed, quiet, back."""
    first = month.full(MONDAY)
    month.trouble(MONDAY + timedelta(days=1), "nginx is down", "web01")
    second = month.full(MONDAY + WEEK)
    assert [] == month.known()
    assert [("the 2nd like this in 30 days")] == [
        text.split(";")[0] for text, _ in month.told(second)
    ]

    third = month.full(MONDAY + 2 * WEEK)
    [proposed] = month.known()
    # Each took an hour, and three quarters of one were promised.
    assert (ProblemStatus.PROPOSED, 3, 3, Priority.P3) == (
        proposed.status,
        proposed.cost.incidents,
        proposed.cost.breaches,
        proposed.priority,
    )
    assert {number: Bond.SURE for number in (first, second, third)} == month.bonds()

    month.problems.confirm(1, olga())
    month.problems.edit(1, Texts(runbook="linux-disk", awaits=True), olga())
    month.problems.known_error(1, olga(), workaround="logrotate -f /etc/logrotate.conf")

    fourth = month.full(MONDAY + 3 * WEEK)
    [(text, why), (help_, _)] = month.told(fourth)
    assert f"belongs to problem 1 ({proposed.title})" == text
    assert why.startswith("the 4th like this in 30 days, always Monday about 03:00; last time (#")
    assert (
        "known error 1: logrotate -f /etc/logrotate.conf; runbook: linux-disk; awaiting problem 1"
    ) == help_
    month.problems.used(1, fourth, worked=True, by=olga())
    month.problems.resolve(1, olga(), fix="logs go to a volume of their own")

    month.until(MONDAY + 7 * WEEK)
    assert ProblemStatus.RESOLVED is month.known()[0].status
    assert 1 == month.known()[0].worked

    fifth = month.full(MONDAY + 8 * WEEK)
    [back] = month.known()
    assert (ProblemStatus.KNOWN_ERROR, 1, fifth, Priority.P2) == (
        back.status,
        back.returns,
        max(month.bonds()),
        back.priority,
    )
    [(text, why)] = month.reopened()
    assert f"#{fifth} opened after it was resolved: it is back" == text
    assert "the same condition on the same host, 4 times before" in why
    assert "fixed by: logs go to a volume of their own" in why


def test_the_duty_hears_what_becomes_of_the_problem(month: Month) -> None:
    """Each of it once, however often the disk fills; nothing of what only came back."""
    for week in range(3):
        month.full(MONDAY + week * WEEK)
    month.problems.confirm(1, olga())
    month.problems.known_error(1, olga(), workaround="logrotate -f /etc/logrotate.conf")
    for week in range(3, 5):
        month.full(MONDAY + week * WEEK)
    month.problems.resolve(1, olga(), fix="logs go to a volume of their own")
    month.full(MONDAY + 8 * WEEK)
    [known] = month.known()

    name = f"{known.title} (problem 1)"
    assert [f"Is this a problem? {name}", f"Known error: {name}", f"It is back: {name}"] == [
        each.strip() for each in month.story.mails() if "problem 1" in each
    ]


def test_another_customer_sees_nothing_of_it(month: Month) -> None:
    """The same alerts elsewhere are new there, and count for nobody else."""
    for week in range(2):
        month.full(MONDAY + week * WEEK)
        month.full(MONDAY + week * WEEK + timedelta(hours=2), "zabbix-globex")
    assert ([], []) == (month.known("acme"), month.known("globex"))

    month.full(MONDAY + 2 * WEEK)
    stranger = month.full(MONDAY + 9 * WEEK, "zabbix-globex")

    assert (1, []) == (len(month.known("acme")), month.known("globex"))
    assert not any("problem" in text for text, _ in month.told(stranger))
    with month.story.store.view() as view:
        found = view.incidents(month.bonds())
    assert {"acme"} == {each.customer for each in found.values()}


def test_what_somebody_refused_is_not_proposed_again(month: Month) -> None:
    """However often it comes back: people said that there is no problem."""
    for week in range(3):
        month.full(MONDAY + week * WEEK)
    month.problems.refuse(1, olga())

    later = [month.full(MONDAY + week * WEEK) for week in range(3, 8)]

    assert [ProblemStatus.REFUSED] == [each.status for each in month.known()]
    assert [None] * 5 == [each.problem for each in month.incidents() if each.number in later]


def test_an_incident_that_somebody_untied_stays_away(month: Month) -> None:
    """And the next of the kind is only suggested, for a person has doubts."""
    for week in range(4):
        month.full(MONDAY + week * WEEK)
        if week == 2:
            month.problems.confirm(1, olga())
    fourth = max(month.bonds())
    month.problems.untie(1, fourth, olga())

    fifth = month.full(MONDAY + 4 * WEEK)

    assert (Bond.REFUSED, Bond.SUGGESTED) == (month.bonds()[fourth], month.bonds()[fifth])
