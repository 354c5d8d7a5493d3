"""Tells monitoring systems what people decided, about the spans that it is about by then."""

from collections import deque
from collections.abc import Callable, Mapping, Sequence

from watcher.decide import answers
from watcher.decide.answers import Saying, Spans
from watcher.engine.hands import Errand, Result
from watcher.kit.clock import Clock
from watcher.model.action import Action, Intent, Outcome, Verdict
from watcher.model.answer import Answer, Verb
from watcher.model.incident import Incident
from watcher.monitors.base import Monitor
from watcher.store.views import View


class AnswerHand:
    """See `Hand`. `monitors` makes one for each source that is told something; one that is at work
    is not shared, and is used again afterwards.
    """

    def __init__(
        self,
        monitors: Mapping[str, Callable[[], Monitor]],
        clock: Clock,
        public_url: str,
        most: int = answers.MOST,
    ) -> None:
        self._monitors = monitors
        self._clock = clock
        self._public_url = public_url
        self._most = most
        self._idle = {source: deque([make()]) for source, make in monitors.items()}
        self._longest = max((each[0].longest for each in self._idle.values()), default=0.0)

    @property
    def longest(self) -> float:
        """The most patient of the monitors."""
        return self._longest

    def label(self, action: Action) -> str:
        """What is told, to whom, for whom."""
        return answers.described(action.payload)

    def prepare(self, actions: Sequence[Action], view: View) -> Errand:
        """Reads what the decision is about now: what ended meanwhile needs no word any more."""
        [action] = actions
        source, saying = action.payload["source"], answers.saying_of(action.payload)
        if source not in self._monitors:
            return _over(f"the source {source!r} is not told anything any more")
        incident = _home(view, action)
        if incident is None:
            return _over("the incident is not there any more")
        why = answers.overtaken(incident, saying, self._clock.now())
        if why:
            return _over(why)
        members = view.spans_of(incident.number)
        after = action.payload.get("after", "")
        spans = answers.spans(members, source, saying, after, self._most)
        if not spans.held:
            return _over("nothing of it fires there that this would be news to")
        answer = self._answer(action, incident, saying, spans)
        return lambda: (_result(action, spans, self._tell(source, answer)),)

    def _answer(self, action: Action, incident: Incident, saying: Saying, spans: Spans) -> Answer:
        return Answer(
            verb=saying.verb,
            spans=spans.held,
            incident=incident.number,
            url=f"{self._public_url}/incidents/{incident.number}",
            by=action.payload["by"],
            text=saying.text,
            key=action.key,
            severity=saying.severity,
            until=saying.until,
            ended_at=saying.ended_at,
        )

    def _tell(self, source: str, answer: Answer) -> Outcome:
        idle = self._idle[source]
        try:
            monitor = idle.pop()
        except IndexError:
            monitor = self._monitors[source]()
        outcome = monitor.answer(answer)
        # One that failed in a way of its own is not used again.
        idle.append(monitor)
        return outcome


def _home(view: View, action: Action) -> Incident | None:
    """The incident, or the one that has its alerts now."""
    incident = view.incident(action.incident, action.customer)
    while incident is not None and incident.merged_into is not None:
        incident = view.incident(incident.merged_into, action.customer)
    return incident


def _result(action: Action, spans: Spans, outcome: Outcome) -> Result:
    """What came of it, and what is left to tell; that a dashboard is marked is no news."""
    left: tuple[Intent, ...] = ()
    if spans.follows and outcome.verdict is not Verdict.RETRY:
        left = (_rest(action, spans.follows),)
    done = outcome.verdict is Verdict.DONE
    quiet = done and action.payload["verb"] == Verb.ANNOTATE
    return Result(outcome, follows=left, quiet=quiet)


def _rest(action: Action, after: str) -> Intent:
    first, _, _ = action.key.partition("/after/")
    return Intent(
        incident=action.incident,
        customer=action.customer,
        kind=action.kind,
        lane=action.lane,
        key=f"{first}/after/{after}",
        payload={**action.payload, "after": after},
    )


def _over(why: str) -> Errand:
    """There is nothing to tell any more, which spoils nothing."""
    return lambda: (Result(Outcome(Verdict.DONE, why), quiet=True),)
