"""What people do to problems, each in one transaction.

Whoever may see only one customer gets the same answer for a stranger's problem as for none at all.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass

from watcher.decide import belong, problem
from watcher.decide.belong import Whole
from watcher.decide.cost import Bill
from watcher.decide.lifecycle import Moment, RefusedError
from watcher.decide.problem import Case, Step, Texts
from watcher.engine.articles import hand_over
from watcher.engine.causes import Causes
from watcher.engine.command import Desk, NotThereError, titled
from watcher.model.change import replace
from watcher.model.incident import Incident
from watcher.model.person import Principal
from watcher.model.problem import Problem, Tie
from watcher.store.tx import Tx


@dataclass(frozen=True, slots=True)
class Draft:
    """A problem that a person opens, with the incidents that he holds to be its own. The customer
    may be left out where there are some.
    """

    title: str
    customer: str = ""
    service: str | None = None
    incidents: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class ProblemDesk:
    """Where people's commands about problems are carried out. All raise NotThereError for what is
    not there or a stranger's, and RefusedError for what may not be done.
    """

    desk: Desk

    def open(self, draft: Draft, by: Principal, text: str = "") -> Problem:
        """A problem that nobody knew of."""
        title = titled(draft.title, "a problem")
        moment = self.desk.moment(by, text or "somebody found that there is a cause")
        with self.desk.store.begin() as tx:
            found = _incidents(tx, draft.incidents, by)
            customer = self._customer(draft, found, by)
            [number] = tx.problem_numbers(1)
            case = Case(customer, title, draft.service or None)
            step = problem.open_new(number, case, moment)
            opened = self._causes.write(tx, step, moment)
            for incident in found:
                ties = tx.ties_of_incidents([incident.number])
                tied = belong.tie(opened, incident, ties, moment)
                opened = self._causes.write(tx, tied, moment)
        self.desk.wake()
        return opened

    def confirm(self, number: int, by: Principal, text: str = "") -> Problem:
        """The machine is right: there is such a problem."""
        return self._with_ties(number, by, text or "somebody agrees", problem.confirm)

    def refuse(self, number: int, by: Principal, text: str = "") -> Problem:
        """The machine is wrong, and does not ask again."""
        return self._with_ties(number, by, text or "somebody does not agree", problem.refuse)

    def investigate(self, number: int, by: Principal, text: str = "") -> Problem:
        """Somebody looks for the cause."""
        return self._step(number, by, text or "somebody looks for the cause", problem.investigate)

    def known_error(
        self, number: int, by: Principal, workaround: str = "", text: str = ""
    ) -> Problem:
        """There is something that helps meanwhile, which may be said at once."""
        texts = Texts(workaround=workaround.strip() or None)
        text = text or "somebody knows what helps meanwhile"
        return self._step(number, by, text, _after(texts, problem.known_error))

    def resolve(
        self, number: int, by: Principal, fix: str = "", root_cause: str = "", text: str = ""
    ) -> Problem:
        """The cause is gone; what it was and what was done may be said at once."""
        texts = Texts(fix=fix.strip() or None, root_cause=root_cause.strip() or None)
        text = text or "somebody took the cause away"
        return self._step(number, by, text, _after(texts, problem.resolve))

    def close(self, number: int, by: Principal, text: str = "") -> Problem:
        """Nothing is left to do."""
        return self._step(number, by, text or "somebody found nothing left to do", problem.close)

    def reopen(self, number: int, by: Principal, text: str = "") -> Problem:
        """The cause is not gone after all."""
        text = text or "somebody found that the cause is not gone"
        return self._step(number, by, text, problem.reopen)

    def own(self, number: int, owner: str | None, by: Principal, text: str = "") -> Problem:
        """Somebody answers for it from now on, or nobody."""

        def decide(found: Problem, moment: Moment) -> Step:
            return problem.own(found, owner, moment)

        return self._step(number, by, text or "somebody said who answers for it", decide)

    def edit(self, number: int, texts: Texts, by: Principal, text: str = "") -> Problem:
        """A person writes what is known of it."""
        if texts.title is not None:
            texts = replace(texts, title=titled(texts.title, "a problem"))

        def decide(found: Problem, moment: Moment) -> Step:
            return problem.edit(found, texts, moment)

        return self._step(number, by, text or "somebody wrote down what is known", decide)

    def note(self, number: int, by: Principal, text: str) -> Problem:
        """A line on the timeline."""

        def decide(found: Problem, moment: Moment) -> Step:
            return problem.note(found, text, moment)

        return self._step(number, by, "somebody wrote it down", decide)

    def tie(self, number: int, incident: int, by: Principal, text: str = "") -> Problem:
        """An incident belongs to it, and thus to no other."""

        def decide(tx: Tx, found: Problem, moment: Moment) -> Step:
            [one] = _incidents(tx, [incident], by)
            if one.customer != found.customer:
                raise RefusedError(f"#{incident} is an incident of another customer")
            return belong.tie(found, one, tx.ties_of_incidents([incident]), moment)

        return self._change(number, by, text or "somebody found it to be the cause", decide)

    def untie(self, number: int, incident: int, by: Principal, text: str = "") -> Problem:
        """An incident does not belong to it, whatever the machine thinks."""

        def decide(tx: Tx, found: Problem, moment: Moment) -> Step:
            _incidents(tx, [incident], by)
            return belong.untie(found, incident, tx.ties_of_incidents([incident]), moment)

        return self._change(number, by, text or "somebody found another cause", decide)

    def used(
        self, number: int, incident: int, worked: bool, by: Principal, text: str = ""
    ) -> Problem:
        """Its workaround was used on an incident of it; the first word on that counts."""
        moment = self.desk.moment(by, text or "somebody used the workaround")
        with self.desk.store.begin() as tx:
            found = _problem(tx, number, by)
            [one] = _incidents(tx, [incident], by)
            if one.problem != number:
                raise RefusedError(f"#{incident} does not belong to problem {number}")
            step = problem.used(found, incident, worked, moment)
            if not tx.add_problem_entries(step.entries):
                return found
            return self._causes.write(tx, replace(step, entries=()), moment)

    def merge(self, number: int, into: int, by: Principal, text: str = "") -> Problem:
        """Two problems have one cause; returns the one that is left, however often it is asked."""
        moment = self.desk.moment(by, text or "somebody found them to have one cause")
        with self.desk.store.begin() as tx:
            found = {each.number: each for each in _problems(tx, [number, into], by)}
            if found[number].merged_into == into:
                return found[into]
            source, target = (
                Whole(found[each], tuple(tx.ties_of_problem(each))) for each in (number, into)
            )
            away, grown = belong.merge(source, target, moment)
            tx.drop_ties(number)
            hand_over(tx, number, into)
            self._causes.write(tx, away, moment)
            after = self._causes.write(tx, grown, moment)
            self._causes.settle(tx, {tie.incident for tie in source.ties})
            self._causes.recount(tx, number, moment)
        self.desk.wake()
        return after

    def split(
        self, number: int, incidents: Collection[int], title: str, by: Principal, text: str = ""
    ) -> Problem:
        """Some of its incidents have another cause; returns the problem that this is."""
        title = titled(title, "a problem")
        moment = self.desk.moment(by, text or "somebody found another cause")
        with self.desk.store.begin() as tx:
            whole = Whole(_problem(tx, number, by), tuple(tx.ties_of_problem(number)))
            found = {each.number: each for each in _incidents(tx, incidents, by)}
            [fresh] = tx.problem_numbers(1)
            left, new = belong.split(whole, found, fresh, title, moment)
            self._causes.write(tx, left, moment)
            after = self._causes.write(tx, new, moment)
        self.desk.wake()
        return after

    def _step(
        self, number: int, by: Principal, text: str, decide: Callable[[Problem, Moment], Step]
    ) -> Problem:
        return self._change(number, by, text, lambda _, found, moment: decide(found, moment))

    def _with_ties(
        self,
        number: int,
        by: Principal,
        text: str,
        decide: Callable[[Problem, Collection[Tie], Moment], Step],
    ) -> Problem:
        def with_ties(tx: Tx, found: Problem, moment: Moment) -> Step:
            return decide(found, tx.ties_of_problem(number), moment)

        return self._change(number, by, text, with_ties)

    def _change(
        self, number: int, by: Principal, text: str, decide: Callable[[Tx, Problem, Moment], Step]
    ) -> Problem:
        moment = self.desk.moment(by, text)
        with self.desk.store.begin() as tx:
            step = decide(tx, _problem(tx, number, by), moment)
            after = self._causes.write(tx, step, moment)
        self.desk.wake()
        return after

    @property
    def _causes(self) -> Causes:
        return Causes(Bill(self.desk.policy, self.desk.catalogue))

    def _customer(self, draft: Draft, found: Collection[Incident], by: Principal) -> str:
        """Whose problem it is. Raises RefusedError for nobody, a stranger, or several."""
        customers = {each.customer for each in found} | ({draft.customer} - {""})
        if len(customers) > 1:
            raise RefusedError("a problem is of one customer: these incidents are not all of it")
        known = self.desk.catalogue.customers
        for customer in customers:
            if by.customer not in {None, customer} or (known and customer not in known):
                raise RefusedError(f"there is no customer {customer!r}")
            return customer
        raise RefusedError("say which customer's problem it is")


def _after(
    texts: Texts, decide: Callable[[Problem, Moment], Step]
) -> Callable[[Problem, Moment], Step]:
    """The step after what somebody writes with it."""

    def both(found: Problem, moment: Moment) -> Step:
        written = problem.edit(found, texts, moment)
        step = decide(written.problem, moment)
        return replace(step, entries=(*written.entries, *step.entries))

    return both


def _problem(tx: Tx, number: int, by: Principal) -> Problem:
    [found] = _problems(tx, [number], by)
    return found


def _problems(tx: Tx, numbers: Collection[int], by: Principal) -> list[Problem]:
    found = tx.problems(numbers)
    for number in numbers:
        if number not in found or by.customer not in {None, found[number].customer}:
            raise NotThereError(f"there is no problem {number}")
    return [found[number] for number in numbers]


def _incidents(tx: Tx, numbers: Collection[int], by: Principal) -> list[Incident]:
    found = tx.incidents(numbers)
    for number in numbers:
        if number not in found or by.customer not in {None, found[number].customer}:
            raise NotThereError(f"there is no incident {number}")
    return [found[number] for number in dict.fromkeys(numbers)]
