"""What hosts decide themselves, and several runbooks as one script: real hosts, three shells."""

import getpass
import os
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import StartSshd
from tests.diagnostics.given import diagnosed, job_on, output_of, run_on, step
from tests.sshd import SshServer
from watcher.decide.findings import NOT_HERE
from watcher.decide.match import parse
from watcher.diagnostics.pool import Pool
from watcher.diagnostics.run import Job, diagnose, script_of
from watcher.kit.clock import Clock
from watcher.model.evidence import Diagnosis, Level, StepStatus
from watcher.model.matcher import Matcher
from watcher.model.person import Role
from watcher.model.policy import RunbookPolicy
from watcher.model.runbook import (
    Effect,
    Extract,
    Input,
    InputType,
    Shell,
    Signal,
    Step,
    Sudo,
    ValueType,
    Variant,
    Weight,
)


def when(*texts: str) -> tuple[Matcher, ...]:
    """Matchers as an author writes them."""
    return tuple(matcher for text in texts for matcher in parse(text))


def together(server: SshServer, *books: tuple[Step, ...], seconds: float = 60) -> list[Diagnosis]:
    """What several runbooks bring back as one script."""
    jobs = [job_on(server, *steps, timeout=seconds) for steps in books]
    named = [
        replace(job, runbook=replace(job.runbook, id=f"book{number}"))
        for number, job in enumerate(jobs)
    ]
    with Pool(Clock()) as pool:
        return list(diagnose(named, pool, Clock()))


def test_a_host_says_what_it_is(any_shell: SshServer) -> None:
    """System, version, kernel, user and clock come with the same script."""
    facts = run_on(any_shell, step("true")).facts
    release = dict(
        line.split("=", 1)
        for line in Path("/etc/os-release").read_text().splitlines()
        if "=" in line
    )

    assert facts["os_id"] == release["ID"].strip('"')
    assert facts["os_version"] == release.get("VERSION_ID", "").strip('"')
    assert facts["kernel"] == Path("/proc/sys/kernel/osrelease").read_text().strip()
    assert facts["user"] == getpass.getuser()
    assert {"arch", "init", "container", "os_family"} <= facts.keys()
    assert abs(float(facts["clock_offset"])) < 5


def test_steps_and_variants_are_chosen_on_the_host(any_shell: SshServer) -> None:
    """Conditions on facts and on commands decide there what is run, and we say why not."""
    user = getpass.getuser()
    diagnosis = run_on(
        any_shell,
        step("echo mine", "mine", when=when(f'user="{user}"', 'os_id=~"[a-z]+"')),
        step("echo no", "other", when=when('os_id="plan9"')),
        step("echo no", "pattern", when=when('user!~".+"')),
        step("echo plain", "plain", variants=(Variant("echo no", when('os_id="plan9"')),)),
        step(
            "",
            "second",
            variants=(
                Variant("echo no", needs=("no-such-command",)),
                Variant("echo second", when('os_id!="plan9"'), ("sh",)),
                Variant("echo third"),
            ),
        ),
        step("", "lacking", variants=(Variant("echo no", needs=("no-such-command",)),)),
        step("", "unfit", variants=(Variant("echo no", when('os_id="plan9"')),)),
    )

    here = diagnosis.facts["os_id"]
    skipped, lacking = StepStatus.SKIPPED, StepStatus.UNAVAILABLE
    assert [(one.step, one.status, one.output, one.reason) for one in diagnosis.steps] == [
        ("mine", StepStatus.OK, "mine", ""),
        ("other", skipped, "", f'{NOT_HERE}: os_id="plan9" does not hold, os_id is {here}'),
        ("pattern", skipped, "", f'{NOT_HERE}: user!~".+" does not hold, user is {user}'),
        ("plain", StepStatus.OK, "plain", ""),
        ("second", StepStatus.OK, "second", ""),
        ("lacking", lacking, "", "the host has no command 'no-such-command'"),
        ("unfit", skipped, "", f"{NOT_HERE}: no variant of it fits"),
    ]


def test_bash_is_used_where_a_step_asks_for_it(any_shell: SshServer) -> None:
    """An array needs bash, whatever the `sh` of the host is."""
    result = output_of(any_shell, 'a=(one two); echo "${a[1]}"', shell=Shell.BASH)

    assert (StepStatus.OK, "two") == (result.status, result.output)


