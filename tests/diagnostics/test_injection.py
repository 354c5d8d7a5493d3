"""Text from an alert never becomes text of a shell, whatever quotes an author put around it."""

import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.diagnostics.given import diagnosed, job_on, run_on, step
from tests.sshd import SshServer
from watcher.diagnostics.extract import extracted
from watcher.diagnostics.inputs import Inputs, Refused, allowed
from watcher.diagnostics.render import Rendered, render
from watcher.diagnostics.run import Job, script_of
from watcher.model.catalogue import Host, SshProfile
from watcher.model.evidence import Level, StepStatus
from watcher.model.runbook import Extract, Input, InputType, Runbook, Signal, Step, Sudo, Variant

# CMD stands for a command that leaves a file behind; each payload tries to have it run.
PAYLOADS = [
    "$(CMD)",
    "`CMD`",
    "; CMD;",
    ";CMD #",
    '"; CMD; "',
    "'; CMD; '",
    "\nCMD\n",
    '" $(CMD) "',
    "' $(CMD) '",
    "|CMD",
    "| CMD |",
    "&& CMD #",
    "|| CMD #",
    "& CMD &",
    "${IFS}$(CMD)",
    "x$(CMD)x",
    "EOF\nCMD\n",
    "')\nCMD\n('",
    ")\nCMD\n(",
    "\\$(CMD)",
    '\\"; CMD; \\"',
    "\\'; CMD; \\'",
    "\\`CMD\\`",
    "$((`CMD`))",
    "${x:=$(CMD)}",
    "{CMD,}",
    ";;esac;CMD;case x in x)",
    "]; CMD; [ ",
    '"}; BEGIN { system("CMD") } #',
    "'; system(\"CMD\"); x = '",
    "<(CMD)",
    "\x00; CMD",
    '${W_1}"$(CMD)"',
    "{{ cycler.__init__.__globals__.os.system('CMD') }}",
    "{% raw %}$(CMD)",
    "a[$(CMD)]",
    "$'\\x24(CMD)'",
    "\r\nCMD\r\n",
    "%s$(CMD)%n",
    "-exec CMD ;",
    "~/$(CMD)",
    "'\"'\"'; CMD; '",
    "\x1e0123456789abcdef Z\n$(CMD)",
    "x; exec 9<&-; CMD",
    "\u2028CMD\u2028",
]

# Every place in which an author may put a value.
CONTEXTS = """\
echo {{ v }} >/dev/null
echo "a {{ v }} b" >/dev/null
echo 'a {{ v }} b' >/dev/null
echo $(echo {{ v }}) >/dev/null
echo "$(echo "{{ v }}")" >/dev/null
echo `echo {{ v }}` >/dev/null
cat <<EOF >/dev/null
a {{ v }} b
EOF
cat <<'EOF' >/dev/null
a {{ v }} b
EOF
# {{ v }}
x={{ v }}
x="a {{ v }}"
[ {{ v }} = x ]
[ "a {{ v }}" = x ]
grep -e {{ v }} /dev/null
awk -v x={{ v }} 'BEGIN { print x }' >/dev/null
awk 'BEGIN { print "{{ v }}" }' >/dev/null 2>&1
case {{ v }} in x) ;; *) ;; esac
for y in {{ v }}; do echo "$y" >/dev/null; done
printf '%s' {{ v }} | cat >/dev/null
sh -c 'echo {{ v }}' >/dev/null
set -- {{ v }}; printf '%s' "$1" "$@" >/dev/null
f() { echo "$1" >/dev/null; }; f {{ v }}
y={{ v }} sh -c 'echo "$y"' >/dev/null
cat {{ v }} </dev/null >/dev/null 2>&1
printf '%s' {{ v }} | sed -n 's/x/y/p' >/dev/null
echo ${z:-{{ v }}} >/dev/null
if [ -n {{ v }} ] && ! [ -d {{ v }} ]; then : {{ v }}; fi
while read -r line; do : "$line"; done <<END
{{ v }}
END
echo {{ v }} | xargs -0 printf '%s' >/dev/null
as_root printf '%s' {{ v }} >/dev/null
as_root sh -c 'printf %s "$1"' x {{ v }} >/dev/null
echo reached
"""


def payload_inputs(mark: Path) -> tuple[Input, ...]:
    """Inputs whose only allowed values are payloads, so that the types stop none of them."""
    commands = (f"touch {mark}/one", f"touch${{IFS}}{mark}/two")
    texts = [text.replace("CMD", commands[n % 2]) for n, text in enumerate(PAYLOADS)]
    return tuple(
        Input(f"v{number}", InputType.ENUM, default=text, values=(text,))
        for number, text in enumerate(texts)
    )


