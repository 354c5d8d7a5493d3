"""Where a value of an alert could be executed after all, the runbook is not even loaded."""

from pathlib import Path
from textwrap import indent

import pytest

from watcher.policy.problems import Problems
from watcher.policy.runbooks.load import read_runbook

# V stands for a value; each of these would hand it to something that runs text.
REFUSED = [
    "eval V",
    'eval "x=V"',
    "sh -c V",
    "sh -c 'echo V'",
    'sh -c "echo V"',
    "bash -c V",
    "/bin/sh -c V",
    "bash -lc V",
    "dash -ec V",
    "env sh -c V",
    "timeout 5 sh -c V",
    "nohup sh -c V",
    "nice -n 5 bash -c V",
    "command eval V",
    "builtin eval V",
    "exec sh -c V",
    "echo V | sh",
    "echo V | bash -s",
    "printf %s V | sh -",
    "sh <<EOF\nV\nEOF",
    "sh -s <<EOF\nV\nEOF",
    "bash <<< V",
    "source V",
    ". V",
    "ssh h V",
    "ssh V id",
    "ssh -o ProxyCommand=V h",
    "su - x -c V",
    "su -c V x",
    "sudo sh -c V",
    "as_root sh -c V",
    "runuser -c V x",
    "xargs sh -c V",
    "echo V | xargs -I@ sh -c 'echo @'",
    "echo V | xargs -I@ sh -c @",
    "find / -exec sh -c V \\;",
    'awk "/V/"',
    "awk V /x",
    "awk 'V' /x",
    "awk -F: V /x",
    "gawk -e V",
    "sed V /x",
    "sed -e V /x",
    'sed "s/V/x/" f',
    "perl -e V",
    "python3 -c V",
    'python3 -c "print(V)"',
    "ruby -e V",
    "node -e V",
    "php -r V",
    "lua -e V",
    "trap V EXIT",
    "echo `echo V`",
    "echo $((V))",
    "echo $(( V + 1 ))",
    "let V",
    "let x=V",
    "x[V]=1",
    "echo ${x[V]}",
    "declare -i x=V",
    "[[ V -eq 1 ]]",
    "[[ 1 -lt V ]]",
    "((V))",
    "printf -v V x",
    "test -v V",
    "[ -v V ]",
    "unset V",
    "read V",
    "export V",
    "readonly V",
    "local V",
    "declare V",
    "typeset V",
    "alias a=V",
    "V",
    "V x",
    "$(V)",
    "exec V",
    "command V",
    "env V",
    "env V id",
    "nohup V",
    "timeout 5 V",
    "nice V",
    "xargs V",
    "watch V",
    "watch -n1 V",
    "script -c V",
    "docker exec c sh -c V",
    "kubectl exec p -- sh -c V",
    "nsenter -t 1 sh -c V",
    "chroot / sh -c V",
    "tar --to-command=V -xf x",
    "tar -I V -xf x",
    "git -c core.pager=V log",
    "man -P V ls",
    "rsync -e V a b",
    "gdb -ex V",
    'gdb -batch -ex "p V"',
    "vim -c V",
    "psql -c V",
    'psql -c "select V"',
    "mysql -e V",
    'mysql -e "select V"',
    "sqlite3 db V",
    "redis-cli eval V 0",
    "mongosh --eval V",
    "jq V",
    'jq ".V"',
    "# V",
    "cat <<EOF\nV\nEOF",
    "cat <<'EOF'\nV\nEOF",
    "echo 'V'",
    'echo "V"',
    'x="V"',
    "echo x > V",
    "echo x >> V",
    "tee V",
    "curl -o V x",
    "wget V",
    "dd of=V",
    "rm V",
    "kill V",
    "systemctl restart V",
    "crontab V",
    "at V",
    "find V -delete",
    "find / -exec V \\;",
    "f() { V; }",
    'f() { eval "$1"; }; f V',
    'x=V; eval "$x"',
    'x=V; sh -c "$x"',
    'set -- V; sh -c "$1"',
    "ev\\al V",
    "'eval' V",
    '"ev"al V',
    "\\eval V",
    "coproc V",
    "mapfile -C V x",
    "complete -C V",
    "enable -f V",
    "hash -p V x",
    "bind -x V",
    "busybox sh -c V",
    "setsid sh -c V",
    "stdbuf -o0 sh -c V",
    "python3 - <<EOF\nV\nEOF",
    "awk -f - <<EOF\nV\nEOF",
    "osascript -e V",
    "expect -c V",
    "tclsh V",
    "nc -e V h",
    "socat exec:V -",
    "parallel V",
    "echo V | parallel",
    "PATH=V ls",
    "LD_PRELOAD=V ls",
    "IFS=V",
    "ENV=V sh",
    "PS4=V; set -x",
    'echo "${x-V}"',
]

# Each of these is sound.
TAKEN = [
    'echo "$(echo V)"',
    "cat < V",
    "curl V",
    "find / V",
    "cd V",
    "echo ${x-V}",
    "echo ${x:=V}",
    "case V in *) ;; esac",
    "for i in V; do :; done",
    "echo V &",
    "(echo V)",
    "{ echo V; }",
    "! echo V",
    "echo a;echo V",
    "if [ V ]; then :; fi",
    "case x in V) ;; esac",
    "grep -e V f",
    "grep V f",
    "ls V",
    "journalctl -u V",
    "df V",
    "kubectl get V",
    "export X=V; psql",
    "timeout 5 df V",
    "as_root ls V",
    "awk -v x=V x",
    "psql -v x=V -f q",
    "printf %s V | cat",
    "nice -n 5 ls V",
    "[ V -gt 3 ]",
    "test V = x",
    "find V -maxdepth 1",
    "kubectl get -n V pods",
    "PGDATABASE=V psql",
    "xargs -n1 ls V",
    "jq --arg x V x",
]

BOOK = """\
apiVersion: watcher/v1
kind: Runbook
id: book
title: A book
owner: us
match: {any: [{alert: x}]}
inputs:
  v: {type: word, from: [alert.labels.v]}
steps:
  - id: only
    title: Only
    read: it
    sudo: if-available
    shell: bash
    run: |
"""


def complaints(folder: Path, text: str) -> list[str]:
    """Why a runbook with a step of this text is not loaded."""
    path = folder / "book.yaml"
    path.write_text(BOOK + indent(text.replace("V", "{{ inputs.v }}"), "      ") + "\n")
    problems = Problems()
    loaded = read_runbook(path, problems)
    assert (loaded is None) == bool(problems.errors)
    return [] if loaded else [str(problem) for problem in problems]


@pytest.mark.parametrize("text", REFUSED)
def test_what_could_execute_a_value_is_refused(tmp_path: Path, text: str) -> None:
    """The runbook is not used, and its author reads which rule it breaks."""
    found = complaints(tmp_path, text)

    assert any(rule in message for message in found for rule in (" R02 ", " R03 ", " R04 "))


@pytest.mark.parametrize("text", TAKEN)
def test_what_only_reads_a_value_is_taken(tmp_path: Path, text: str) -> None:
    """Ordinary use of values is not in the way."""
    assert [] == complaints(tmp_path, text)


def test_a_text_with_values_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """Nobody knows where its values stand; one without values cannot execute any."""
    (message,) = complaints(tmp_path, "echo V 'x")

    assert "R15 the shell text cannot be read" in message
    assert [] == complaints(tmp_path, "if [ x; then echo 'x")


def test_the_lists_are_long_enough() -> None:
    """More than a hundred ways to go wrong are known."""
    assert len(set(REFUSED)) > 100