def test_a_heavy_step_comes_last_and_steps_back(any_shell: SshServer) -> None:
    """The light ones of all runbooks come first; a heavy one has the lowest priority."""
    heavy = step("nice; cat /tmp/none 2>/dev/null; date +%s%N", "heavy", weight=Weight.HEAVY)
    first, second = together(any_shell, (heavy,), (step("nice; date +%s%N", "light"),))
    (late,), (early,) = first.steps, second.steps

    assert ("19", str(os.nice(0))) == (late.output.split()[0], early.output.split()[0])
    assert int(early.output.split()[1]) < int(late.output.split()[1])


def test_what_is_the_same_runs_once(any_shell: SshServer, tmp_path: Path) -> None:
    """Each runbook has its own diagnosis; a step that two of them share is run once for both."""
    tmp_path.chmod(0o777)
    same = step(f"echo run >>{tmp_path}/runs; echo seen", "same")
    extract, loud = (Extract("word", regex=r"\w+"),), Signal("s", Level.BAD, "word", "{{ word }}!")
    first, second = together(
        any_shell,
        (same, step("echo one", "own")),
        (replace(same, extract=extract, signals=(loud,)), step("echo two", "own")),
    )

    assert (tmp_path / "runs").read_text() == "run\n"
    assert ["seen", "one"] == [one.output for one in first.steps]
    assert ["seen", "two"] == [one.output for one in second.steps]
    assert ["seen!"] == [each.say for each in second.steps[0].highlights]
    assert first.audit.script == second.audit.script
    assert ("book0", "book1") == (first.runbook, second.runbook)


def test_one_runbook_cannot_take_the_time_of_another(any_shell: SshServer) -> None:
    """Of one script, each runbook stops at its own time, and the next one has all of its own."""
    slow, quick = together(
        any_shell,
        (step("sleep 30", "slow", timeout=20), step("echo never", "late")),
        (step("echo fine", "quick"),),
        seconds=2,
    )

    up = "the time for the whole runbook was up"
    assert [(StepStatus.TIMEOUT, up), (StepStatus.SKIPPED, f"not run: {up}")] == [
        (one.status, one.reason) for one in slow.steps
    ]
    assert ["fine"] == [one.output for one in quick.steps]


def test_values_and_signals_come_with_the_step(server: SshServer) -> None:
    """What the output means stands beside it, without secrets; a fault takes nothing away."""
    result = output_of(
        server,
        "echo use=97 password=hunter2hunter2 card=4111-1111; echo",
        redact=(r"\d{4}-\d{4}",),
        extract=(
            Extract("use", regex=r"use=(\d+)", type=ValueType.INT),
            Extract("all", regex=r"(.+)"),
            Extract("bad", json="a"),
        ),
        signals=(
            Signal("full", Level.BAD, "use > facts.os_id|length", "{{ use }} % of {{ all }}"),
            Signal("fine", Level.GOOD, "status == 'ok' and exit_code == 0", "all is well"),
            Signal("wrong", Level.WARN, "use + 'x'", "never"),
        ),
    )

    masked = "use=97 password=*** card=***"
    assert (StepStatus.OK, masked) == (result.status, result.output)
    assert {"use": 97, "all": masked} == result.values
    assert ["97 % of " + masked, "all is well"] == [each.say for each in result.highlights]
    assert result.reason.startswith("value bad could not be read: the output is no JSON")
    assert "signal wrong failed: " in result.reason


@pytest.mark.parametrize(
    ("run", "changes"),
    [
        ("echo no; exit 3", {}),
        ("seq 1 9999", {"head": 10, "tail": 10}),
        ("as_root echo partly", {"sudo": Sudo.IF_AVAILABLE}),
    ],
    ids=["failed", "cut", "partial"],
)
def test_nothing_is_ruled_out_by_what_was_not_seen_whole(
    sshd: StartSshd, tmp_path: Path, run: str, changes: dict[str, object]
) -> None:
    """Good news from a step that failed, was cut or lacked root is no news."""
    server = not_root(sshd, tmp_path)
    good = Signal("none", Level.GOOD, "true", "nothing was found")
    bad = Signal("some", Level.BAD, "true", "it stands all the same")
    result = output_of(server, run, signals=(good, bad), **changes)

    assert ["it stands all the same"] == [each.say for each in result.highlights]


