"""How a host is prepared: what may run as root, what is written there, and what it then refuses."""

import os
import shutil
import stat
import subprocess
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import paramiko
import pytest

from tests.conftest import StartSshd
from tests.diagnostics.given import diagnosed, gone, job_on, running, sessions, step, unique_seconds
from tests.diagnostics.test_endings import in_background
from tests.sshd import SEARCH_PATH, SshServer, make_key
from watcher.diagnostics.root import RootCommand, root_commands
from watcher.diagnostics.sign import signed_command, signed_input
from watcher.diagnostics.target import NotPrepared, Target, target_script
from watcher.kit.shipped import shipped
from watcher.model.catalogue import SshProfile
from watcher.model.evidence import StepStatus
from watcher.model.runbook import Input, InputType, Runbook, Step, Sudo, Variant
from watcher.policy.problems import Problems
from watcher.policy.runbooks import load_runbooks

NOW = datetime(2026, 11, 22, 18, tzinfo=UTC)


def rooted(run: str, name: str = "step", sudo: Sudo = Sudo.IF_AVAILABLE, **more: object) -> Runbook:
    """A runbook of one step that may use as_root."""
    text = replace(step(run, name, sudo=sudo), **more)  # type: ignore[arg-type]  # by name
    return Runbook("book", "A book", "us", (text,), inputs=(Input("v", InputType.WORD, ("a.b",)),))


@pytest.fixture
def profile(tmp_path: Path) -> SshProfile:
    """How Watcher logs in to what is to be prepared."""
    make_key(tmp_path / "login")
    make_key(tmp_path / "signing")
    return SshProfile(
        "linux",
        "watcher",
        str(tmp_path / "login"),
        str(tmp_path / "known_hosts"),
        signing_key_file=str(tmp_path / "signing"),
    )


def public(path: str) -> str:
    """The public part of a key, without its comment."""
    return " ".join(Path(f"{path}.pub").read_text().split()[:2])


@pytest.mark.parametrize(
    ("run", "argv"),
    [
        ("as_root dmesg", ("dmesg",)),
        ("as_root lsof -nP +L1 2>/dev/null | head", ("lsof", "-nP", "+L1")),
        ("if x=$(as_root dmesg -T); then echo", ("dmesg", "-T")),
        ("a && as_root ss -tan; b", ("ss", "-tan")),
        ("as_root vgs -o 'vg name,vg_size' >/dev/null", ("vgs", "-o", "vg name,vg_size")),
        ('as_root vgs -o "a b"', ("vgs", "-o", "a b")),
        ("as_root smartctl \\\n  -H /dev/sda\necho", ("smartctl", "-H", "/dev/sda")),
        ("as_root a\\ b", ("a b",)),
        ("as_root docker ps --format '{% raw %}{{.Names}}{% endraw %}'", None),
        ("as_root journalctl -u {{ inputs.v }}", None),
        ('as_root ls "$HOME"', None),
        ("as_root ls /var/*", None),
        ("as_root ls ~root", None),
        ("as_root ls `pwd`", None),
        ("as_root ls {a,b}", None),
        ("as_root", None),
    ],
)
def test_commands_behind_as_root_are_found(run: str, argv: tuple[str, ...] | None) -> None:
    """A command ends where the shell ends it; what the shell would change is not fixed."""
    found = root_commands([rooted(run)])

    if "{% raw %}" in run:
        argv = ("docker", "ps", "--format", "{{.Names}}")
    assert [argv] == [one.argv for one in found] or (run, found) == ("as_root", ())


def test_who_asks_for_a_command_is_known() -> None:
    """The same command is listed once with all who ask; comments and other names are no calls."""
    book = rooted("# as_root reboot\nas_root dmesg | my_as_root x; echo not_as_root y", "one")
    variant = replace(book, id="other", steps=(Step("two", "Two", sudo=Sudo.REQUIRED),))
    two = replace(variant.steps[0], variants=(Variant("as_root dmesg"), Variant("as_root true")))
    never = rooted("as_root reboot", sudo=Sudo.NEVER)
    broken = rooted("as_root {{ nothing }}")

    assert root_commands([book, replace(variant, steps=(two,)), never, broken]) == (
        RootCommand("dmesg", ("dmesg",), ("book/one", "other/two")),
        RootCommand("true", ("true",), ("other/two",)),
    )


