"""The rules that `watcher runbook lint` holds runbooks to."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. One that is not `pardonable` cannot be broken for whatever reason; with `barred` a
    runbook that breaks it as an error cannot be used at all.
    """

    id: str
    title: str
    pardonable: bool = True
    barred: bool = False


RULES = {
    rule.id: rule
    for rule in (
        Rule("R01", "The file is a runbook", pardonable=False),
        Rule("R02", "Values stand bare", pardonable=False, barred=True),
        Rule("R03", "No value becomes text of a command", pardonable=False, barred=True),
        Rule("R04", "Steps change nothing", barred=True),
        Rule("R05", "Commands come to an end"),
        Rule("R06", "Nothing waits for a reader"),
        Rule("R07", "Heavy commands have a time-out of their own"),
        Rule("R08", "Root is asked for with as_root"),
        Rule("R09", "No password on a command line", barred=True),
        Rule("R10", "Steps run on small systems, too"),
        Rule("R11", "Steps do not print secrets"),
        Rule("R12", "Logs are read in part"),
        Rule("R13", "Everything has a use"),
        Rule("R14", "A runbook is owned, read and tested"),
        Rule("R15", "The shell text can be read", barred=True),
    )
}


PARDONABLE = tuple(rule.id for rule in RULES.values() if rule.pardonable)
