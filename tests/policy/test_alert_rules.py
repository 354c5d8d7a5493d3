"""The section `rules`: named rules of several folders, and what is said of those that err."""

from datetime import timedelta
from pathlib import Path
from textwrap import dedent

import pytest

from watcher.decide.match import parse
from watcher.kit.shipped import shipped
from watcher.model.incident import Priority
from watcher.model.policy import AlertRule, Bounds
from watcher.policy.problems import Problems
from watcher.policy.rules import load_policy, load_rules

MINUTE = timedelta(minutes=1)


def written(folder: Path, **files: str) -> Path:
    """A folder with these files."""
    folder.mkdir()
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(dedent(text))
    return folder


def read(*folders: Path) -> tuple[tuple[AlertRule, ...], list[str]]:
    """The named rules of these folders over the shipped ones, and all complaints."""
    problems = Problems()
    policy = load_policy([shipped("rules"), *folders], (), (), problems)
    said = [str(problem).replace(f"{folders[0].parent}/", "") for problem in problems]
    return policy.rules if policy else (), said


def test_a_rule_may_say_all_there_is(tmp_path: Path) -> None:
    """Matchers in one text or several; durations, bounds and names."""
    text = """\
        rules:
          - name: all
            when: ['name=~"Link.*", host="sw1"', team!=core]
            hold: 30m
            for: 90s
            priority: {at_least: P4, at_most: P2}
            impact: minor
            urgency: low
          - {name: one, when: 'host=sw1', priority: {set: P1}}
          - {name: none, when: '{}', hold: 0s}
        """
    rules, complaints = read(written(tmp_path / "own", a=text))

    assert [] == complaints
    assert (
        AlertRule(
            "all",
            parse('name=~"Link.*", host="sw1", team!="core"'),
            hold=30 * MINUTE,
            wait=1.5 * MINUTE,
            priority=Bounds(Priority.P4, Priority.P2),
            impact="minor",
            urgency="low",
        ),
        AlertRule("one", parse("host=sw1"), priority=Bounds(Priority.P1, Priority.P1)),
        AlertRule("none", (), hold=timedelta()),
    ) == rules


def test_later_folders_add_and_replace_by_name(tmp_path: Path) -> None:
    """In the order of files and folders; what a later one says again stands there."""
    rule = "{{name: {0}, when: host={1}, hold: 1m}}"
    first = written(
        tmp_path / "first",
        b=f"rules: [{rule.format('c', 1)}]",
        a=f"rules: [{rule.format('a', 1)}, {rule.format('b', 1)}]",
    )
    second = written(
        tmp_path / "second", a=f"rules: [{rule.format('a', 2)}, {rule.format('d', 2)}]"
    )
    rules, complaints = read(first, second)

    assert [] == complaints
    assert [("b", "1"), ("c", "1"), ("a", "2"), ("d", "2")] == [
        (each.name, each.when[0].value) for each in rules
    ]


def test_a_name_stands_once_in_a_folder(tmp_path: Path) -> None:
    """Also if one of the two is unsound: the other may be the misspelt one."""
    rule = "rules: [{name: a, when: host=a, hold: 1m}]\n"
    _, complaints = read(written(tmp_path / "own", a=rule, b=rule, c="rules: [{name: a}]"))

    assert complaints == [
        "own/b.yaml:1: 'a' stands in own/a.yaml:1 already",
        "own/c.yaml:1: 'a' stands in own/a.yaml:1 already",
        "own/c.yaml:1: 'when' is missing in rules.0",
    ]


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("when: host", "rules.0.when.0: expected =, !=, =~ or !~ (at character 5)"),
        ("when: [host=a, 5]", "rules.0.when.1: should be a matcher in quotes, such as "),
        ("when: []", "rules.0.when: "),
        ("when: 'labels=a'", "rules.0.when.0: name the label itself"),
        ("when: 'severity=critical'", "rules.0.when.0: no severity is like that; there are "),
        ("when: 'host=~\"(\"'", "rules.0.when.0: bad regular expression: "),
        ("when: host=a, priority: {}", "rules.0.priority: needs either `set`, or "),
        ("when: host=a, priority: {set: P1, at_most: P1}", "rules.0.priority: needs either "),
        (
            "when: host=a, priority: {at_least: P1, at_most: P3}",
            "rules.0.priority: nothing is at least P1 and at most P3",
        ),
        ("when: host=a, holds: 5m", "unknown key 'holds' in rules.0; did you mean 'hold'?"),
        ("when: host=a, hold: 5", "rules.0.hold: 5 is no duration; "),
        ("when: host=a, impact: mnor", "there is no impact 'mnor'; did you mean 'minor'?"),
        ("when: host=a, urgency: now", "there is no urgency 'now'"),
        ("when: servce=a", "warning: 'servce' is taken for a label; did you mean 'service'?"),
    ],
)
def test_what_is_wrong_is_told_at_its_line(tmp_path: Path, body: str, complaint: str) -> None:
    """In words that help the one who wrote it."""
    wish = "" if "hold" in body or "impact" in body else ", hold: 1m"
    _, [said] = read(written(tmp_path / "own", a=f"rules:\n- {{name: a, {body}{wish}}}\n"))

    assert said.startswith(f"own/a.yaml:2: {complaint}")


