"""What Watcher itself writes on timelines, in other languages.

Only its own fixed words are known here: what people wrote and the names of things stay as they
are, and so does what is not known.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import product

from watcher.engine.review_words import WORDS, with_units
from watcher.model.article import Language
from watcher.model.incident import EntryKind

# A sentence as it is written down, with its gaps, and what it is in Russian. A text is taken for
# the first that fits it.
_ENTRIES: Mapping[EntryKind, Mapping[str, str]] = {
    EntryKind.OPENED: {
        "opened by {}": "открыт: {}",
        "opened": "открыт",
        "split off from #{} with {} alerts: {}": "выделен из #{}, оповещений {}: {}",
        "split off from #{} with {} alert: {}": "выделен из #{}, оповещений {}: {}",
    },
    EntryKind.JOINED: {"{} joined": "присоединилось: {}"},
    EntryKind.ALERT: {
        "{} ended": "закончилось: {}",
        "{}: severity disaster": "{}: важность «чрезвычайная»",
        "{}: severity high": "{}: важность «высокая»",
        "{}: severity average": "{}: важность «средняя»",
        "{}: severity warning": "{}: важность «предупреждение»",
        "{}: severity information": "{}: важность «информация»",
    },
    EntryKind.ACKNOWLEDGED: {
        "acknowledged by {} in {}": "принят в работу: {}, в {}",
        "acknowledged by {}": "принят в работу: {}",
    },
    EntryKind.RESOLVED: {
        "resolved by {}": "решён: {}",
        "resolved": "решён",
        "closed: {}": "закрыт: {}",
        "closed": "закрыт",
    },
    EntryKind.REOPENED: {"reopened": "открыт снова"},
    EntryKind.CLOSED: {"closed by {}": "закрыт: {}", "closed": "закрыт"},
    EntryKind.MERGED: {
        "merged into #{}": "объединён с #{}",
        "took in #{}: {}": "принял #{}: {}",
        "took in #{}": "принял #{}",
    },
    EntryKind.MOVED: {
        "{} alerts went to #{}: {}": "оповещений {} перешло в #{}: {}",
        "{} alert went to #{}: {}": "оповещений {} перешло в #{}: {}",
        "{} alerts came from #{}: {}": "оповещений {} пришло из #{}: {}",
        "{} alert came from #{}: {}": "оповещений {} пришло из #{}: {}",
    },
    EntryKind.PRIORITY: {
        "priority set to {} by {}": "приоритет {} назначен: {}",
        "priority left to the rules by {}": "приоритет снова по правилам: {}",
        "priority {} -> {}": "приоритет {} → {}",
    },
    EntryKind.PROBLEM: {
        "belongs to problem {} ({})": "относится к проблеме {} ({})",
        "may belong to problem {} ({})": "возможно, относится к проблеме {} ({})",
        "does not belong to problem {} ({})": "не относится к проблеме {} ({})",
        "speaks for problem {} ({})": "говорит в пользу проблемы {} ({})",
        "problem {} ({}) is resolved: {}": "проблема {} ({}) решена: {}",
        "problem {} ({}) is back": "проблема {} ({}) вернулась",
        "problem {} ({}) is a known error; workaround: {}": "проблема {} ({}) — известная ошибка; "
        "обходное решение: {}",
        "problem {}: refused by {}": "проблема {} отклонена: {}",
        "problem {}: the workaround helped with #{}": "проблема {}: обходное решение помогло с #{}",
        "problem {}: the workaround did not help with #{}": "проблема {}: обходное решение не "
        "помогло с #{}",
        "the {} like this in {} days, {}; last time (#{}) {}": "{} такой за {} д, {}; прошлый "
        "(#{}): {}",
        "the {} like this in {} days; last time (#{}) {}": "{} такой за {} д; прошлый (#{}): {}",
        "last time (#{}) {}": "прошлый (#{}): {}",
        "new: nothing like it among {} incidents": "новый: среди {} инцидентов нет похожих",
    },
    EntryKind.NOTE: {
        "open again: nobody is on it": "снова открыт: им никто не занимается",
        "taken from the history of {}: nobody was told of it": "взят из истории {}: никому не "
        "сообщалось",
        "taken from old tickets: nobody was told of it": "взят из старых заявок: никому не "
        "сообщалось",
        "asked for {}": "запрошено: {}",
    },
    EntryKind.ACTION: {
        "diagnosis {} of {}: done": "диагностика {} на {}: выполнена",
        "diagnosis {} of {}: not run": "диагностика {} на {}: не выполнялась",
        "diagnosis {} of {}: not yet, it is tried again": "диагностика {} на {}: ещё нет, будет "
        "повторена",
        "diagnosis {} of {}: given up, a person can retry it": "диагностика {} на {}: не удалась, "
        "её можно повторить",
        "message {} to {}: done": "сообщение {} в {}: отправлено",
        "message {} to {}: not yet, it is tried again": "сообщение {} в {}: ещё нет, будет "
        "отправлено снова",
        "message {} to {}: given up, a person can retry it": "сообщение {} в {}: не отправлено, "
        "можно повторить",
        "ticket in {} for action item {} of #{}: filed as {}": "мера {1} разбора #{2}: заявка {3} "
        "в {0}",
        "ticket in {} for action item {} of #{}: not yet, it is tried again": "мера {1} разбора "
        "#{2}: заявки в {0} ещё нет, будет новая попытка",
        "ticket in {} for action item {} of #{}: given up, a person can retry it": "мера {1} "
        "разбора #{2}: заявка в {0} не создана, можно повторить",
        "what the first diagnoses found is told": "сообщено, что нашли первые диагностики",
    },
    EntryKind.CHANGE: {"change before it: {}": "изменение перед ним: {}"},
}
# What the line on a known error may say besides, in this order.
_HELPS = (
    ("; runbook: {}", "; ранбук: {}"),
    ("; it helped {} of {} times", "; помогло {} из {} раз"),
    ("; awaiting problem {}", "; ждёт проблему {}"),
)
_REASONS = {
    "every alert of the incident has ended": "все оповещения инцидента закончились",
    "every alert that is left has ended": "все оставшиеся оповещения закончились",
    "every alert of it was found to belong elsewhere": "все его оповещения относятся к другим",
    "resolved, and nothing came back": "решён, и ничего не вернулось",
    "the source said that it recovered": "источник сообщил о восстановлении",
    "the source said so": "так сообщил источник",
    "a new occurrence of the same condition began": "то же условие наступило снова",
    "it was over before Watcher listened": "закончился до того, как о нём узнал Watcher",
    "the old tickets say so": "так сказано в старых заявках",
    "the first alert of the incident to fire": "первое оповещение инцидента",
    "business hours began or ended": "рабочие часы начались или закончились",
    "rules or catalogue were read anew": "правила или каталог прочитаны заново",
    "somebody took it on": "кто-то взял его в работу",
    "somebody found it to be over": "кто-то счёл, что он закончился",
    "somebody found nothing left to do": "кто-то счёл, что делать больше нечего",
    "somebody found it not to be over": "кто-то счёл, что он не закончился",
    "somebody reported it": "о нём сообщил человек",
    "somebody found them to be one disruption": "кто-то счёл их одним нарушением",
    "somebody found it to be another disruption": "кто-то счёл это другим нарушением",
    "somebody found it to belong elsewhere": "кто-то счёл, что это относится к другому",
    "somebody found that there is a cause": "кто-то счёл, что у них есть причина",
    "somebody agrees": "кто-то согласен",
    "somebody does not agree": "кто-то не согласен",
    "somebody knows what helps meanwhile": "кто-то знает, что пока помогает",
    "somebody took the cause away": "кто-то устранил причину",
    "somebody found that the cause is not gone": "кто-то счёл, что причина не устранена",
    "somebody found it to be the cause": "кто-то счёл это причиной",
    "somebody found another cause": "кто-то нашёл другую причину",
    "somebody found them to have one cause": "кто-то счёл, что причина у них одна",
    "somebody used the workaround": "кто-то применил обходное решение",
    "somebody wanted to know more": "кто-то захотел узнать больше",
    "the same condition on the same host, {} times before": "то же условие на том же хосте, раньше "
    "столько раз: {}",
    "the same condition on the same host": "то же условие на том же хосте",
    "the same condition, {} after it was last seen": "то же условие, снова через {}",
    "its own alert {} is new here; nothing alerted before it": "его оповещение {} здесь впервые; "
    "раньше него ничего не было",
    "its own alert {} is new here; first alert after {}": "его оповещение {} здесь впервые; первое "
    "через {}",
    "nothing was going on that {} has to do with": "рядом с {} ничего не происходило",
    "another alert on {} {} before": "другое оповещение на {}, на {} раньше",
    "{} depends on {}, which alerted {} before": "{} зависит от {}, откуда было оповещение на {} "
    "раньше",
    "{} depends on {}, and alerted {} before": "{} зависит от {}, и оттуда было оповещение на {} "
    "раньше",
    "the same alert on {} at {} {} before": "то же оповещение на {} ({}) на {} раньше",
}
_SPAN = re.compile(r"[0-9]+ (?:s|min|h|d)(?: [0-9]+ (?:s|min|h))?")
_EVENT = re.compile(r"'([a-z_]+)'")
_ORDINAL = re.compile(r"([0-9]+)(?:st|nd|rd|th)")
_RHYTHM = re.compile(r"(always|mostly)( [A-Z][a-z]+day)? about ([0-9]{2}:[0-9]{2})")
_OFTEN = {"always": "всегда", "mostly": "чаще всего"}
_DAYS = {
    " Monday": " в понедельник",
    " Tuesday": " во вторник",
    " Wednesday": " в среду",
    " Thursday": " в четверг",
    " Friday": " в пятницу",
    " Saturday": " в субботу",
    " Sunday": " в воскресенье",
}
_GAP = re.escape("{}")

Sentence = tuple[re.Pattern[str], str]


def said_in(language: Language, kind: EntryKind | None, text: str) -> str:
    """A line of a timeline in that language, as far as Watcher wrote it by itself."""
    return _in(language, _entries(kind), text) if kind else text


def because_in(language: Language, text: str) -> str:
    """A reason in that language, as far as it is one of Watcher's own."""
    return _in(language, _reasons(), text)


