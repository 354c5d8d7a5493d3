"""A runbook on a real host: what each step comes to, and what is kept of it."""

from hashlib import sha256
from pathlib import Path

import pytest

from tests.conftest import StartSshd
from tests.diagnostics.given import diagnosed, gone, job_on, output_of, run_on, step, unique_seconds
from tests.sshd import SshServer
from watcher.kit.secrets import Secret
from watcher.model.evidence import StepStatus
from watcher.model.runbook import Input, InputType

MOUNT = Input("mount", InputType.PATH, ("alert.labels.mountpoint",), default="/")


def with_path(sshd: StartSshd, path: str) -> SshServer:
    """A host where commands are found in other places."""
    script = f"exec sh -s < <(sed -u s,^PATH=.*,PATH={path},)"
    return sshd(key_options=f"command=\"bash -c '{script}'\"")


def test_a_diagnosis_brings_back_every_step(any_shell: SshServer) -> None:
    """Each step has its status, its output and its time; the run has the key and the script."""
    job = job_on(
        any_shell,
        step("echo hello; echo oops >&2", "greet", read="Look at the greeting."),
        step("df -P {{ inputs.mount }}; echo {{ inputs.mount }}", "disk"),
        step("true", "quiet"),
        step("echo partly; exit 3", "broken"),
        step("exit 3", "tolerated", ok_exit=(0, 3)),
        step("no-such-command-at-all", "strange"),
        step("echo never", "needy", needs=("sh", "no-such-command-at-all")),
        step("echo '\\'; cat; printf 'no newline'", "last"),
        inputs=(MOUNT,),
        values={"alert.labels.mountpoint": "/tmp"},
    )
    diagnosis = diagnosed(job)

    assert diagnosis.problem == ""
    assert [
        (
            one.step,
            one.status,
            one.exit_code,
            one.output.splitlines()[-1] if one.step == "disk" else one.output,
            one.reason.split("'")[0],
        )
        for one in diagnosis.steps
        if one.step != "strange"
    ] == [
        ("greet", StepStatus.OK, 0, "hello\noops", ""),
        ("disk", StepStatus.OK, 0, "/tmp", ""),
        ("quiet", StepStatus.NO_DATA, 0, "", ""),
        ("broken", StepStatus.FAILED, 3, "partly", "exit code 3"),
        ("tolerated", StepStatus.NO_DATA, 3, "", ""),
        ("needy", StepStatus.UNAVAILABLE, None, "", "the host has no command "),
        ("last", StepStatus.OK, 0, "\\\nno newline", ""),
    ]
    strange = diagnosis.steps[5]
    assert (strange.status, strange.exit_code) == (StepStatus.UNAVAILABLE, 127)
    assert strange.reason == "a command of this step is not there"
    assert diagnosis.steps[0].read == "Look at the greeting."
    assert diagnosis.steps[0].title == "Greet"
    assert diagnosis.steps[0].size == len("hello\noops\n")
    assert 0 < diagnosis.seconds < 15
    assert round(diagnosis.seconds, 3) == diagnosis.seconds
    assert diagnosis.host_key.startswith("SHA256:")
    assert (diagnosis.runbook, diagnosis.title, diagnosis.host) == ("book", "A book", "db1")


def test_the_same_run_has_the_same_script(server: SshServer) -> None:
    """The script's sum tells whether two diagnoses ran the same, since the nonce is not in it."""
    first, second = run_on(server, step("echo a")), run_on(server, step("echo a"))
    other = run_on(server, step("echo b"))

    assert first.audit.script == second.audit.script != other.audit.script
    assert len(sha256().hexdigest()) == len(first.audit.script)


def test_a_value_that_does_not_fit_its_type_skips_the_step(server: SshServer) -> None:
    """Steps that use a refused input are skipped with the reason; the others run."""
    job = job_on(
        server,
        step("df {{ inputs.mount }}", "disk"),
        step("echo fine", "other"),
        inputs=(MOUNT,),
        values={"alert.labels.mountpoint": "/$(reboot)"},
    )
    disk, other = diagnosed(job).steps

    assert disk.status is StepStatus.SKIPPED
    assert disk.reason == "input mount: the value from the alert is not a valid path"
    assert other.output == "fine"


def test_nothing_to_run_needs_no_connection(server: SshServer) -> None:
    """When every step is skipped, the host is left in peace."""
    job = job_on(
        server, step("df {{ inputs.where }}"), inputs=(Input("where", InputType.PATH, ("a.b",)),)
    )
    server.stop()
    diagnosis = diagnosed(job)

    assert diagnosis.problem == ""
    assert diagnosis.steps[0].reason == "input where: the alert has no value for it"