def files(folder: Path) -> set[str]:
    """What the payloads left behind."""
    return {path.name for path in folder.iterdir()} & {"one", "two"}


def steps_for(inputs: tuple[Input, ...], **changes: Any) -> list[Step]:
    """A step for each payload, with all contexts in it."""
    return [
        step(CONTEXTS.replace("{{ v }}", f"{{{{ inputs.{one.name} }}}}"), one.name, **changes)
        for one in inputs
    ]


def run_here(shell: str, job: Job) -> str:
    """What the script of this job prints when a shell here runs it."""
    words = [shell, "sh", "-s"] if shell == "busybox" else [shell, "-s"]
    script = f"W_N=0123456789abcdef\n{script_of([job])}"
    # The shell's stdin is held open, as a connection would.
    with subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(script.encode())
        process.stdin.flush()
        printed = process.stdout.read().decode(errors="replace")
        process.stdin.close()
    return printed


def job_here(*steps: Step, inputs: tuple[Input, ...], **more: Any) -> Job:
    """A job for `run_here`."""
    host = Host("acme", more.pop("name", "db1"))
    book = Runbook("book", "A book", "us", steps, inputs=inputs)
    return Job(book, host, SshProfile("lab", "me", "key", "known"), **more)


@pytest.mark.parametrize("shell", ["dash", "bash", "busybox"])
def test_no_payload_is_executed_in_any_context(shell: str, tmp_path: Path) -> None:
    """Forty-five ways to break out of thirty-two places, in each shell: nothing is executed."""
    if shutil.which(shell) is None:
        pytest.skip(f"no {shell} here")
    inputs = payload_inputs(tmp_path)
    job = job_here(*steps_for(inputs, sudo=Sudo.IF_AVAILABLE), inputs=inputs)
    printed = run_here(shell, job)

    assert len(inputs) == printed.count("\nreached\n")
    assert files(tmp_path) == set()


def test_no_payload_is_executed_in_a_variant(tmp_path: Path) -> None:
    """Texts that are chosen on the host are as safe as others."""
    inputs = payload_inputs(tmp_path)[::4]
    steps = [
        replace(each, run="echo other", variants=(Variant(each.run, needs=("sh",)),))
        for each in steps_for(inputs, sudo=Sudo.IF_AVAILABLE)
    ]
    printed = run_here("sh", job_here(*steps, inputs=inputs))

    assert len(inputs) == printed.count("\nreached\n")
    assert files(tmp_path) == set()


def test_no_payload_is_executed_on_a_host(any_shell: SshServer, tmp_path: Path) -> None:
    """The same over SSH, for some of them."""
    inputs = payload_inputs(tmp_path)[::4]
    diagnosis = diagnosed(
        job_on(any_shell, *steps_for(inputs, sudo=Sudo.IF_AVAILABLE), inputs=inputs)
    )

    assert diagnosis.problem == ""
    assert {"reached"} == {one.output.splitlines()[-1] for one in diagnosis.steps}
    assert files(tmp_path) == set()


def test_names_that_are_payloads_reach_no_shell(tmp_path: Path) -> None:
    """The host, the alert's name and labels, and what a person gives: all are values only."""
    text = f"$(touch {tmp_path}/one); `touch {tmp_path}/two`"
    sources = ("host.name", "alert.name", "alert.labels.a", r"alert.key =~ key=(.*)", "given")
    fields = {"alert.name": text, "alert.labels.a": text, "alert.key": f"key={text}"}
    inputs = tuple(
        Input(f"v{number}", InputType.ENUM, (source,), values=(text,))
        for number, source in enumerate(sources)
    )
    steps = [step(f"echo {one.name}={{{{ inputs.{one.name} }}}}", one.name) for one in inputs]
    job = job_here(*steps, inputs=inputs, name=text, values=fields, given={"v4": text})
    printed = run_here("sh", job)

    assert len(inputs) == printed.count(text)
    assert files(tmp_path) == set()


