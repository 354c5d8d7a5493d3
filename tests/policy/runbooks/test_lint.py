"""What lint finds in shell texts and in whole runbooks, and what it leaves alone."""

from pathlib import Path
from textwrap import indent

import pytest

from watcher.kit.shipped import shipped
from watcher.policy.problems import Problems
from watcher.policy.runbooks import read_runbook
from watcher.policy.runbooks.lint import Finding, Grade, lint

HEAD = """\
apiVersion: watcher/v1
kind: Runbook
id: x
title: X
owner: ops
match: {any: [{alert: x}]}
inputs:
  mount: {type: path, default: /}
  pid: {type: int, default: 1}
steps:
  - id: a
    title: A
    read: this
"""
TESTS = "tests: [{name: t, alert: {name: x}, expect: {matches: true, signals: []}}]\n"


def found(folder: Path, text: str, keys: str = "", tests: str = TESTS) -> list[Finding]:
    """What is found in a runbook with one step, which must be fit for use but for dangers."""
    path = folder / "x.yaml"
    step = f"    run: |\n{indent(text, '      ')}\n{keys}"
    path.write_text(f"{HEAD}{step}{tests}")
    problems = Problems()
    source = read_runbook(path, problems)
    if source is None:
        return [
            Finding(each.file, each.line, each.message[:3], each.message[4:]) for each in problems
        ]
    return [each for each in lint(source) if "is not used" not in each.message]


def rules(folder: Path, text: str, keys: str = "") -> list[str]:
    """The rules that it breaks."""
    return sorted({each.rule for each in found(folder, text, keys)})