def run_script(text: str, root: Path, *arguments: str, shell: str = "sh") -> str:
    """What the script says when it writes below another root; `visudo` and commands are there."""
    tools = root / "tools"
    tools.mkdir(parents=True, exist_ok=True)
    if shutil.which("visudo", path=SEARCH_PATH) is None:
        (tools / "visudo").write_text('#!/bin/sh\n[ -s "$2" ]\n')
        (tools / "visudo").chmod(0o755)
    for name in ("dmesg", "lsof", "journalctl", "ls"):
        (root / "usr/bin").mkdir(parents=True, exist_ok=True)
        (root / "usr/bin" / name).touch(mode=0o755)
    done = subprocess.run(
        [shell, "-s", "--", *arguments],
        input=text,
        text=True,
        capture_output=True,
        check=False,
        env={"PATH": f"{tools}:{SEARCH_PATH}", "ROOT": str(root)},
    )
    assert done.stderr == ""
    return done.stdout


def test_a_plain_user_gets_one_restricted_key(profile: SshProfile, tmp_path: Path) -> None:
    """Level 1 writes authorized_keys and nothing else; taking it back leaves nothing."""
    text = target_script(Target(profile, 1, ("10.0.0.0/8", "192.0.2.1")), NOW)
    root = tmp_path / "root"
    said = run_script(text, root)

    keys = root / "home/watcher/.ssh/authorized_keys"
    key = public(profile.key_file)
    assert f'restrict,from="10.0.0.0/8,192.0.2.1/32" {key} watcher\n' == keys.read_text()
    assert "this host is prepared for watcher, level 1" in said
    assert not (root / "etc").exists() or not list((root / "etc").rglob("*watcher*"))
    assert "let in from everywhere" not in text
    assert "let in from everywhere" in target_script(Target(profile, 1), NOW)

    assert "nothing of watcher is left" in run_script(text, root, "--remove")
    assert [] == [path for path in root.rglob("*") if "watcher" in path.name and path.is_file()]


@pytest.mark.parametrize("shell", ["dash", "bash"])
def test_sudo_allows_exact_commands_only(profile: SshProfile, tmp_path: Path, shell: str) -> None:
    """Level 2 lists each command with its arguments; what varies is left out and says why."""
    books = (
        rooted("as_root dmesg; as_root lsof -nP -o 'a,b:c=d*' ; as_root nowhere -x", "some"),
        rooted("as_root journalctl -u {{ inputs.v }}; as_root journalctl -n 5", "log"),
        rooted("as_root sh -c 'echo fine'; as_root /sbin/dmesg; as_root ls ''", "odd"),
        rooted("as_root ls 'a\"b'; as_root awk 'BEGIN { }'; as_root ls 'a b#'", "quoted"),
    )
    text = target_script(Target(profile, 2, (), books), NOW)
    root = tmp_path / "root"
    run_script(text, root, shell=shell)
    again = run_script(text, root, shell=shell)

    sudoers = root / "etc/sudoers.d/watcher"
    assert 0o440 == stat.S_IMODE(sudoers.stat().st_mode)
    assert f"wrote {sudoers}" in again
    rules = sudoers.read_text().splitlines()
    assert [
        "Defaults:watcher !requiretty",
        "Defaults:watcher command_timeout=15",
        'watcher ALL=(root) NOPASSWD: /usr/bin/dmesg ""',
        "watcher ALL=(root) NOPASSWD: NOEXEC: /usr/bin/journalctl -n 5",
        r"watcher ALL=(root) NOPASSWD: /usr/bin/ls a\ b\#",
        r"watcher ALL=(root) NOPASSWD: /usr/bin/lsof -nP -o a\,b\:c\=d\*",
    ] == [rule for rule in rules if not rule.startswith("#")]
    assert "# nowhere is not on this host" in rules
    left_out = text[text.index("rules() {") : text.index("# allow COMMAND")]
    for reason, command in [
        ("its arguments are not always the same", 'journalctl -u "${W_1}"'),
        ("it runs whatever it is told to", "sh -c 'echo fine'"),
        ("it is not called by its plain name", "/sbin/dmesg"),
        ("sudo cannot tell its arguments exactly", "ls ''"),
        ("sudo cannot tell its arguments exactly", "ls 'a\"b'"),
        ("sudo cannot tell its arguments exactly", "awk 'BEGIN { }'"),
    ]:
        assert f"  # Left out, since {reason} (book/" in left_out
        assert f"  #   {command}\n" in left_out