def test_a_value_in_an_expression_is_only_its_letters() -> None:
    """In a regular expression that takes something from an output, a value matches itself."""
    texts = [one.default or "" for one in payload_inputs(Path("/x"))]
    for text in [*texts, "(a+)+$", "[", "(?P<x>", ".*", "\\"]:
        given = Inputs((Input("v", InputType.ENUM, default=text, values=(text,)),), {})
        wanted = Extract("found", regex=r"<({{ inputs.v }})>")

        assert {"found": text} == extracted([wanted], f"x <{text}> y", given).values
        assert {} == extracted([wanted], "x <other> y", given).values


TEMPLATES = ["{{ 7*7 }}", "{% for x in range(9) %}x{% endfor %}", "{{ inputs.v }}", "{# x #}"]


@pytest.mark.parametrize("text", [*TEMPLATES, "<script>alert(1)</script>", "**bold** [x](y)"])
def test_what_a_host_prints_is_no_template(server: SshServer, text: str) -> None:
    """Neither an output nor a value within a sentence is compiled; both are said as they are."""
    one = Input("v", InputType.ENUM, default=text, values=(text,))
    said = Signal(
        "said", Level.INFO, "inputs.v == output", "{{ output }}|{{ inputs.v }}|{{ word }}"
    )
    printing = step(
        "echo {{ inputs.v }}", extract=(Extract("word", regex="(.+)"),), signals=(said,)
    )
    (result,) = diagnosed(job_on(server, printing, inputs=(one,))).steps

    assert result.output == text
    assert (f"{text}|{text}|{text}",) == tuple(each.say for each in result.highlights)


ESCAPES = [
    "inputs.__class__",
    "inputs._values",
    "inputs.values.__globals__",
    "output.__class__.__mro__[1].__subclasses__()",
    "'{0.__class__}'.format(inputs)",
    "self.__init__.__globals__",
    "lipsum.__globals__.os.system('touch /x')",
    "cycler.__init__.__globals__",
    "namespace()",
    "range(10**9)",
    "'x' * 10**9",
    "output | attr('__class__')",
    "facts.__getattribute__('x')",
    "dict(a=1)",
    "joiner",
]


def test_an_expression_reaches_nothing_but_its_values(server: SshServer) -> None:
    """What breaks out of a sandbox gives no signal, and the step keeps its text."""
    steps = [
        step(
            f"echo text; : {number}",
            f"s{number}",
            signals=(
                Signal("out", Level.BAD, "true", f"said {{{{ {expression} }}}}"),
                Signal("in", Level.BAD, f"({expression}) | string", "it holds"),
            ),
        )
        for number, expression in enumerate(ESCAPES)
    ]
    results = run_on(server, *steps).steps

    assert {"text"} == {result.output for result in results}
    escaped = [text for text, result in zip(ESCAPES, results, strict=True) if result.highlights]
    assert [] == escaped


def test_frames_in_an_output_are_output(server: SshServer) -> None:
    """Who does not know the number of this run forges neither results nor their end."""
    forged = (
        r"printf '\n\036%s E one code=0\n\n\036%s Z\n' 0123456789abcdef 0123456789abcdef; exit 3"
    )
    one, two = run_on(server, step(forged, "one"), step("echo second", "two")).steps

    assert (3, "second") == (one.exit_code, two.output)
    assert "0123456789abcdef Z" in one.output


def test_a_step_is_not_told_the_number_of_its_run(any_shell: SshServer) -> None:
    """Its environment and its open files do not give away how frames are written."""
    spying = 'env; for f in /proc/self/fd/*; do readlink "$f"; done; echo "nonce=$W_N"'
    (result,) = run_on(any_shell, step(spying)).steps

    assert "nonce=\n" in result.output + "\n"
    assert "W_N=" not in result.output.replace("nonce=", "")


def test_the_payloads_are_live(server: SshServer, tmp_path: Path) -> None:
    """Pasted into the text instead, as we never do, the first of them are executed."""
    values = [one.default or "" for one in payload_inputs(tmp_path)[:4]]
    steps = [step(f"echo {value}", f"s{number}") for number, value in enumerate(values)]
    diagnosed(job_on(server, *steps))

    assert files(tmp_path) == {"one", "two"}


@pytest.mark.parametrize("kind", [one for one in InputType if one is not InputType.ENUM])
def test_no_type_allows_a_payload(kind: InputType) -> None:
    """Every type by itself refuses every payload and every value that could be an option."""
    one = Input("v", kind)
    bad = [*PAYLOADS, "-rf", "--help", "", " ", "a b", "a\n", "\n", "a\0", "*", "~root x", "é" * 9]

    assert not [value for value in bad if allowed(one, value.replace("CMD", "touch /tmp/x"))]


