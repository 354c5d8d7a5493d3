"""Problems: the records themselves, their timelines, and the incidents that are tied to them."""

from collections.abc import Collection, Iterable
from datetime import datetime

from watcher.model.incident import Incident
from watcher.model.problem import Problem, ProblemEntry, ProblemStatus, Tie
from watcher.store import incident_rows, problem_rows
from watcher.store.link import INCIDENT, PROBLEM, PROBLEM_ENTRY, TIE, Link
from watcher.store.values import to_json, to_micros

_NUMBERS = """
INSERT INTO counter (name, value) VALUES ('problem', :count)
ON CONFLICT (name) DO UPDATE SET value = counter.value + excluded.value RETURNING value
"""
_PROBLEMS = f"SELECT {', '.join(PROBLEM.columns)} FROM problem"  # noqa: S608 - names of the schema
_TIMELINE = f"""
SELECT {", ".join(PROBLEM_ENTRY.columns)} FROM problem_entry WHERE problem = :number ORDER BY id
"""  # noqa: S608 - names of the schema
_TIES = f"SELECT {', '.join(TIE.columns)} FROM tie"  # noqa: S608 - names of the schema
_INCIDENTS = f"""
SELECT {", ".join(INCIDENT.columns)} FROM incident
WHERE problem = :number AND opened_at >= :since ORDER BY number
"""  # noqa: S608 - names of the schema
_PLACE = """
SELECT count(*) FROM incident WHERE problem = :problem AND merged_into IS NULL
AND (opened_at < :at OR opened_at = :at AND number <= :number)
"""
_OPENED = f"""
SELECT {", ".join(INCIDENT.columns)} FROM incident WHERE number > :after
ORDER BY number LIMIT :limit
"""  # noqa: S608 - names of the schema
_GROUPS = """
SELECT group_key FROM incident WHERE customer = :customer AND group_key LIKE :pattern
"""
_FOLLOWED = "SELECT value FROM counter WHERE name = 'recurrence'"
_FOLLOW = """
INSERT INTO counter (name, value) VALUES ('recurrence', :number)
ON CONFLICT (name) DO UPDATE SET value = excluded.value
"""
_LIVING = f"""
SELECT {", ".join(f"i.{name}" for name in INCIDENT.columns)}
FROM tie AS t CROSS JOIN incident AS i WHERE t.problem = :number AND t.bond <> 'refused'
AND i.number = t.incident AND i.status IN ('open', 'acknowledged') ORDER BY i.number
"""  # noqa: S608 - names of the schema
_STANDING = "SELECT number FROM problem WHERE status NOT IN ('refused', 'closed') ORDER BY number"
# What has ended stays resolved for a while, and what a person closed at once left a line.
_STIRRED = """
SELECT problem FROM incident {using}
WHERE status IN ('open', 'acknowledged', 'resolved') AND problem IS NOT NULL
UNION SELECT i.problem FROM (SELECT incident FROM entry ORDER BY id DESC LIMIT 1000) AS e
CROSS JOIN incident AS i WHERE i.number = e.incident AND i.problem IS NOT NULL
"""


def take_numbers(link: Link, count: int) -> range:
    """So many new numbers of problems."""
    [(last,)] = link.rows(_NUMBERS, {"count": count})
    return range(last - count + 1, last + 1)


def problem(link: Link, number: int, customer: str | None) -> Problem | None:
    """A problem, unless it is not there for this customer."""
    found = link.rows(f"{_PROBLEMS} WHERE number = :number", {"number": number})
    nouns = map(problem_rows.to_problem, found)
    return next((each for each in nouns if customer in {None, each.customer}), None)


def of_customer(link: Link, customer: str, statuses: Iterable[ProblemStatus]) -> list[Problem]:
    """The problems of a customer that stand so, in the order of their numbers."""
    names = ", ".join(f"'{status.value}'" for status in statuses)
    sql = f"{_PROBLEMS} WHERE customer = :customer AND status IN ({names}) ORDER BY number"
    return list(map(problem_rows.to_problem, link.rows(sql, {"customer": customer})))