def _in(language: Language, sentences: tuple[Sentence, ...], text: str) -> str:
    if language is Language.ENGLISH:
        return text
    for pattern, russian in sentences:
        if found := pattern.fullmatch(text):
            return russian.format(*(_gap(each, WORDS[language]) for each in found.groups()))
    return text


def _gap(text: str, words: Mapping[str, str]) -> str:
    if event := _EVENT.fullmatch(text):
        return f"«{words.get(f'event_{event[1]}', event[1])}»"
    if place := _ORDINAL.fullmatch(text):
        return f"{place[1]}-й"
    if rhythm := _RHYTHM.fullmatch(text):
        return f"{_OFTEN[rhythm[1]]}{_DAYS.get(rhythm[2], '')} около {rhythm[3]}"
    return with_units(text, words) if _SPAN.fullmatch(text) else text


@cache
def _entries(kind: EntryKind) -> tuple[Sentence, ...]:
    known = dict(_known_errors()) if kind is EntryKind.PROBLEM else {}
    return tuple(_compiled({**_ENTRIES.get(kind, {}), **known}))


def _known_errors() -> Iterator[tuple[str, str]]:
    """The line on a known error, with the most that it may say first."""
    for said in product(*([each, ("", "")] for each in _HELPS)):
        english, russian = map("".join, zip(*said, strict=True))
        yield "known error {}: {}" + english, "известная ошибка {}: {}" + russian


@cache
def _reasons() -> tuple[Sentence, ...]:
    return tuple(_compiled(_REASONS))


def _compiled(sentences: Mapping[str, str]) -> Iterator[Sentence]:
    """A span of time at the end of a sentence is not a part of the name before it."""
    for english, russian in sentences.items():
        pattern = re.escape(english).replace(f"{_GAP}\\ before", f"({_SPAN.pattern})\\ before")
        yield re.compile(pattern.replace(_GAP, "(.*?)"), re.DOTALL), russian