def test_old_sudo_gets_the_rules_without_a_limit_of_time(
    profile: SshProfile, tmp_path: Path
) -> None:
    """It would refuse the whole file for a word that it does not know."""
    root = tmp_path / "root"
    (root / "tools").mkdir(parents=True)
    (root / "tools/visudo").write_text('#!/bin/sh\n! grep -q command_timeout= "$2"\n')
    (root / "tools/visudo").chmod(0o755)
    (root / "usr/bin").mkdir(parents=True)
    (root / "usr/bin/dmesg").touch(0o755)
    slow = rooted("as_root dmesg", timeout=60.5)
    text = target_script(Target(profile, 2, (), (slow,)), NOW)
    environment = {"PATH": f"{root}/tools:{SEARCH_PATH}", "ROOT": str(root)}
    subprocess.run(["sh", "-s"], input=text, text=True, env=environment, check=True)
    rules = (root / "etc/sudoers.d/watcher").read_text().splitlines()

    assert 'say "Defaults:$NAME command_timeout=66"' in text
    assert ["Defaults:watcher !requiretty", 'watcher ALL=(root) NOPASSWD: /usr/bin/dmesg ""'] == [
        rule for rule in rules if not rule.startswith("#")
    ]


def test_rules_that_sudo_does_not_take_are_not_put_in_place(
    profile: SshProfile, tmp_path: Path
) -> None:
    """A mistake in sudoers could lock everybody out, so the file that is there stays."""
    root = tmp_path / "root"
    sudoers = root / "etc/sudoers.d/watcher"
    sudoers.parent.mkdir(parents=True)
    sudoers.write_text("as it was\n")
    (root / "tools").mkdir()
    (root / "tools/visudo").write_text("#!/bin/sh\nexit 1\n")
    (root / "tools/visudo").chmod(0o755)
    text = target_script(Target(profile, 2), NOW)
    environment = {"PATH": f"{root}/tools:{SEARCH_PATH}", "ROOT": str(root)}
    done = subprocess.run(
        ["sh", "-s"], input=text, text=True, capture_output=True, env=environment, check=False
    )

    assert (1, "as it was\n") == (done.returncode, sudoers.read_text())
    assert "visudo does not accept the rules" in done.stderr
    assert [sudoers] == list(sudoers.parent.iterdir())


def test_what_ships_is_accepted_by_sudo(profile: SshProfile, tmp_path: Path) -> None:
    """The rules for all shipped runbooks pass visudo, and hold no pattern."""
    books = load_runbooks([shipped("runbooks")], Problems())
    text = target_script(Target(profile, 3, (), tuple(books.values())), NOW)
    root = tmp_path / "root"
    run_script(text, root)

    rules = (root / "etc/sudoers.d/watcher").read_text()
    assert 'watcher ALL=(root) NOPASSWD: /usr/bin/dmesg ""' in rules
    assert "*" not in "".join(line for line in rules.splitlines() if not line.startswith("#"))


def test_making_the_user(profile: SshProfile, tmp_path: Path) -> None:
    """As root the script makes the user, without a password, and adds it to the groups of logs.

    The commands that would do it are recorded instead.
    """
    log, tools = tmp_path / "log", tmp_path / "tools"
    tools.mkdir()
    home = tmp_path / "home"
    answers = {
        "id": 'case $2 in watcher) exit 1 ;; esac; echo "0"',
        "getent": f"case $1 in group) exit 0 ;; esac; echo watcher:x:999:999::{home}:/bin/sh",
        "useradd": f'echo "useradd $*" >>{log}',
        "usermod": f'echo "usermod $*" >>{log}',
    }
    for name, body in answers.items():
        (tools / name).write_text(f"#!/bin/sh\n{body}\n")
        (tools / name).chmod(0o755)
    # Only files of level 1 are written, and these into the home directory given above.
    text = target_script(Target(profile, 1), NOW).replace('rm -f "$', 'echo "$')
    subprocess.run(
        ["sh", "-s"], input=text, text=True, check=True, env={"PATH": f"{tools}:{SEARCH_PATH}"}
    )

    assert [
        "useradd --create-home --shell /bin/sh --comment Watcher diagnostics watcher",
        "usermod --password * --shell /bin/sh watcher",
        "usermod -aG systemd-journal watcher",
        "usermod -aG adm watcher",
    ] == log.read_text().splitlines()
    assert (home / ".ssh/authorized_keys").exists()


