"""Steps in the lives of problems, with everything that follows from them in the same transaction.

What an incident says of its problem, and what a problem says of its incidents, never differ.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from watcher.decide import belong, problem, route
from watcher.decide.belong import home
from watcher.decide.cost import Bill, counted
from watcher.decide.lifecycle import Moment
from watcher.decide.lifecycle import News as IncidentNews
from watcher.decide.problem import Case, Guess, News, Step
from watcher.decide.problem_tidings import problem_tidings
from watcher.model.change import replace
from watcher.model.incident import Incident
from watcher.model.problem import Bond, Problem, ProblemStatus
from watcher.store.tx import Tx
from watcher.store.views import View


@dataclass(frozen=True, slots=True)
class Causes:
    """How problems are kept, under the rules and on the map of now. Every method is part of a
    transaction of the caller.
    """

    bill: Bill

    def propose(
        self, tx: Tx, case: Case, moment: Moment, *, at_once: bool = False
    ) -> Problem | None:
        """A problem that the machine thinks there is, or opens `at_once` where rules let it. Leaves
        out what belongs elsewhere, or to a stranger; None where nothing is left, or somebody
        refused the same before.
        """
        numbers = [incident.number for incident, _ in case.incidents]
        ties = tx.ties_of_incidents(numbers)
        known = tx.problems({tie.problem for tie in ties})
        refused = {number for number, each in known.items() if each.status is ProblemStatus.REFUSED}
        taken = {tie.incident for tie in ties if tie.firm}
        left = tuple(
            (each, guess)
            for each, guess in case.incidents
            if each.number not in taken and each.customer == case.customer
        )
        if not left or problem.refused_before(numbers, ties, refused) is not None:
            return None
        [number] = tx.problem_numbers(1)
        decide = problem.open_new if at_once else problem.propose
        return self.write(tx, decide(number, replace(case, incidents=left), moment), moment)

    def link(
        self, tx: Tx, number: int, incident: Incident, guess: Guess, moment: Moment
    ) -> Problem | None:
        """The machine recognises an incident; None where that is no news, or not its business."""
        found = leading(tx, number)
        if found is None or found.customer != incident.customer:
            return None
        step = belong.link(found, incident, guess, tx.ties_of_incidents([incident.number]), moment)
        return None if step is None else self.write(tx, step, moment)

    def write(self, tx: Tx, step: Step, moment: Moment) -> Problem:
        """Stores a step and what follows: incidents say where they belong, costs are counted anew,
        and whoever deals with an incident of it hears the news. Returns the problem of the step.
        """
        number = step.problem.number
        tx.save_problems([step.problem])
        tx.save_ties(step.ties)
        tx.add_problem_entries(step.entries)
        tx.add_entries(step.told)
        others = self.settle(tx, {tie.incident for tie in step.ties})
        for each in sorted({number, *others, *(tie.problem for tie in step.ties)}):
            self.recount(tx, each, moment)
        after = tx.problems([number])[number]
        self._tell(tx, after, step.news, moment)
        return after

    def settle(self, tx: Tx, incidents: Collection[int]) -> set[int]:
        """Has these incidents say where they belong; returns the problems that lost or got some."""
        ties = tx.ties_of_incidents(incidents)
        homes = {
            number: home(tie for tie in ties if tie.incident == number) for number in incidents
        }
        found = tx.incidents(incidents)
        moved = [each for each in found.values() if each.problem != homes[each.number]]
        tx.save_incidents(replace(each, problem=homes[each.number]) for each in moved)
        touched = {each.problem for each in moved} | {homes[each.number] for each in moved}
        return {number for number in touched if number is not None}

    def catch_up(self, tx: Tx, number: int, moment: Moment) -> bool:
        """Follows what became of the incidents of a problem: what took one in belongs to it as
        well, and what they cost is counted; whether that was news.
        """
        if leading(tx, number) is None:
            return False
        heirs = {
            each.merged_into: each.number
            for each in tx.incidents_of_problem(number)
            if each.merged_into is not None
        }
        news = [
            self.link(tx, number, heir, _inherited(heirs[heir.number]), moment) is not None
            for heir in tx.incidents(heirs).values()
        ]
        return self.recount(tx, number, moment) or any(news)

    def recount(self, tx: Tx, number: int, moment: Moment) -> bool:
        """Counts what the incidents of a problem have cost; whether that is another sum."""
        known = tx.problems([number]).get(number)
        if known is None:
            return False
        mine = tx.incidents_of_problem(number)
        cost = counted(mine, self.bill, moment.now)
        last_at = max((each.opened_at for each in mine), default=known.last_at)
        costs = self.bill.policy.problems.priority
        step = problem.recounted(replace(known, last_at=last_at), cost, costs, moment)
        if step.problem == known:
            return False
        tx.save_problems([step.problem])
        tx.add_problem_entries(step.entries)
        return True

    def _tell(self, tx: Tx, found: Problem, news: Iterable[News], moment: Moment) -> None:
        policy, now = self.bill.policy, moment.now
        for each in news:
            living = tx.living_of_problem(found.number)
            if each not in {News.PROPOSED, News.OPENED}:
                tx.add_entries(problem.announced(found, one, each, moment) for one in living)
            mine = [one for one in living if one.problem == found.number]
            if each is News.RESOLVED:
                for one in mine:
                    told = (IncidentNews.CAUSE_RESOLVED,)
                    tx.queue(route.notifications(one, told, policy, now), now)
            if each is News.KNOWN_ERROR and not mine:
                mine = tx.incidents_of_problem(found.number)[-1:]
            tx.queue(problem_tidings(found, each, mine, policy), now)


def _inherited(number: int) -> Guess:
    return Guess(Bond.SURE, reasons=(f"it took in #{number}, which belongs to the problem",))


def leading(tx: Tx | View, number: int) -> Problem | None:
    """The problem with that number, or the one that it went into."""
    found = tx.problems([number]).get(number)
    while found is not None and found.merged_into is not None:
        found = tx.problems([found.merged_into]).get(found.merged_into)
    return found
