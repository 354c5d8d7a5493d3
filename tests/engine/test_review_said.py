"""What Watcher itself wrote on a timeline is in the language of the review."""

from datetime import timedelta

import pytest

from tests.decide.given import POLICY, at
from tests.decide.test_lifecycle import alert, arrival, moment, opened, scale, set_to
from watcher.decide import lifecycle
from watcher.decide.lifecycle import Both, News
from watcher.engine.review_said import because_in, said_in
from watcher.engine.review_words import WORDS
from watcher.model.article import Language
from watcher.model.change import replace
from watcher.model.event import Severity
from watcher.model.incident import Entry, EntryKind, Priority

RU = Language.RUSSIAN


def lived() -> list[Entry]:
    """The timeline of an incident that lived through most of what may happen to one."""
    first = opened(alert())
    worse = alert("disk", Severity.DISASTER)
    steps = [
        first,
        lifecycle.join(first.incident, arrival(worse, 1), moment(1), scale(), POLICY.grouping),
    ]
    steps.append(lifecycle.acknowledge(steps[-1].incident, moment(2, "olga")))
    steps.append(set_to(steps[-1].incident, Priority.P4))
    steps.append(set_to(steps[-1].incident, None))
    steps.append(lifecycle.alert_ended(steps[-1].incident, alert(), at(3), moment(3)))
    steps.append(lifecycle.alert_ended(steps[-1].incident, worse, at(4), moment(4)))
    steps.append(lifecycle.reopen(steps[-1].incident, moment(5, "olga")))
    steps.append(lifecycle.resolve(steps[-1].incident, moment(6, "olga")))
    steps.append(lifecycle.close_quiet(steps[-1].incident, at(90), timedelta(hours=1)))
    other = replace(opened(alert("net")).incident, number=2)
    steps.extend(
        lifecycle.merge(Both(other, first.incident, 2), moment(9), scale(), POLICY.grouping)
    )
    return [entry for step in steps for entry in step.entries]


def test_no_line_of_a_life_is_left_in_english() -> None:
    """Each sentence that a life leads through is known; names stay as they are."""
    left = [each.text for each in lived() if said_in(RU, each.kind, each.text) == each.text]
    told = [said_in(RU, each.kind, each.text) for each in lived()]

    assert [] == left
    assert "открыт: cpu is high on db01" == told[0]
    assert "принят в работу: olga" in told
    assert "приоритет P2 → P1" in told


@pytest.mark.parametrize(
    ("kind", "text", "russian"),
    [
        (EntryKind.ALERT, "cpu: severity high", "cpu: важность «высокая»"),
        (EntryKind.ACKNOWLEDGED, "acknowledged by a in zbx", "принят в работу: a, в zbx"),
        (EntryKind.MOVED, "2 alerts went to #7: a, b", "оповещений 2 перешло в #7: a, b"),
        (
            EntryKind.PROBLEM,
            "belongs to problem 3 (Logs (all))",
            "относится к проблеме 3 (Logs (all))",
        ),
        (
            EntryKind.PROBLEM,
            "problem 3 (Logs) is a known error; workaround: rotate",
            "проблема 3 (Logs) — известная ошибка; обходное решение: rotate",
        ),
        (
            EntryKind.PROBLEM,
            "problem 3: the workaround did not help with #7",
            "проблема 3: обходное решение не помогло с #7",
        ),
        (
            EntryKind.PROBLEM,
            "known error 3: rotate; now; it helped 2 of 3 times; awaiting problem 3",
            "известная ошибка 3: rotate; now; помогло 2 из 3 раз; ждёт проблему 3",
        ),
        (
            EntryKind.PROBLEM,
            "the 3rd like this in 30 days, always Monday about 03:00; last time (#7) reboot",
            "3-й такой за 30 д, всегда в понедельник около 03:00; прошлый (#7): reboot",
        ),
        (
            EntryKind.PROBLEM,
            "the 2nd like this in 30 days; last time (#7) not resolved yet",
            "2-й такой за 30 д; прошлый (#7): not resolved yet",
        ),
        (EntryKind.PROBLEM, "known error 3: rotate", "известная ошибка 3: rotate"),
        (
            EntryKind.ACTION,
            "message 'problem_back' to ops: done",
            "сообщение «проблема вернулась» в ops: отправлено",
        ),
        (
            EntryKind.ACTION,
            "diagnosis linux of db1: done",
            "диагностика linux на db1: выполнена",
        ),
        (EntryKind.NOTE, "resolved by olga", "resolved by olga"),
        (None, "resolved", "resolved"),
        (EntryKind.NOTE, "приехал инженер", "приехал инженер"),
    ],
)
def test_a_line_is_told_in_russian_by_its_kind(
    kind: EntryKind | None, text: str, russian: str
) -> None:
    """What a person noted is left alone, though it read like one of Watcher's own."""
    assert russian == said_in(RU, kind, text)
    assert text == said_in(Language.ENGLISH, kind, text)


@pytest.mark.parametrize(
    ("text", "russian"),
    [
        ("every alert of the incident has ended", "все оповещения инцидента закончились"),
        (
            "another alert on db 1 2 min 3 s before",
            "другое оповещение на db 1, на 2 мин 3 с раньше",
        ),
        (
            "app1 depends on db1, which alerted 41 s before",
            "app1 зависит от db1, откуда было оповещение на 41 с раньше",
        ),
        (
            "the same condition on the same host, 3 times before",
            "то же условие на том же хосте, раньше столько раз: 3",
        ),
        ("it was the cat", "it was the cat"),
    ],
)
def test_a_reason_is_told_in_russian(text: str, russian: str) -> None:
    """With the units of times."""
    assert russian == because_in(RU, text)
    assert text == because_in(Language.ENGLISH, text)


@pytest.mark.parametrize("event", News)
def test_what_people_were_told_has_words(event: News) -> None:
    """In each language, whatever the news."""
    assert [] == [language for language in Language if f"event_{event}" not in WORDS[language]]
