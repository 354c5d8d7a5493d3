"""Alertmanager's API of version 2, which the Alertmanager inside Grafana speaks as well."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from watcher.decide.keys import moment_part, occurrence_key, recurrence_key, to_milliseconds
from watcher.kit.text import one_line
from watcher.model.action import Outcome, Verdict
from watcher.model.answer import MARK, Answer
from watcher.model.survey import Held
from watcher.monitors._json_api import PATIENCE, JsonApi, elements, members, strange, text, texts

_VISIBLE_VALUE = 4000
# Labels that Watcher adds to those of the alert.
_OURS = ("rule_uid", "grafana_twin")
NEVER = "0001-01-01T00:00:00Z"
"""Go's zero time: the end of what still fires."""


@dataclass(frozen=True, slots=True)
class Firing:
    """One alert that fires now; `held_back` when a silence, an inhibition or a mute time does so.

    Names like `__x__` among labels and annotations are private: no webhook carries them.
    """

    fingerprint: str
    started_at: datetime
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    generator: str
    receivers: frozenset[str]
    held_back: bool

    def key(self, source: str) -> str:
        """The recurrence key that its receiver would give it."""
        return recurrence_key(source, self.fingerprint)

    @property
    def occurrence(self) -> str:
        """The occurrence key that its receiver would give it."""
        return occurrence_key(self.fingerprint, moment_part(to_milliseconds(self.started_at)))

    def posted(self) -> dict[str, object]:
        """The alert as a webhook carries it."""
        return {
            "status": "firing",
            "labels": public(self.labels),
            "annotations": public(self.annotations),
            "startsAt": self.started_at,
            "endsAt": NEVER,
            "generatorURL": self.generator,
            "fingerprint": self.fingerprint,
        }


def public(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels without the private ones."""
    return {
        name: value
        for name, value in labels.items()
        if not (name.startswith("__") and name.endswith("__"))
    }


def firing(api: JsonApi, path: str, needs: str = "") -> list[Firing]:
    """Every alert that fires, the oldest first. Raises ApiError, also for a part that is odd."""
    alerts = elements(api.get(path, needs=needs), path)
    return sorted((_firing(alert, path) for alert in alerts), key=lambda one: one.started_at)


def _firing(value: object, where: str) -> Firing:
    alert = members(value, where)
    status = members(alert.get("status"), where)
    names = (members(each, where).get("name") for each in elements(alert.get("receivers"), where))
    fingerprint = text(alert.get("fingerprint"))
    if not fingerprint:
        raise strange(where, "an alert without a fingerprint")
    return Firing(
        fingerprint,
        moment(alert.get("startsAt"), where),
        texts(alert.get("labels")),
        texts(alert.get("annotations")),
        text(alert.get("generatorURL")),
        frozenset(name for name in names if isinstance(name, str)),
        status.get("state") == "suppressed" or bool(status.get("mutedBy")),
    )


def moment(value: object, where: str) -> datetime:
    """The time in RFC 3339. Raises ApiError."""
    try:
        read = datetime.fromisoformat(text(value))
    except ValueError:
        raise strange(where, "a time that cannot be read") from None
    if read.tzinfo is None:
        raise strange(where, "a time without a zone")
    return read


def without_ours(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels that the alert itself has, without those that Watcher added."""
    return {name: value for name, value in labels.items() if name not in _OURS}


def fingerprint_of(span: Held, source: str) -> str:
    """The fingerprint in the key of a span, "" where it was named by something else."""
    fingerprint = span.key.rpartition(":")[2]
    return fingerprint if span.key == recurrence_key(source, fingerprint) else ""


def ended(span: Held, fingerprint: str, at: datetime) -> dict[str, object]:
    """The end of a span as a webhook would have told it."""
    return {
        "status": "resolved",
        "labels": without_ours(span.labels),
        "annotations": {},
        "startsAt": span.started_at,
        "endsAt": max(at, span.started_at),
        "generatorURL": span.url,
        "fingerprint": fingerprint,
    }


def matchers(labels: Mapping[str, str]) -> list[dict[str, object]]:
    """Matchers for exactly these labels; a value that was cut on its way to us is left out."""
    return [
        {"name": name, "value": value, "isRegex": False, "isEqual": True}
        for name, value in sorted(labels.items())
        if value and len(value) < _VISIBLE_VALUE
    ]


@dataclass(frozen=True, slots=True)
class Silencer:
    """Sets silences behind `path`; `needs` names the right that it takes."""

    api: JsonApi
    path: str
    needs: str = ""

    def silence(self, answer: Answer, wanted: Sequence[Sequence[Mapping[str, object]]]) -> Outcome:
        """One silence for each list of matchers; what holds long enough stays. Raises ApiError."""
        if answer.until is None:
            return Outcome(Verdict.GAVE_UP, "a silence needs an end")
        # Whole seconds come back as they were sent.
        now, until = self.api.clock.now(), answer.until.replace(microsecond=0)
        if until <= now:
            return Outcome(Verdict.DONE, "the silence would be over already")
        there = [_canonical(one) for one, end in self._silences() if end >= until]
        missing = [one for one in wanted if _canonical(one) not in there]
        begun, made = self.api.clock.monotonic(), list[str]()
        for each in missing:
            if self.api.clock.monotonic() - begun > PATIENCE:
                return Outcome(Verdict.RETRY, f"{len(made)} of {len(missing)} silences are set")
            made.append(self._set(answer, each, now, until))
        said = f"{len(made)} silenced, {len(wanted) - len(made)} were already"
        return Outcome(Verdict.DONE, said, details={"silences": " ".join(made)})

    def _set(
        self, answer: Answer, which: Sequence[Mapping[str, object]], now: datetime, until: datetime
    ) -> str:
        """Sets one silence; returns its id there."""
        body = {
            "matchers": which,
            "startsAt": now,
            "endsAt": until,
            "createdBy": answer.by,
            "comment": message(answer),
        }
        said = members(self.api.call("POST", self.path, body, needs=self.needs), self.path)
        return text(said.get("silenceID"))

    def _silences(self) -> Iterator[tuple[list[object], datetime]]:
        """The matchers of every silence of ours that is not over, with its end."""
        for value in elements(self.api.get(self.path, needs=self.needs), self.path):
            silence = members(value, self.path)
            state = members(silence.get("status"), self.path).get("state")
            if state != "expired" and text(silence.get("comment")).startswith(MARK):
                end = moment(silence.get("endsAt"), self.path)
                yield elements(silence.get("matchers"), self.path), end


def _canonical(those: Sequence[object]) -> list[tuple[str, str, bool, bool]]:
    """Matchers in one order; what is not said of them is as it was before it could be said."""
    return sorted(
        (
            text(one.get("name")),
            text(one.get("value")),
            one.get("isRegex") is True,
            one.get("isEqual") is not False,
        )
        for one in those
        if isinstance(one, Mapping)
    )


def message(answer: Answer) -> str:
    """What a person reads there, with the way back to the incident."""
    said = one_line(answer.text)
    return f"{MARK}{said + ' · ' if said else ''}incident {answer.incident}, {answer.url}"
