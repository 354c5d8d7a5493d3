"""Who hears by a message that there is a problem, that something helps, or that it is back.

Whoever is told of its incidents is told, once for each problem, event and channel.
"""

from collections.abc import Collection, Iterator, Mapping

from watcher.decide.lifecycle import News
from watcher.decide.problem import News as OfProblem
from watcher.decide.route import hears
from watcher.model.action import ActionKind, Intent
from watcher.model.incident import Incident, Priority
from watcher.model.policy import Policy
from watcher.model.problem import Problem

EVENTS: Mapping[OfProblem, News] = {
    OfProblem.PROPOSED: News.PROBLEM_PROPOSED,
    OfProblem.OPENED: News.PROBLEM_OPENED,
    OfProblem.KNOWN_ERROR: News.KNOWN_ERROR,
    OfProblem.REOPENED: News.PROBLEM_BACK,
}
"""How news of problems is called among what people are told of incidents."""


def problem_tidings(
    problem: Problem, news: OfProblem, incidents: Collection[Incident], policy: Policy
) -> Iterator[Intent]:
    """The messages about news of a problem, given its incidents that go on: nobody is woken by a
    problem alone. They are actions of the newest. Nobody is told more of a P5 than that it is
    there, nor that a person opened the problem again.
    """
    event = EVENTS.get(news)
    serious = [each for each in incidents if each.priority is not Priority.P5]
    by_hand = news is OfProblem.REOPENED and not problem.returns
    if event is None or by_hand or not serious:
        return
    newest = max(serious, key=lambda each: each.number)
    for channel in policy.channels:
        if channel.problems and any(hears(channel, each) for each in serious):
            yield Intent(
                incident=newest.number,
                customer=problem.customer,
                kind=ActionKind.NOTIFY,
                lane=f"notify/{channel.name}",
                key=f"problem/{problem.number}/notify/{channel.name}/{event}/{problem.returns}",
                payload={
                    "channel": channel.name,
                    "event": event.value,
                    "problem": str(problem.number),
                },
            )
