"""Reads folders of rules into a policy, and tries every example that stands beside a rule."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import create_model

from watcher.model.policy import Channel, Policy, RunbookTrigger
from watcher.policy.problems import Place, Problem, Problems, checked, opened
from watcher.policy.rules import (
    flapping,
    grouping,
    inhibit,
    maintenance,
    priority,
    recurrence,
    rules,
)
from watcher.policy.rules.section import Listed, Single, Trial
from watcher.policy.values import Strict
from watcher.policy.yamlfile import Document

AnySection = Single[Any, Any] | Listed[Any, Any]

SECTIONS: tuple[AnySection, ...] = (
    grouping.SECTION,
    flapping.SECTION,
    priority.SECTION,
    rules.SECTION,
    inhibit.SECTION,
    maintenance.SECTION,
    recurrence.SECTION,
)
"""All there may be in a file of rules; the policy has a field of the same name for each."""

if TYPE_CHECKING:
    RulesFile = Strict
else:
    RulesFile = create_model(
        "RulesFile",
        __base__=Strict,
        __doc__="What a file of rules may hold.",
        **{section.key: (section.field, None) for section in SECTIONS},
    )


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of one example of a rule, or of a section that is one rule."""

    section: str
    rule: str
    trial: Trial


@dataclass(slots=True)
class Loaded:
    """What was found in the folders, by section and name, and what became of the examples."""

    found: dict[str, dict[str, tuple[Place, Any]]] = field(default_factory=dict)
    trials: list[Tried] = field(default_factory=list)

    def untried(self) -> list[tuple[str, str]]:
        """The sections and names of rules that could have an example, and have none."""
        tried = {(each.section, each.rule) for each in self.trials}
        return [
            (section.key, name)
            for section in SECTIONS
            if "examples" in section.model.model_fields
            for name in self.found.get(section.key, {})
            if (section.key, name) not in tried
        ]

    def fields(self) -> dict[str, Any]:
        """The fields of the policy that the folders say something about."""
        return {
            section.key: section.gather({name: made for name, (_, made) in found.items()})
            for section in SECTIONS
            if (found := self.found.get(section.key))
        }


def load_policy(
    folders: Sequence[Path],
    runbooks: Iterable[RunbookTrigger],
    channels: Iterable[Channel],
    problems: Problems,
    proven: Collection[Path] = (),
) -> Policy | None:
    """The policy of these folders, of which the later has the last word.

    None where no usable priority rules are left, which is noted. In folders that are `proven`,
    examples are taken to hold.
    """
    loaded = load_rules(folders, problems, proven)
    for each in loaded.trials:
        if each.trial.complaint:
            problems.error(each.trial.place, each.trial.complaint)
    fields = loaded.fields()
    if "priority" not in fields:
        where = ", ".join(str(folder) for folder in folders) or "rules"
        problems.add(Problem(where, 0, "there are no usable priority rules here"))
        return None
    return Policy(channels=tuple(channels), runbooks=tuple(runbooks), **fields)


def load_rules(
    folders: Sequence[Path], problems: Problems, proven: Collection[Path] = ()
) -> Loaded:
    """Everything in these folders; what is wrong is noted, but for examples that fail.

    The examples in folders that are `proven` are not even looked at.
    """
    loaded = Loaded()
    for folder in folders:
        _take(folder, loaded, problems, proven=folder in proven)
    fields = loaded.fields()
    for section in SECTIONS:
        for place, made in loaded.found.get(section.key, {}).values():
            for where, message in section.misfits(made, place, fields):
                problems.error(where, message)
    return loaded


def rule_files(folder: Path) -> list[Path]:
    """The files of a folder of rules, in the order in which they are read."""
    return sorted(folder.glob("*.yaml"))


def _take(folder: Path, loaded: Loaded, problems: Problems, *, proven: bool) -> None:
    """Lays a folder over those before it; its examples say what the rules have come to by then."""
    if not folder.is_dir():
        problems.add(Problem(str(folder), 0, "there is no such folder of rules"))
    first: dict[tuple[str, str], Place] = {}
    taken = []
    for path in rule_files(folder):
        document = _read(path, problems, proven=proven)
        for section, name, place, entry in _items(document) if document else ():
            before = first.setdefault((section.key, name), place)
            if before is not place:
                problems.error(place, f"{name!r} stands in {before} already")
            made = section.make(entry, place, problems) if entry is not None else None
            if made is not None:
                found = loaded.found.setdefault(section.key, {})
                # Taken out first, so that what is said last also stands last.
                found.pop(name, None)
                found[name] = (place, made)
                taken.append((section, name, entry, made, place))
    fields = loaded.fields()
    for section, name, entry, made, place in taken:
        trials = section.trials(entry, made, place, fields)
        loaded.trials.extend(Tried(section.key, name, trial) for trial in trials)


def _read(path: Path, problems: Problems, *, proven: bool) -> Document | None:
    document = opened(path, problems)
    if document is None:
        return None
    if proven:
        # Examples may name countries, and knowing the holidays of one costs 12 MB and 0.1 s.
        document = replace(document, data=_without_examples(document.data))
    checked(document, RulesFile, problems)
    return document if isinstance(document.data, dict) else None


def _without_examples(data: object) -> object:
    if isinstance(data, dict):
        return {key: _without_examples(each) for key, each in data.items() if key != "examples"}
    return [_without_examples(each) for each in data] if isinstance(data, list) else data


def _items(document: Document) -> Iterator[tuple[AnySection, str, Place, Any]]:
    for section in SECTIONS:
        for name, place, entry in section.items(document):
            yield section, name, place, entry