def test_a_rule_without_a_wish_is_no_rule(tmp_path: Path) -> None:
    """Somebody forgot to say what it is for."""
    _, complaints = read(written(tmp_path / "own", a="rules: [{name: a, when: host=a}]"))

    assert [
        "own/a.yaml:1: rules.0: says what is chosen, but not what is to be done about it"
    ] == complaints


EXAMPLE = """\
rules:
  - {{name: earlier, when: 'host=~"db.*"', hold: 5m, priority: {{at_least: P2}}}}
  - name: links
    when: ['name=~".*Link down"', severity!=disaster]
    hold: 30m
    examples:
      - given: {given}
        expect: {expect}
"""


@pytest.mark.parametrize(
    ("given", "expect", "complaint"),
    [
        ("{name: Link down}", "{}", ""),
        ("{name: Link down}", "{matches: true, hold: 30m}", ""),
        ("{name: Link down, host: db1}", "{hold: 30m, priority: {at_least: P2}}", ""),
        ("{name: Link up}", "{matches: false}", ""),
        ("{name: Link up, host: db1}", "{matches: false, hold: 5m}", ""),
        ("{name: Link down}", "{matches: false}", "no match, but every matcher holds"),
        (
            "{name: Link up}",
            "{}",
            "a match, but name=~\".*Link down\" does not hold: it is 'Link up'",
        ),
        ("{}", "{}", 'a match, but name=~".*Link down" does not hold: there is none'),
        (
            "{name: Link down, severity: disaster}",
            "{}",
            "a match, but severity!=\"disaster\" does not hold: it is 'disaster'",
        ),
        ("{name: Link down}", "{hold: 20m}", "hold 20 min, but the rule 'links' says 30 min"),
        ("{name: Link down}", "{for: 2m}", "for 2 min, but no rule does"),
        (
            "{name: Link down, host: db1}",
            "{priority: {set: P1}}",
            "priority P1, but the rule 'earlier' says at least P2",
        ),
    ],
)
def test_examples_are_tried(tmp_path: Path, given: str, expect: str, complaint: str) -> None:
    """On the rule itself, and on what it and the rules around it come to."""
    own = written(tmp_path / "own", a=EXAMPLE.format(given=given, expect=expect))
    _, complaints = read(own)

    said = [f"own/a.yaml:7: this example expects {complaint}"] if complaint else []
    assert said == complaints


def test_later_folders_do_not_break_the_examples_of_earlier_ones(tmp_path: Path) -> None:
    """An example says what the rules come to in its own folder, so that nobody else's rules keep
    Watcher from starting.
    """
    first = written(
        tmp_path / "first", a=EXAMPLE.format(given="{name: Link down}", expect="{hold: 30m}")
    )
    second = written(tmp_path / "second", a="rules: [{name: z, when: '{}', hold: 1m}]")

    assert [] == read(first, second)[1]


def test_rules_without_examples_are_known(tmp_path: Path) -> None:
    """So that somebody may write some."""
    text = EXAMPLE.format(given="{name: Link down}", expect="{}")
    loaded = load_rules([written(tmp_path / "own", a=text)], Problems())

    assert [("rules", "earlier")] == loaded.untried()
    assert [("rules", "links", "")] == [
        (each.section, each.rule, each.trial.complaint) for each in loaded.trials
    ]