def not_root(sshd: StartSshd, folder: Path, allowed: str = "nothing") -> SshServer:
    """A host on which we are not root, and whose sudo allows one command only."""
    sudo = f'case "$*" in "-n -l {allowed}") ;; "-n {allowed}") echo as root ;; *) exit 1; esac'
    for name, text in (("id", "echo 1000"), ("sudo", sudo)):
        (folder / name).write_text(f"#!/bin/sh\n{text}\n")
        (folder / name).chmod(0o755)
    folder.chmod(0o755)
    ours = f"exec sh -s < <(sed -u s,^PATH=/,PATH={folder}:/,)"
    return sshd(key_options=f"command=\"bash -c '{ours}'\"")


def test_root_is_asked_for_command_by_command(sshd: StartSshd, tmp_path: Path) -> None:
    """What sudo allows runs as root; the rest as ourselves, marked, or not at all."""
    server = not_root(sshd, tmp_path, allowed="echo allowed")
    some, rather, must, both = run_on(
        server,
        step("as_root echo allowed", "some", sudo=Sudo.REQUIRED),
        step(
            "as_root echo a | cat; as_root printf b; as_root echo allowed",
            "rather",
            sudo=Sudo.IF_AVAILABLE,
        ),
        step("echo before; as_root echo no | cat; echo after", "must", sudo=Sudo.REQUIRED),
        step("as_root 'strange$name'", "both", sudo=Sudo.IF_AVAILABLE),
    ).steps

    assert (StepStatus.OK, "as root", "") == (some.status, some.output, some.partial)
    assert ("a\nbas root", "without root: echo, printf") == (rather.output, rather.partial)
    assert (must.status, must.reason) == (
        StepStatus.UNAVAILABLE,
        "needs root for echo, which sudo does not allow",
    )
    assert both.partial == "without root: a command"


def test_who_is_root_needs_no_sudo(any_shell: SshServer) -> None:
    """Where we are root already, as_root is nothing."""
    if getpass.getuser() != "root":
        pytest.skip("needs to be root")
    result = output_of(any_shell, "as_root echo plain", sudo=Sudo.REQUIRED)

    assert (StepStatus.OK, "plain", "") == (result.status, result.output, result.partial)


def approving(job: Job, role: Role | None = None) -> Job:
    """The job as one that somebody approved, or that waits for this role."""
    if role is None:
        return replace(job, approved=True)
    policy = RunbookPolicy(approval=role)
    return replace(job, runbook=replace(job.runbook, policy=policy))


def test_what_does_more_than_read_waits_for_a_person(server: SshServer) -> None:
    """Without approval such steps do not run; with it they do."""
    job = job_on(
        server,
        step("echo stopped", "gdb", effects=Effect.PAUSE),
        step("echo written", "dump", effects=Effect.TMPFILE),
        step("echo read", "read"),
    )
    assert [
        (StepStatus.SKIPPED, "waits for approval: it pauses what it looks at"),
        (StepStatus.SKIPPED, "waits for approval: it writes a temporary file"),
        (StepStatus.OK, ""),
    ] == [(one.status, one.reason) for one in diagnosed(job).steps]
    assert ["stopped", "written", "read"] == [one.output for one in diagnosed(approving(job)).steps]
    held = "waits for approval by a person who is at least manager"
    assert {held} == {one.reason for one in diagnosed(approving(job, Role.MANAGER)).steps[2:]}


def test_a_diagnosis_tells_who_ran_what_as_whom(server: SshServer) -> None:
    """The audit has the inputs that were used, the script, the host key and who asked."""
    mount = Input("mount", InputType.PATH, ("alert.name =~ FS \\[([^]]+)\\]",))
    job = job_on(
        server,
        step("echo {{ inputs.mount }}"),
        inputs=(mount, Input("word", InputType.WORD, ("a.b",), default="x")),
        values={"alert.name": "FS [/var]: full", "a.b": "$(id)"},
        digest="d1",
    )
    first = diagnosed(replace(job, by="rule x"))
    second = diagnosed(replace(job, given={"mount": "/srv"}))

    audit = first.audit
    assert ({"mount": "/var"}, "rule x", "d1") == (audit.inputs, audit.by, audit.runbook)
    assert (server.user, 64) == (audit.user, len(audit.script))
    assert audit.host_key.startswith("SHA256:")
    assert audit.address.startswith(server.address)
    assert ["/srv"] == [one.output for one in second.steps]
    assert "W_S='echo \"${W_1}\"'" in script_of([job])