@pytest.mark.parametrize(
    ("text", "broken"),
    [
        ("df -P {{ inputs.mount }}", []),
        ('x={{ inputs.mount }}; df -P "$x"', []),
        ('echo "$(df -P {{ inputs.mount }})"', []),
        ('df -P "{{ inputs.mount }}"', ["R02"]),
        ("df -P '{{ inputs.mount }}'", ["R02"]),
        ("cat <<EOF\n{{ inputs.mount }}\nEOF", ["R02"]),
        ("cat <<'EOF'\n{{ inputs.mount }}\nEOF", ["R02"]),
        ("df # {{ inputs.mount }}", ["R02"]),
        ("awk -v m={{ inputs.mount }} '$6 == m' /proc/mounts", []),
        ("x=`df -P {{ inputs.mount }}`", ["R03"]),
        ("echo $(( {{ inputs.mount }} + 1 ))", ["R03"]),
        ("echo $(( {{ inputs.pid }} + 1 ))", []),
        ("sed -n {{ inputs.mount }} x", ["R03"]),
        ("sh -c 'ls'; echo {{ inputs.mount }}", ["R03"]),
        ("find / -maxdepth 1 -exec sh -c 'ls' ';'", []),
        ("eval ls", ["R03"]),
        (". /etc/os-release", ["R03"]),
        ("rm -f /tmp/x", ["R04"]),
        ("echo x > /tmp/x", ["R04"]),
        ("echo x >/dev/null 2>&1; echo y >&2", []),
        ("systemctl restart x", ["R04"]),
        ("systemctl --no-pager status restart", []),
        ("kubectl -n a get pods", []),
        ("kubectl -n a delete pod b", ["R04"]),
        ("docker ps -a --filter status=exited", []),
        ("podman exec a ls", ["R04"]),
        ("timeout 9 find / -xdev -exec rm {} +", ["R04"]),
        ("sed -i s/a/b/ x", ["R04"]),
        ("curl -sS -m3 -o /dev/null http://127.0.0.1/", []),
        ("curl -d x http://127.0.0.1/", ["R04"]),
        ("curl -X POST http://127.0.0.1/", ["R04"]),
        ("curl -o /tmp/x http://127.0.0.1/", ["R04"]),
        ("curl -O http://127.0.0.1/", ["R04"]),
        ("wget -qO- http://127.0.0.1/", []),
        ("wget http://127.0.0.1/", ["R04"]),
        ("wget --post-data=x -O- http://127.0.0.1/", ["R04"]),
        ("ls | tee /tmp/x", ["R04"]),
        ("ls | tee /dev/stderr", []),
        ("date -s now", ["R04"]),
        ("perl -pi -e x y", ["R04"]),
        ("redis-cli CONFIG SET a b", ["R04"]),
        ("redis-cli flushall", ["R04"]),
        ("redis-cli -t 3 info", []),
        ("nginx -t", []),
        ("nginx -s reload", ["R04"]),
        ("nginx", ["R04"]),
        ("hostname -f", []),
        ("hostname x", ["R04"]),
        ("kill -0 1", []),
        ("mount", []),
        ("apt list --installed", []),
        ("mkfs.ext4 /dev/sda", ["R04"]),
        ("psql -P pager=off -c 'select 1; drop table x'", ["R04"]),
        ("psql -P pager=off <<'EOF'\nselect now();\ndelete from x\nEOF", ["R04"]),
        ("mysql -t -e \"SHOW CREATE TABLE x; select 'update'\"", []),
        ("tail -f /var/log/x", ["R05"]),
        ("tail -n 50 /var/log/x", []),
        ("timeout 5 tail -f /var/log/x", []),
        ("journalctl --no-pager -fu x", ["R05", "R12"]),
        ("docker stats", ["R05"]),
        ("docker events", ["R05"]),
        ("docker events --since 30m --until 0s", []),
        ("docker logs -f x", ["R05", "R12"]),
        ("kubectl logs -f x --tail=10", ["R05"]),
        ("kubectl get pods -w", ["R05"]),
        ("kubectl events --watch", ["R05"]),
        ("top", ["R05"]),
        ("top -b -n 1", []),
        ("ping x", ["R05"]),
        ("ping -c 2 x", []),
        ("vmstat 1", ["R05"]),
        ("vmstat 1 3", []),
        ("vmstat", []),
        ("dstat", ["R05"]),
        ("jstat -gcutil 1 1000", ["R05"]),
        ("jstat -gcutil 1 1000 3", []),
        ("watch ls", ["R05"]),
        ("redis-cli monitor", ["R05"]),
        ("less x", ["R06"]),
        ("journalctl -n 50", ["R06"]),
        ("journalctl -n 50 | cat", []),
        ("x=$(systemctl status y)", []),
        ("systemctl cat y >/dev/null 2>&1", []),
        ("systemctl cat y 2>/dev/null", ["R06"]),
        ("psql -c 'select 1'", ["R06"]),
        ("psql -At -c 'select 1'", []),
        ("du -xk / | sort -rn | head", ["R07"]),
        ("find /etc -maxdepth 1", []),
        ("sudo -n ls /root", ["R08"]),
        ("as_root ls /root", ["R08"]),
        ("mysql -phunter2 -e 'select 1'", ["R09"]),
        ("mysql --password=hunter2", ["R09"]),
        ("PGPASSWORD=hunter2 psql -P pager=off -c 'select 1'", ["R09"]),
        ("sqlcmd -P hunter2 -Q 'select 1'", ["R09"]),
        ("curl -u a:b http://127.0.0.1/", ["R09"]),
        ("curl -u a http://127.0.0.1/", []),
        ("curl http://a:b@127.0.0.1/", ["R09"]),
        ("curl -H 'Authorization: Bearer x' http://127.0.0.1/", ["R09"]),
        ("nodetool -pw x status", ["R09"]),
        ("ps -p 1; mkdir_p=1; ss -p", []),
        ("ps aux --sort=-pcpu", ["R10"]),
        ("ps aux --sort=-pcpu || ps", []),
        ("date -d yesterday", ["R10"]),
        ("cat /proc/1/environ", ["R11"]),
        ("ls -l /etc/shadow", []),
        ("env", ["R11"]),
        ("env LC_ALL=C ls", []),
        ("docker inspect x", ["R11"]),
        ("docker inspect -f '{% raw %}{{.State}}{% endraw %}' x", []),
        ("kubectl get secret x -o json", ["R11"]),
        ("kubectl get pods -o wide", []),
        ("pm2 jlist", ["R11"]),
        ("pm2 jlist | jq length", []),
        ("journalctl --no-pager -u x", ["R12"]),
        ("journalctl --no-pager -u x | tail -n 50", []),
        ("grep error /var/log/syslog", ["R12"]),
        ("grep -c error /var/log/syslog", []),
        ("grep error /var/log/syslog | tail -n 50", []),
        ("docker logs x", ["R12"]),
        ("docker logs --tail 50 x", []),
        ("if [ x; then echo '", ["R15"]),
        ("echo {{ inputs.mount }} 'x", ["R15"]),
    ],
)
def test_rules_for_shell_text(tmp_path: Path, text: str, broken: list[str]) -> None:
    """What breaks a rule is found, and what looks like it is left alone."""
    assert broken == rules(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "keys", "broken"),
    [
        ("du -xk /", "    timeout: 30s\n", []),
        ("as_root ls", "    sudo: true\n", []),
        ("cat /proc/1/environ", "    output: {redact: ['x=.*']}\n", []),
        ("ps aux --sort=-pcpu", "    when: 'os_family=debian'\n", []),
        ("kill -QUIT 1", "    effects: pause\n    allow: {R04: a dump of its threads}\n", []),
        ("rm -f /tmp/x", "    allow: {R04: the file is our own}\n", []),
        ("ls", "    allow: {R04: for nothing}\n", ["R13"]),
        ("ls", "    allow: {R14: for nothing}\n", ["R13"]),
        ("kill -QUIT 1", "    effects: pause\n", ["R04"]),
        ("mktemp > /tmp/x", "    effects: tmpfile\n", ["R04"]),
        ("ls", "    extract: [{name: a, regex: x, all: true}]\n", ["R13"]),
        ("ls", "    extract: [{name: a, regex: x}]\n", []),
        (
            "ls",
            "    variants:\n      - {needs: a, run: a}\n      - {needs: [a, b], run: b}\n",
            ["R13"],
        ),
        ("ls", "    variants:\n      - {needs: [a, b], run: b}\n      - {needs: a, run: a}\n", []),
    ],
)
def test_what_a_step_says_of_itself_counts(
    tmp_path: Path, text: str, keys: str, broken: list[str]
) -> None:
    """A time-out, root, redaction, variants, effects; and what it allows with a reason."""
    assert broken == rules(tmp_path, text, keys)