@pytest.mark.parametrize(
    ("run", "output"),
    [
        (r"printf '\033[31mred\033[0m \033]0;title\007plain\n'", "red plain"),
        (r"printf 'one\r\ntwo\r\n'", "one\ntwo"),
        (r"printf '10%%\r50%%\r100%%\ndone\n'", "100%\ndone"),
        (r"printf 'caf\351 \001\007 x\n'", "caf\ufffd \ufffd\ufffd x"),
        (r"printf 'user\342\200\256gpj.exe\n'", "user\ufffdgpj.exe"),
        ("echo Привет", "Привет"),
        ("head -c 5000 /dev/zero", "[binary output, 5000 bytes]"),
    ],
)
def test_output_becomes_plain_text(server: SshServer, run: str, output: str) -> None:
    """Colours, overwriting, bytes that are no text and text that plays tricks are cleaned away."""
    assert output_of(server, run).output == output


def test_endless_output_is_stopped_and_cut(any_shell: SshServer) -> None:
    """A step that never stops writing is stopped at 4 MiB, of which the two ends are kept."""
    result = output_of(any_shell, "yes", head=20, tail=20, timeout=50)

    marker = "[... 2097132 lines / 4194264 bytes elided ...]"
    assert "\n".join(["y"] * 11 + [marker] + ["y"] * 9) == result.output
    assert (result.status, result.truncated, result.size) == (StepStatus.OK, True, 4194304)
    assert result.reason == "stopped after 4194304 bytes of output"


def test_a_long_output_keeps_both_ends(any_shell: SshServer) -> None:
    """Head and tail are kept to the line, and what is missing in between is said."""
    result = output_of(any_shell, "seq 1 300000", head=16, tail=16, timeout=50)

    assert result.output == "\n".join(
        [*"123456789", "[... 299989 lines / 1988863 bytes elided ...]", "299999", "300000"]
    )
    assert (result.status, result.truncated, result.size) == (StepStatus.OK, True, 1988895)


def test_a_line_between_the_two_ends_is_kept_whole(any_shell: SshServer) -> None:
    """Output that fits into both ends together comes back as it was."""
    result = output_of(any_shell, "seq 1 15", head=20, tail=100)

    assert "\n".join(map(str, range(1, 16))) == result.output
    assert (result.truncated, result.size) == (False, 36)


@pytest.mark.parametrize("tools", ["busybox", "simple"])
def test_other_tools_than_those_of_gnu_keep_the_promises(
    sshd: StartSshd, tmp_path: Path, tools: str
) -> None:
    """BusyBox alone, or a dd that cannot fill a block: both ends are kept, and steps are ended."""
    for command in ("sh", "timeout", "awk", "head", "dd"):
        (tmp_path / command).symlink_to("/usr/bin/busybox")
    if tools == "simple":
        (tmp_path / "dd").unlink()
        (tmp_path / "dd").write_text("#!/bin/sh\necho dd: unknown >&2\nexit 1\n")
        (tmp_path / "dd").chmod(0o755)
    tmp_path.chmod(0o755)
    server = with_path(sshd, f"{tmp_path}:/usr/bin:/bin")
    mark = unique_seconds()
    short, long, slow = run_on(
        server,
        step("echo short", "short", head=20, tail=20),
        step("seq 1 300000", "long", head=20, tail=20),
        step(f"sleep {mark} & sleep {mark}", "slow", timeout=0.7),
    ).steps

    assert (short.output, short.size, short.truncated) == ("short", 6, False)
    assert long.output.startswith("1\n2\n3\n")
    assert long.output.endswith(" elided ...]\n299999\n300000")
    assert (long.size, long.truncated) == (1_988_895, True)
    assert slow.status is StepStatus.TIMEOUT
    assert gone(mark)


def test_a_line_longer_than_all_room_is_cut_with_a_mark(any_shell: SshServer) -> None:
    """One line of 50,000 bytes does not slip through the cap, nor vanish."""
    ends = {"head": 60, "tail": 60}
    result = output_of(any_shell, r"head -c 50000 /dev/zero | tr '\0' x; echo; echo end", **ends)

    mark = "[... 49910 bytes of this line elided ...]"
    assert f"{'x' * 90} {mark}\nend" == result.output
    assert (result.truncated, result.size) == (True, 50_005)


def test_all_steps_together_have_a_limit(server: SshServer) -> None:
    """What does not fit into the runbook's max_output is left out and marked."""
    job = job_on(server, step("seq 1 400", "a"), step("echo more", "b"), max_output=1000)
    first, second = diagnosed(job).steps

    assert first.output.endswith("\n276\n277")
    assert (first.truncated, second.truncated) == (True, True)
    assert (second.status, second.output) == (StepStatus.OK, "m")


