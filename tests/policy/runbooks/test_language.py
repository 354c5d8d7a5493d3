"""The whole language of runbooks: what it becomes, and what is said of mistakes in it."""

from datetime import timedelta
from pathlib import Path

import pytest

from watcher.decide.match import parse
from watcher.model.evidence import Level
from watcher.model.person import Role
from watcher.model.policy import Occasion, Rerun, RunbookMatch, RunbookPolicy
from watcher.model.runbook import (
    Effect,
    Extract,
    Runbook,
    Shell,
    Signal,
    Step,
    Sudo,
    Table,
    ValueType,
    Variant,
    Weight,
)
from watcher.policy.problems import Problems
from watcher.policy.runbooks import load_runbooks, triggers, with_fixtures
from watcher.policy.runbooks.stock import stock

FULL = r"""
apiVersion: watcher/v1
kind: Runbook
id: full
title: Full
owner: ops
docs: https://wiki.example.com/disks
match:
  any:
    - source: zabbix
      alert: [a, b]
      labels: {component: [storage, disk]}
      severity: [high, dis*]
      service: "db-*"
      host: {tags: {os: linux}}
      when: ['name=~".*space.*"', 'fstype!="tmpfs"']
  none:
    - labels: {fstype: tmpfs}
policy:
  events: [opened, escalated]
  cooldown: 0s
  delay: 5s
  rerun: {after: 5m, times: 2}
  approval: operator
target: {tags: {role: kubectl}, max_hosts: 7, profile: bastion}
inputs:
  mount: {type: path, from: 'alert.name =~ FS \[([^]]+)\]', default: /}
steps:
  - id: df
    title: Space
    when: 'os_family="debian"'
    variants:
      - {when: init=openrc, needs: busybox, run: busybox df}
    run: df {{ inputs.mount }}
    shell: bash
    sudo: if-available
    effects: tmpfile
    weight: heavy
    output: {redact: ['x=\S+']}
    extract:
      - {name: use, regex: '(\d+)% {{ inputs.mount }}$', type: int, default: 0}
      - {name: rows, table: {header: ^File, column: Use, where: {Use: '9.'}}, all: true}
      - {name: n, count: ^/dev}
      - {name: state, json: State.Status}
    signals:
      - {id: s, level: bad, if: use >= 95 and facts.init, say: "{{ inputs.mount }}"}
      - {id: t, level: good, each: rows, if: item|number > 1, say: "{{ item }} {{ seconds }}"}
tests:
  - name: one
    alert: {name: x, severity: high, labels: {n: 5}}
    host: {tags: {os: linux}}
    inputs: {mount: /var}
    facts: {init: openrc}
    fixtures: rec
    outputs: {df: inline}
    codes: {df: 1}
    partial: {df: ss}
    missing: [lsof]
    renders: {df: x}
    expect:
      {matches: true, signals: [s], values: {df.use: 97}, skipped: [df], inputs: {mount: null}}
"""


def loaded(folder: Path, text: str) -> tuple[list[str], Runbook | None]:
    """What is said of a runbook, by line, and the runbook."""
    (folder / "full.yaml").write_text(text)
    problems = Problems()
    found = load_runbooks([folder], problems)
    return [f"{each.line}: {each.message}" for each in problems], found.get("full")