def add_entries(link: Link, entries: Iterable[ProblemEntry]) -> int:
    """Writes lines on timelines, those with a known key only once; returns how many."""
    return link.add(PROBLEM_ENTRY, [problem_rows.from_entry(entry) for entry in entries])


def timeline(link: Link, number: int) -> list[ProblemEntry]:
    """What happened to a problem, in the order in which it was written down."""
    return list(map(problem_rows.to_entry, link.rows(_TIMELINE, {"number": number})))


def ties_of_problem(link: Link, number: int) -> list[Tie]:
    """The incidents that belong to a problem, may do so, or do not as somebody said."""
    found = link.rows(f"{_TIES} WHERE problem = :number ORDER BY incident", {"number": number})
    return list(map(problem_rows.to_tie, found))


def ties_of_incidents(link: Link, numbers: Collection[int]) -> list[Tie]:
    """The same the other way round."""
    keys = [(number,) for number in sorted(set(numbers))]
    return sorted(
        map(problem_rows.to_tie, link.find(TIE, ("incident",), keys)),
        key=lambda tie: (tie.incident, tie.problem),
    )


def drop_ties(link: Link, number: int) -> None:
    """Forgets what belonged to a problem, which has gone into another."""
    link.run("DELETE FROM tie WHERE problem = :number", {"number": number})


def incidents(link: Link, number: int, since: datetime | None = None) -> list[Incident]:
    """The incidents of a problem that opened since then, in the order of their numbers."""
    asked = {"number": number, "since": 0 if since is None else to_micros(since)}
    found = link.rows(_INCIDENTS, asked)
    return list(map(incident_rows.to_incident, found))


def place(link: Link, number: int, incident: Incident) -> int:
    """Which of the incidents of a problem that one is, in the order in which they opened."""
    asked = {"problem": number, "at": to_micros(incident.opened_at), "number": incident.number}
    [(count,)] = link.rows(_PLACE, asked)
    return int(count)


def followed(link: Link) -> int:
    """The newest incident that was compared with those of before, 0 where none was."""
    return sum(number for (number,) in link.rows(_FOLLOWED))


def follow(link: Link, number: int) -> None:
    """Says that incidents up to that number have been compared."""
    link.run(_FOLLOW, {"number": number})


def opened(link: Link, after: int, limit: int) -> list[Incident]:
    """The incidents with the next greater numbers, in their order."""
    asked = {"after": after, "limit": limit}
    return list(map(incident_rows.to_incident, link.rows(_OPENED, asked)))


def groups_like(link: Link, customer: str, start: str) -> list[str]:
    """The groups of a customer's incidents, over or not, that begin so."""
    asked = {"customer": customer, "pattern": f"{start}%"}
    return [group for (group,) in link.rows(_GROUPS, asked)]


def incidents_named(link: Link, numbers: Iterable[int]) -> dict[int, Incident]:
    """The known incidents of these numbers, which others may change meanwhile."""
    sql = f"SELECT {', '.join(INCIDENT.columns)} FROM incident WHERE number IN ({link.each})"  # noqa: S608 - names of the schema
    found = link.rows(sql, {"ids": to_json(list(numbers))})
    return {row[0]: incident_rows.to_incident(row) for row in found}


def named(link: Link, numbers: Iterable[int]) -> dict[int, Problem]:
    """The known problems of these numbers, which others may change meanwhile."""
    found = link.rows(f"{_PROBLEMS} WHERE number IN ({link.each})", {"ids": to_json(list(numbers))})
    return {row[0]: problem_rows.to_problem(row) for row in found}


def living(link: Link, number: int) -> list[Incident]:
    """The incidents that are not over and belong to a problem, or may do so."""
    return list(map(incident_rows.to_incident, link.rows(_LIVING, {"number": number})))


def stirred(link: Link) -> list[int]:
    """The problems of which an incident may have opened or ended lately."""
    found = link.rows(_STIRRED.format(using=link.using("incident_status")))
    return sorted(number for (number,) in found)


def standing(link: Link) -> list[int]:
    """The problems that are neither refused nor closed."""
    return [number for (number,) in link.rows(_STANDING)]