def test_nobody_but_root_prepares_a_host(profile: SshProfile, tmp_path: Path) -> None:
    """Without rights, and with words that it does not know, the script changes nothing."""
    (tmp_path / "id").write_text("#!/bin/sh\necho 1000\n")
    (tmp_path / "id").chmod(0o755)
    text = target_script(Target(profile, 1), NOW)

    for arguments, environment, said in (
        ([], {}, "error: run this as root"),
        (["--help"], {"ROOT": str(tmp_path)}, "error: usage: sh FILE [--remove]"),
    ):
        done = subprocess.run(
            ["sh", "-s", "--", *arguments],
            input=text,
            text=True,
            capture_output=True,
            check=False,
            env={"PATH": f"{tmp_path}:{SEARCH_PATH}", **environment},
        )
        assert (1, said + "\n", "") == (done.returncode, done.stderr, done.stdout)


def test_a_certificate_lets_its_authority_in(profile: SshProfile, tmp_path: Path) -> None:
    """With short-lived certificates the host trusts who signs them, for this user only."""
    make_key(tmp_path / "authority")
    signing = f"ssh-keygen -q -s {tmp_path}/authority -I x -n watcher -V 20260101:20300101"
    subprocess.run([*signing.split(), f"{profile.key_file}.pub"], check=True)
    text = target_script(Target(profile, 1), NOW)

    authority = public(f"{tmp_path}/authority")
    assert f'\ncert-authority,principals="watcher",restrict {authority} watcher\n' in text


@pytest.mark.parametrize(
    ("changes", "level", "sources", "reason"),
    [
        ({"user": "root"}, 1, (), "a host is prepared for a user without rights"),
        ({"user": "a b"}, 1, (), "the user 'a b' of linux is no name for a new user"),
        ({"signing_key_file": ""}, 3, (), "level 3 needs a `signing_key_file`"),
        ({}, 1, ("10.0.0.1/8",), "--source-address: 10.0.0.1/8 has host bits set"),
        ({}, 1, ('*" x',), "--source-address: "),
    ],
)
def test_what_cannot_be_prepared(
    profile: SshProfile, changes: dict[str, str], level: int, sources: tuple[str, ...], reason: str
) -> None:
    """A target that makes no sense is refused in words."""
    with pytest.raises(NotPrepared) as refused:
        target_script(Target(replace(profile, **changes), level, sources), NOW)  # type: ignore[arg-type]  # by name

    assert str(refused.value).startswith(reason)


@pytest.mark.parametrize("shell", ["dash", "bash"])
@pytest.mark.parametrize("level", [1, 2, 3])
def test_the_script_can_be_read_by_every_shell(
    profile: SshProfile, tmp_path: Path, level: int, shell: str
) -> None:
    """Its text is sound, whatever the runbooks are called and ask for."""
    books = (rooted("as_root ls 'it'\\''s' \"$x\"\nas_root echo '`reboot`' ')' END", "odd"),)
    script = tmp_path / "script"
    script.write_text(target_script(Target(profile, level, (), books), NOW))

    subprocess.run([shell, "-n", str(script)], check=True)


@pytest.fixture
def signed(profile: SshProfile, sshd: StartSshd, tmp_path: Path) -> SshServer:
    """A host that is prepared for signed scripts, below another root.

    Its user is whoever runs the tests: another one cannot be made here.
    """
    root = tmp_path / "root"
    run_script(target_script(Target(profile, 3), NOW), root)
    return sshd(
        "SetEnv HOME=/nonexistent",
        key_options=f'restrict,command="{root}/usr/local/bin/watcher-run"',
    )