def test_a_host_that_floods_us_is_cut_off(server: SshServer) -> None:
    """More than 8 MiB are not taken from one run, whatever its steps may send."""
    flood = {"head": 4_000_000, "tail": 4_000_000}
    steps = [step(f"yes $(printf %09000d 0); : {name}", name, **flood) for name in ("a", "b", "c")]
    diagnosis = run_on(server, *steps)

    assert diagnosis.problem == "the diagnosis is not complete: the host sent more than we take"
    assert diagnosis.steps[0].status is StepStatus.OK
    assert diagnosis.steps[2].status in {StepStatus.FAILED, StepStatus.SKIPPED}
    assert sum(len(one.output) for one in diagnosis.steps) <= 524_288


def test_output_cannot_forge_a_frame(any_shell: SshServer) -> None:
    """A frame with another nonce is output, and a step cannot learn the nonce of its run."""
    forged = r"printf '\n\036deadbeefdeadbeef E only 0 0 0\n\036deadbeefdeadbeef Z\n'; set; exit 9"
    result = output_of(any_shell, forged)

    assert (result.status, result.exit_code) == (StepStatus.FAILED, 9)
    assert "deadbeefdeadbeef Z" in result.output
    assert "W_N=" not in result.output


@pytest.mark.parametrize(
    ("frames", "status", "reason"),
    [
        ("B only|hi|E only code=99999999999999 size=x dropped=-1|Z|", StepStatus.OK, ""),
        ("B only|hi|E only nonsense|Z|", StepStatus.OK, ""),
        ("B only|hi|E only|E other code=0|Q what|Z|", StepStatus.OK, ""),
        ("B only|hi|E only code=511|Z|", StepStatus.FAILED, "exit code 255"),
        ("U only <script>|Z|", StepStatus.UNAVAILABLE, "the host has no command 'that it needs'"),
        ("B other|hi|Z|", StepStatus.SKIPPED, "not run: the connection was cut"),
    ],
)
def test_a_host_may_make_up_what_it_sends(
    sshd: StartSshd, tmp_path: Path, frames: str, status: StepStatus, reason: str
) -> None:
    """A host that invents its answers can deceive about itself only; nothing of it crashes us."""
    liar = tmp_path / "liar"
    pieces = "".join(f"mark '{piece}'\n" for piece in frames.split("|") if piece and piece != "hi")
    marks = 'read -r line\nmark() { printf \'\\n\\036%s %s\\n\' "${line#W_N=}" "$1"; echo hi; }\n'
    liar.write_text(f"#!/bin/sh\n{marks}{pieces}")
    liar.chmod(0o755)
    tmp_path.chmod(0o755)
    diagnosis = run_on(sshd(f"ForceCommand {liar}"), step("true"))

    assert [(status, reason)] == [(one.status, one.reason) for one in diagnosis.steps]


def test_a_step_that_is_killed_has_not_timed_out(server: SshServer) -> None:
    """A kill that comes before the time is up, as from a lack of memory, is a failure."""
    result = output_of(server, "kill -9 $$")

    assert (StepStatus.FAILED, "exit code 137") == (result.status, result.reason)


def test_a_step_cannot_eat_the_script(any_shell: SshServer) -> None:
    """A step that reads stdin finds it empty."""
    first, second = run_on(any_shell, step("cat; echo first", "a"), step("echo second", "b")).steps

    assert (first.output, second.output) == ("first", "second")


def test_a_shell_that_greets_disturbs_nothing(sshd: StartSshd) -> None:
    """What a login prints before the script is no part of the evidence."""
    server = sshd(key_options='command="echo Welcome; echo Mind the gap >&2; exec sh -s"')

    assert output_of(server, "echo hello").output == "hello"


def test_a_host_without_timeout_runs_nothing(sshd: StartSshd, tmp_path: Path) -> None:
    """Where a step could not be stopped it is not begun, and the problem names what is missing."""
    for command in ("awk", "head", "sh"):
        (tmp_path / command).symlink_to(f"/usr/bin/{command}")
    tmp_path.chmod(0o755)
    diagnosis = run_on(with_path(sshd, str(tmp_path)), step("echo hello"))

    assert diagnosis.steps == ()
    assert diagnosis.problem == (
        "the host has no command 'timeout', without which nothing can be run safely there; "
        "install it (Debian: coreutils, mawk)"
    )


def test_secrets_of_our_own_never_leave(server: SshServer) -> None:
    """A value that Watcher holds is masked however it came into the output, even cut in two."""
    ours = Secret("tango-42-whiskey")
    job = job_on(
        server,
        step("echo a=tango-42-whiskey b='other secret/1' c=other%20secret%2F1", "whole"),
        step("echo xxxxxxxxxx tango-42-whiskey", "cut", head=1, tail=40),
        secrets=("other secret/1",),
    )
    whole, cut = diagnosed(job).steps

    assert whole.output == "a=*** b=*** c=***"
    assert cut.output == "xxxxxxxxxx *** [... 6 bytes of this line elided ...]"
    assert f"{ours}" == "***"
