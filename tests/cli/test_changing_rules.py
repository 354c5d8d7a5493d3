"""Rules that change under a running Watcher, as real processes: front and worker follow."""

import signal
from pathlib import Path

from tests.e2e.process import wait_for
from tests.served import Served, serving
from watcher.model.incident import Priority

RULE = """\
rules:
  - name: vip
    when: 'host=~"vip-.*"'
    priority: {{set: {priority}}}
"""


def priority(served: Served, host: str) -> Priority:
    """The priority of the incident that a new alert of a host opens."""
    assert 202 == served.post({"name": "Disk is full", "status": "firing", "host": host})

    def found() -> list[Priority]:
        group = f"host:{host}"
        return [each.priority for each in served.everything("incident") if each.group == group]

    [priority] = wait_for(found, "the incident") or []
    return priority


def rewritten(served: Served, times: int) -> bool:
    """Whether front and worker have both said so often that the rules are other ones."""
    return served.output.count('"the rules have changed"') == 2 * times


def test_decisions_follow_the_rules_as_they_are(tmp_path: Path) -> None:
    """A change is in force within seconds; a broken file leaves the old rules in force and is told
    by file and line; SIGHUP reads again at once, in both processes.
    """
    rules = tmp_path / "rules"
    rules.mkdir()
    with serving(tmp_path, environment={"WATCHER_RULES": str(rules)}) as served:
        served.request("GET", "/readyz")
        before = priority(served, "vip-1")
        (rules / "vip.yaml").write_text(RULE.format(priority="P1"))
        wait_for(lambda: rewritten(served, 1), "the rules to be read")

        assert (Priority.P3, Priority.P1) == (before, priority(served, "vip-2"))

        (rules / "vip.yaml").write_text(RULE.format(priority="P9"))
        wait_for(lambda: served.output.count("vip.yaml:4") == 2, "the broken rules to be told")
        served.running.send_signal(signal.SIGHUP)
        wait_for(lambda: served.output.count("vip.yaml:4") == 4, "the rules to be read again")

        assert Priority.P1 == priority(served, "vip-3")

        (rules / "vip.yaml").write_text(RULE.format(priority="P5"))
        wait_for(lambda: rewritten(served, 2), "the mended rules to be read")

        assert Priority.P5 == priority(served, "vip-4")
        assert 0 == served.terminate()