def test_a_signed_script_runs(signed: SshServer, profile: SshProfile) -> None:
    """With the signing key a diagnosis goes as anywhere else, and leaves no file behind."""
    job = job_on(signed, step("echo let in; cat", "first"), step("exit 3", "second"))
    before = temporary()
    keyed = replace(job.profile, signing_key_file=profile.signing_key_file)
    first, second = diagnosed(replace(job, profile=keyed)).steps

    assert (StepStatus.OK, "let in") == (first.status, first.output)
    assert 3 == second.exit_code
    assert temporary() <= before


def test_a_big_signed_script_runs(signed: SshServer, profile: SshProfile) -> None:
    """A script that is longer than an argument may be is run, too."""
    job = job_on(signed, step("true # " + "x" * 200_000, "big"), step("echo end"))
    keyed = replace(job.profile, signing_key_file=profile.signing_key_file)

    assert "end" == diagnosed(replace(job, profile=keyed)).steps[1].output


def test_the_dead_mans_switch_works_behind_a_signature(
    signed: SshServer, profile: SshProfile
) -> None:
    """When the connection is cut, what the signed script began ends."""
    mark = unique_seconds()
    job = job_on(signed, step(f"sleep {mark}"))
    keyed = replace(job.profile, signing_key_file=profile.signing_key_file)
    with in_background(replace(job, profile=keyed)):
        assert running(f"sleep {mark}")
        for session in sessions(signed):
            session.kill()

    assert gone(mark)


def temporary() -> set[Path]:
    """The folders that mktemp makes."""
    return set(Path(os.environ.get("TMPDIR", "/tmp")).glob("tmp.*"))


def asked(server: SshServer, command: str, text: bytes) -> tuple[int, str]:
    """What the host answers to a command with this on its stdin: exit code and what it said."""
    with paramiko.Transport((server.address, server.port)) as transport:
        transport.start_client()
        transport.auth_publickey(server.user, paramiko.PKey.from_path(server.client_key))
        channel = transport.open_session()
        channel.settimeout(15)
        channel.exec_command(command)
        channel.sendall(text)
        channel.shutdown_write()
        said = channel.makefile_stderr("rb").read() + channel.makefile("rb").read()
        return channel.recv_exit_status(), said.decode()


SCRIPT = b"echo EXECUTED\n"


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("good", 0, "EXECUTED"),
        ("plain command", 126, "only signed runbooks are run here"),
        ("a shell", 126, "only signed runbooks are run here"),
        ("tampered", 126, "the signature of the script is not good"),
        ("longer", 126, "the signature of the script is not good"),
        ("another key", 126, "the signature of the script is not good"),
        ("no signature", 126, "the signature of the script is not good"),
        ("a command as signature", 126, "the signature of the script is not good"),
        ("not whole", 97, "the script is not whole"),
        ("no number", 97, "the number of bytes is none"),
        ("a command as number", 97, "the number of bytes is none"),
        ("nothing", 97, "no script came"),
    ],
)
def test_only_what_is_signed_is_run(
    signed: SshServer, profile: SshProfile, name: str, code: int, said: str
) -> None:
    """Without the signing key, who has the login key runs nothing at all."""
    key = paramiko.PKey.from_path(profile.signing_key_file)
    login = paramiko.PKey.from_path(profile.key_file)
    good, text = signed_command(SCRIPT, key), signed_input(SCRIPT)
    command, stdin = {
        "good": (good, text),
        "plain command": ("echo EXECUTED", b""),
        "a shell": ("exec sh -s", SCRIPT),
        "tampered": (good, text.replace(b"echo", b"Echo")),
        "longer": (good, b"%d\n%b%b" % (2 * len(SCRIPT), SCRIPT, SCRIPT)),
        "another key": (signed_command(SCRIPT, login), text),
        "no signature": ("watcher-run ", text),
        "a command as signature": ("watcher-run $(echo EXECUTED >&2); `id`", text),
        "not whole": (good, b"999\n" + SCRIPT),
        "no number": (good, SCRIPT),
        "a command as number": (good, b"1;id\n" + SCRIPT),
        "nothing": (good, b""),
    }[name]
    answer, heard = asked(signed, command, stdin)

    assert (code, True) == (answer, said in heard)
    assert (name == "good") == ("EXECUTED" in heard)