def test_every_key_has_its_place(tmp_path: Path) -> None:
    """What is written is what engine and decisions get."""
    said, runbook = loaded(tmp_path, FULL)

    assert ([], True) == (said, runbook is not None)
    assert runbook is not None
    match = RunbookMatch(
        sources=("zabbix",),
        alerts=("a", "b"),
        host_tags={"os": ("linux",)},
        labels={"component": ("storage", "disk")},
        severities=("high", "dis*"),
        services=("db-*",),
        when=parse('name=~".*space.*", fstype!="tmpfs"'),
    )
    assert ((match,), (RunbookMatch(labels={"fstype": ("tmpfs",)}),)) == (
        runbook.match,
        runbook.unless,
    )
    assert runbook.policy == RunbookPolicy(
        occasions=frozenset((Occasion.OPENED, Occasion.ESCALATED)),
        cooldown=timedelta(),
        delay=timedelta(seconds=5),
        rerun=Rerun(timedelta(minutes=5), 2),
        approval=Role.OPERATOR,
        max_hosts=7,
        on_hosts={"role": ("kubectl",)},
    )
    assert ("bastion", "https://wiki.example.com/disks") == (runbook.profile, runbook.docs)
    (trigger,) = triggers([runbook])
    assert (runbook.match, runbook.unless, runbook.policy, True) == (
        trigger.any,
        trigger.none,
        trigger.policy,
        trigger.intrusive,
    )
    assert (
        Step(
            id="df",
            title="Space",
            run="df {{ inputs.mount }}",
            when=parse("os_family=debian"),
            variants=(Variant("busybox df", parse("init=openrc"), ("busybox",)),),
            shell=Shell.BASH,
            sudo=Sudo.IF_AVAILABLE,
            effects=Effect.TMPFILE,
            weight=Weight.HEAVY,
            redact=(r"x=\S+",),
            extract=(
                Extract(
                    "use", regex=r"(\d+)% {{ inputs.mount }}$", type=ValueType.INT, default="0"
                ),
                Extract("rows", table=Table("^File", "Use", {"Use": "9."}), all=True),
                Extract("n", count="^/dev"),
                Extract("state", json="State.Status"),
            ),
            signals=(
                Signal("s", Level.BAD, "use >= 95 and facts.init", "{{ inputs.mount }}"),
                Signal("t", Level.GOOD, "item|number > 1", "{{ item }} {{ seconds }}", "rows"),
            ),
        ),
    ) == runbook.steps


