"""What no value of an alert can hold, whatever the type of its input and the runbook's own wish.

Arithmetic of a shell executes what stands in brackets (`x='a[$(id)]'; echo $((x))`), and a value
may get there through a variable that no lint rule follows. So it must not hold such signs at all.
"""

import string
import subprocess

import pytest

from watcher.diagnostics.inputs import Inputs, allowed
from watcher.model.runbook import Input, InputType

EXAMPLES = {
    InputType.HOSTNAME: "db1.example.com",
    InputType.IP: "2001:db8::1",
    InputType.PORT: "5432",
    InputType.INT: "-12",
    InputType.PATH: "/var/lib/x_y:1@a+b,c=d~e-f",
    InputType.SYSTEMD_UNIT: r"getty@tty1:x\x2d.service",
    InputType.DBNAME: "db_1.a-b",
    InputType.CONTAINER: "web_1.a-b",
    InputType.K8S_NAME: "web-1.a",
    InputType.WORD: "a_b.c:d/e@f%g+h=i,j-k",
}
# What begins anything in a shell but a word: brackets, expansions, quotes, ends of commands, globs.
SIGNS = "[](){}$`'\"|&;<>*?!#^ \t\n\r\0\x1b\u2028\u00a0"


def test_every_type_but_the_list_of_values_is_looked_at() -> None:
    """A new type must keep the promise as well."""
    assert set(EXAMPLES) == set(InputType) - {InputType.ENUM}


@pytest.mark.parametrize("kind", EXAMPLES)
@pytest.mark.parametrize("pattern", [None, "(?s).*"])
def test_no_value_holds_a_sign_that_a_shell_acts_on(kind: InputType, pattern: str | None) -> None:
    """At no place of it, and an expression of the runbook's own cannot let one in."""
    one, example = Input("v", kind, pattern=pattern), EXAMPLES[kind]
    taken = [
        value
        for sign in SIGNS
        for at in range(len(example) + 1)
        if allowed(one, value := example[:at] + sign + example[at:])
    ]

    assert allowed(one, example)
    assert [] == taken


@pytest.mark.parametrize("kind", EXAMPLES)
def test_an_expression_of_its_own_only_narrows(kind: InputType) -> None:
    """It may refuse what the type takes, and takes nothing that the type refuses."""
    example = EXAMPLES[kind]

    assert not allowed(Input("v", kind, pattern="other"), example)
    for char in string.printable:
        wide = Input("v", kind, pattern="(?s).*")
        assert allowed(Input("v", kind), char) == allowed(wide, char)


@pytest.mark.parametrize("kind", EXAMPLES)
def test_what_arithmetic_would_execute_has_no_value(kind: InputType) -> None:
    """Neither from an alert nor given by a person."""
    attack = "a[$(echo run >&2)]"
    done = subprocess.run(
        ["bash", "-c", "echo $((x))"],
        env={"x": attack, "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    one = Input("v", kind, sources=("alert.labels.v",))

    assert "run" in done.stderr
    assert {} == Inputs([one], {"alert.labels.v": attack}).values
    assert {} == Inputs([one], {}, {"v": attack}).values