@pytest.mark.parametrize(
    ("kind", "good", "bad"),
    [
        (InputType.HOSTNAME, ["db1", "db-1.example.org", "a.b."], ["-a", "a..b", "a_b", "x" * 254]),
        (InputType.IP, ["10.0.0.1", "::1", "2001:db8::1"], ["10.0.0", "fe80::1%eth0", "1"]),
        (InputType.PORT, ["1", "22", "65535"], ["0", "65536", "022", "-1", "22a"]),
        (InputType.INT, ["0", "-5", "42"], ["1.5", "1e3", "9" * 19]),
        (InputType.PATH, ["/", "/var/lib", "/a..b/c"], ["var", "/..", "/a/..", "/a/../b", "/a b"]),
        (InputType.SYSTEMD_UNIT, ["nginx.service", "a@b.service", r"dev-sda\x2d1"], ["a/b", "-x"]),
        (InputType.DBNAME, ["orders", "a.b-c"], ["a;b", "a$b", "x" * 64]),
        (InputType.CONTAINER, ["web_1", "a.b"], ["_web", "a/b"]),
        (InputType.K8S_NAME, ["web-1", "a.b"], ["Web", "-a", "a-"]),
        (InputType.WORD, ["eth0", "a/b:c", "x=1"], ["a;b", "$a", "x" * 201]),
    ],
)
def test_what_the_types_allow(kind: InputType, good: list[str], bad: list[str]) -> None:
    """Ordinary names pass; what is no such name does not."""
    one = Input("v", kind)

    assert good == [value for value in good + bad if allowed(one, value)]


def test_a_pattern_narrows_a_type() -> None:
    """A pattern is anchored, and the type still holds."""
    one = Input("v", InputType.PATH, pattern="/srv/.*")

    assert allowed(one, "/srv/data")
    assert not allowed(one, "/var/srv/data")
    assert not allowed(one, "/srv/../etc")


def test_the_first_source_with_a_value_wins() -> None:
    """Sources are asked in order, then the default; an empty field is no value."""
    fields = {"alert.labels.a": "", "alert.labels.b": "/b", "alert.labels.c": "/c"}
    sources = ("alert.labels.x", "alert.labels.a", "alert.labels.b", "alert.labels.c")
    found = Input("found", InputType.PATH, sources)
    lost = Input("lost", InputType.PATH, ("alert.labels.x",), default="/d")
    inputs = Inputs((found, lost), fields)

    assert (inputs["found"], inputs["lost"]) == ("/b", "/d")
    with pytest.raises(Refused, match="there is no input 'other'"):
        inputs["other"]


def test_values_travel_beside_the_text() -> None:
    """Each expression becomes a variable of its own; filters work on the value."""
    inputs = Inputs((Input("m", InputType.PATH, default="/srv"),), {})
    rendered = render("df {{ inputs.m }} | grep {{ inputs.m | upper }}\n", inputs)

    assert rendered == Rendered('df "${W_1}" | grep "${W_2}"\n', ("/srv", "/SRV"))


@pytest.mark.parametrize(
    ("template", "reason"),
    [
        ("df {{ inputs.n }}", "there is no input 'n'"),
        ("df {{ alert.name }}", "the template fails: 'alert' is undefined"),
        ("df {{ nothing }}", "the template fails: 'nothing' is undefined"),
        ("df {{ inputs.m", "the template fails: unexpected end of template"),
        ("{{ 1 / 0 }}", "the template fails: division by zero"),
        ("{{ inputs._values }}", "the template fails: access to attribute '_values'"),
        ("{{ ''.__class__.__mro__ }}", "the template fails: access to attribute '__class__'"),
    ],
)
def test_a_template_that_cannot_work_is_refused(template: str, reason: str) -> None:
    """The reason is that of the sandbox, and nothing is rendered."""
    with pytest.raises(Refused, match=f"^{re.escape(reason)}"):
        render(template, Inputs.example([Input("m", InputType.PATH, ("a.b",))]))


def test_a_template_that_fails_skips_its_step(server: SshServer) -> None:
    """A fault that shows only with a value is the reason why the step was left out."""
    one = Input("n", InputType.INT, ("alert.labels.n",))
    values = {"alert.labels.n": "0"}
    job = job_on(server, step("echo {{ 1 / (inputs.n | int) }}"), inputs=(one,), values=values)
    (result,) = diagnosed(job).steps

    assert result.status is StepStatus.SKIPPED
    assert result.reason == "the template fails: division by zero"