SIGNAL = "    signals: [{id: s, level: bad, if: status, say: x}]\n"


@pytest.mark.parametrize(
    ("tests", "message"),
    [
        ("", "there are no `tests`"),
        ("tests: [{name: t, expect: {signals: [s]}}]\n", "no test expects that nothing is wrong"),
        ("tests: [{name: t, expect: {signals: []}}]\n", "no test expects the signal 's'"),
        ("tests: [{name: t, expect: {signals: []}}]\n", "no test expects that it matches an alert"),
    ],
)
def test_every_signal_is_tested(tmp_path: Path, tests: str, message: str) -> None:
    """It fires in one test, and in another nothing is wrong."""
    assert message in [each.message for each in found(tmp_path, "ls", SIGNAL, tests)]


def test_a_finding_stands_on_its_line_and_says_what_to_write(tmp_path: Path) -> None:
    """Also within a block of text; what changes something while it waits is only a warning."""
    text = "ls\n\nless x\njournalctl -n 5"
    first, second = found(tmp_path, text)
    rows = (tmp_path / "x.yaml").read_text().splitlines()

    assert ["      less x", "      journalctl -n 5"] == [
        rows[each.line - 1] for each in (first, second)
    ]
    told = "warning: R06 `journalctl -n 5` may wait for a reader; add --no-pager"
    assert f"{tmp_path}/x.yaml:18: {told}" == str(second)
    assert [Grade.WARNING] == [
        each.grade for each in found(tmp_path, "kill -QUIT 1", "    effects: pause\n")
    ]


def test_an_unused_input_and_a_step_without_reading_are_found(tmp_path: Path) -> None:
    """Each where it stands."""
    path = tmp_path / "x.yaml"
    path.write_text(HEAD.replace("    read: this\n", "    run: ls\n") + TESTS)
    source = read_runbook(path, Problems())

    assert source is not None
    assert [(8, "R13"), (9, "R13"), (11, "R14")] == [
        (each.line, each.rule) for each in lint(source)
    ]


@pytest.mark.parametrize("path", sorted(shipped("runbooks").glob("*.yaml")), ids=lambda p: p.stem)
def test_the_shipped_runbooks_keep_to_the_rules(path: Path) -> None:
    """Without an error; warnings are for their authors."""
    problems = Problems()
    source = read_runbook(path, problems)

    assert source is not None, list(problems)
    assert [] == [str(each) for each in lint(source) if each.grade is Grade.ERROR]