def test_what_was_recorded_is_read_when_it_is_asked_for(tmp_path: Path) -> None:
    """What a test writes out wins; what is missing or belongs to no step is said."""
    _, runbook = loaded(tmp_path, FULL)
    assert runbook is not None
    problems = Problems()
    (test,) = with_fixtures(runbook, problems).tests
    assert ({"df": "inline"}, 1) == (test.outputs, len(list(problems)))

    recorded = tmp_path / "fixtures" / "full" / "rec"
    recorded.mkdir(parents=True)
    (recorded / "df.txt").write_bytes(b"re\xffcorded")
    (recorded / "dff.txt").write_text("")
    (recorded / "dh.txt").mkdir()
    _, runbook = loaded(tmp_path, FULL.replace("    outputs: {df: inline}\n", ""))
    assert runbook is not None
    problems = Problems()
    (test,) = with_fixtures(runbook, problems).tests

    assert "re\ufffdcorded" == test.outputs["df"]
    assert [
        (f"{recorded}/dff.txt", "no step is called so; did you mean 'df'?"),
        (f"{recorded}/dh.txt", "cannot be read: Is a directory"),
        (f"{recorded}/dh.txt", "no step is called so"),
    ] == [(each.file, each.message) for each in problems]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("severity: [high, dis*]", "severity: critical", "no severity is like 'critical'"),
        ("fstype!=", "nam!=", "warning: 'nam' is taken for a label; did you mean 'name'?"),
        ("    - labels: {fstype: tmpfs}", "    - {}", "a clause that says nothing"),
        ("events: [opened, escalated]", "on: [opened]", "policy.on: is no key here"),
        ("events: [opened, escalated]", "events: []", "policy.events: should not be empty"),
        ("approval: operator", "approval: viewer", "policy.approval: should be 'none'"),
        ("times: 2", "times: 6", "policy.rerun.times: "),
        ("alert.name =~", "alert.nam =~", "there is no field 'alert.nam'; did you mean 'alert.na"),
        (r"FS \[([^]]+)\]", "FS (", "is no regular expression"),
        ("when: 'os_family=", "when: 'os_famly=", "a host has no 'os_famly'; did you mean 'os_fam"),
        ("when: 'os_family=\"debian\"'", "when: 5", "should be a matcher in quotes"),
        ("when: 'os_family=\"debian\"'", r"when: 'os_id=~\"\\t\"'", "cannot be tested on a host"),
        ("{when: init=openrc, needs: busybox, run", "{run", "needs `when` or `needs`"),
        (
            "    run: df {{ inputs.mount }}\n",
            "    run: df {{ inputs.mont }}\n",
            "did you mean 'mount'",
        ),
        ("    run: df {{ inputs.mount }}\n", "    run: df {{.Names}}\n", "{% raw %}"),
        (
            "    run: df {{ inputs.mount }}\n",
            "    run: df {{ alert.name }}\n",
            "knows `inputs` only",
        ),
        ("type: int, default: 0}", "type: int, json: a}", "needs exactly one of"),
        ("count: ^/dev}", "count: ^/dev, all: true}", "`count` is a number by itself"),
        ("count: ^/dev}", "count: '('}", "is no regular expression"),
        ("count: ^/dev}", "count: '(a+)+$'}", "may take for ever: a loop in it"),
        (r"redact: ['x=\S+']", r"redact: ['(\S+\s*)*x']", "may take for ever"),
        ("Use: '9.'", "Use: '(.*)*x'", "may take for ever"),
        (r"FS \[([^]]+)\]", "(a|a)*b", "may take for ever"),
        ("json: State.Status", "json: '['", "Invalid jmespath expression"),
        ("- {name: n,", "- {name: use,", "there is more than one value 'use'"),
        ("- {name: n,", "- {name: status,", "'status' is what signals call something else"),
        ("{{ inputs.mount }}$'", "{{ inputs.mont }}$'", "there is no input 'mont'"),
        ("if: use >= 95", "if: usee >= 95", "there is no value 'usee'; did you mean 'use'?"),
        ("if: use >= 95", "if: use >= ", "the condition or the sentence fails"),
        ("if: use >= 95", "if: use|sizeof >= 95", "there is no filter 'sizeof'"),
        ("if: use >= 95", "if: use is tall", "there is no test 'tall'"),
        ("facts.init,", "facts.os,", "there is no value 'facts.os'"),
        ("each: rows", "each: row", "there is no extracted list (with `all: true`) 'row'; did"),
        ("{id: t,", "{id: s,", "there is more than one signal 's'"),
        ("outputs: {df:", "outputs: {dff:", "there is no step 'dff'; did you mean 'df'?"),
        ("partial: {df: ss}", "partial: {dff: ss}", "there is no step 'dff'"),
        ("inputs: {mount: /var}", "inputs: {mont: /var}", "there is no input 'mont'"),
        ("signals: [s]", "signals: [z]", "there is no signal 'z'"),
        ("df.use: 97", "df.us: 97", "there is no value 'df.us'; did you mean 'df.use'?"),
        ("skipped: [df]", "skipped: [dg]", "there is no step 'dg'"),
        ("inputs: {mount: null}", "inputs: {mont: null}", "there is no input 'mont'"),
        ("weight: heavy", "allow: {R99: because it is so}", "there is no rule to break 'R99'"),
        ("weight: heavy", "allow: {R02: because it is so}", "there is no rule to break 'R02'"),
        ("docs: https", "docs: ftp", "docs: "),
        ("owner: ops", "<<: {owner: ops}", "merge keys (<<) are not supported"),
        ("owner: ops", "owner: ops\nowner: me", "duplicate key 'owner'"),
    ],
)
def test_a_mistake_is_told_with_a_suggestion(tmp_path: Path, old: str, new: str, said: str) -> None:
    """In the line where it stands, and once."""
    assert old in FULL
    text = FULL.replace(old, new, 1)
    problems = Problems()
    (tmp_path / "full.yaml").write_text(text)
    load_runbooks([tmp_path], problems)
    found = [str(each) for each in problems]

    assert [each for each in found if said in each], found


def test_stock_alerts_have_names_and_sources() -> None:
    """Of Zabbix templates and of collections for Prometheus; none twice."""
    alerts = [each for group in stock().values() for each in group]

    assert {"zabbix", "alertmanager"} == {each.source for each in alerts}
    assert len({each.name for each in alerts}) == len(alerts) > 200
