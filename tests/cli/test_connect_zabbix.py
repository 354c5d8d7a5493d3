"""`watcher connect zabbix` and `disconnect zabbix`, against stand-ins for Zabbix and its server."""

import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.cli.given import Desk
from tests.monitors.given import NOW
from tests.monitors.zabbix_office import ADMIN, PLAIN, Office, zabbix_office
from tests.monitors.zabbix_server import Answer, framed, zabbix_server
from tests.peers import HttpPeer, closed_port
from watcher.cli import build
from watcher.model.delivery import Arrival

CONFIG = """\
listen: 127.0.0.1:{port}
data_dir: data
sources:
  - name: zbx
    kind: zabbix
    auth: {{bearer: {{env: ZBX_TOKEN}}}}
    monitor:
      url: {url}
      token: {{file: api-token}}
"""
HOOK_TOKEN = "zabbix-proves-itself"


@dataclass(frozen=True)
class Place(Desk):
    """Where somebody types, with a Zabbix, and a Watcher that says it is well."""

    office: Office
    watcher: HttpPeer

    def configure(self, *changes: tuple[str, str]) -> None:
        """The configuration, with some of its words changed."""
        text = CONFIG.format(port=self.watcher.port, url=self.office.url)
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        self.config.write_text(text)

    @property
    def file(self) -> Path:
        return self.folder / "api-token"

    def type(self, *words: str, typed: str | None = None, token: str = ADMIN) -> Result:
        """What a command answers; the lent token is in the environment."""
        words = (*words, "--config", str(self.config))
        env = {"ZBX_TOKEN": HOOK_TOKEN, "LENT": token}
        return CliRunner().invoke(build([words[0]]), words, input=typed, env=env)

    def connect(self, *words: str, answer: Answer | None = None, **more: str) -> Result:
        """`watcher connect zabbix`, with a Zabbix server that answers so."""
        with zabbix_server(answer or self.arrives) as server:
            where = f"{server.address[0]}:{server.address[1]}"
            return self.type(
                "connect", "zabbix", "--token", "env:LENT", "--server", where, *words, **more
            )

    def arrives(self, request: dict[str, Any], source: str = "zbx") -> bytes:
        """The server sends its test message, and Watcher takes it."""
        parameters: Mapping[str, str] = request["data"]["parameters"]
        hook = f"http://127.0.0.1:{self.watcher.port}/hooks/zbx"
        assert (hook, HOOK_TOKEN) == (parameters["watcher_url"], parameters["watcher_token"])
        assert ("{EVENT.ID}", "") == (parameters["event_id"], parameters["watcher_proxy"])
        with self.store() as store:
            inbox = store.inbox(NOW)
            [number] = inbox.append([Arrival(source, "default", NOW, {}, b"{}")])
            inbox.close()
        return framed({"response": "success", "data": f'{{"delivery":"{number}"}}'})


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A sound configuration, whose file for the token of its monitor is not there yet."""
    with zabbix_office() as office, HttpPeer() as watcher:
        here = Place(tmp_path, office, watcher)
        here.configure()
        yield here


def test_one_command_connects_everything(place: Place) -> None:
    """Zabbix is set up, Watcher has its own token, and a message came all the way."""
    result = place.connect()

    assert 0 == result.exit_code, result.output
    assert "role Watcher: new" in result.stdout
    assert f"API token in {place.file}: new, because there is none yet" in result.stdout
    assert "A test message of the Zabbix server has arrived: delivery " in result.stdout
    [token] = [
        each["secret"]
        for each in place.office.tables["token"].values()
        if each["name"] == "Watcher"
    ]
    assert f"{token}\n" == place.file.read_text()
    assert 0o600 == stat.S_IMODE(place.file.stat().st_mode)
    assert HOOK_TOKEN not in result.output
    assert token not in result.output


def test_the_second_time_there_is_nothing_to_change(place: Place) -> None:
    """But it is tested again, and the token stays."""
    place.connect()
    token = place.file.read_text()

    result = place.connect()

    assert 0 == result.exit_code
    first, second = result.stdout.splitlines()
    assert "There is nothing to change in Zabbix." == first
    assert second.startswith("A test message")
    assert token == place.file.read_text()


def test_a_dry_run_changes_and_tests_nothing(place: Place) -> None:
    """Neither Zabbix nor the file."""
    result = place.connect("--dry-run", answer=lambda _: pytest.fail("asked"))

    assert (0, "This is a dry run: nothing of it is done.\n") == (result.exit_code, result.stderr)
    assert "user watcher: new" in result.stdout
    assert "API token in " in result.stdout
    assert [] == place.office.changes()
    assert not place.file.exists()


def test_a_token_that_zabbix_does_not_know_is_replaced(place: Place) -> None:
    """It is of use to nobody."""
    place.file.write_text("9" * 64)

    result = place.connect()

    assert f"API token in {place.file}: new, because Zabbix does not know it" in result.stdout
    assert "9" * 64 != place.file.read_text().strip()


@pytest.mark.parametrize("is_link", [True, False], ids=["link", "other file"])
def test_what_is_no_file_of_a_token_is_left_as_it_is(place: Place, is_link: bool) -> None:
    """Somebody named the wrong file, or laid a trap: no token is made for it."""
    other = place.folder / "other"
    other.write_text("root:x:0:0 root\n" if not is_link else "9" * 64)
    if is_link:
        place.file.symlink_to(other)
    else:
        other.rename(place.file)
    before = place.file.read_bytes()

    result = place.connect()

    assert 1 == result.exit_code
    assert f"{place.file} is no file with a token alone" in result.output
    assert (before, is_link) == (place.file.read_bytes(), place.file.is_symlink())
    names = [each["name"] for each in place.office.tables["token"].values()]
    assert "Watcher" not in names
    assert not list(place.folder.glob(".api-token*"))


def test_a_token_of_a_person_is_left_where_it_is(place: Place) -> None:
    """It may be their only copy; but they should know what it does."""
    place.file.write_text(ADMIN)

    result = place.connect()

    assert 0 == result.exit_code
    assert "it is of Admin, so what Watcher does there comes back as news" in result.stdout
    assert ADMIN == place.file.read_text()


def test_a_source_that_does_not_ask_gets_no_rights_to_answer(place: Place) -> None:
    """And its user no token."""
    text = place.config.read_text()
    place.config.write_text(text[: text.index("    monitor:")])

    missing = place.connect()
    result = place.connect("--url", place.office.url)

    assert (1, "watcher: where is Zabbix? Give --url, or `monitor: {url: …}` in the source\n") == (
        missing.exit_code,
        missing.stderr,
    )
    assert "Watcher will only listen: with `monitor: {url: …, token: {file: …}}`" in result.stdout
    assert "event.acknowledge" not in result.stdout
    assert 2 == len(place.office.tables["token"])


def test_rights_can_be_less_and_groups_fewer(place: Place) -> None:
    """By options of the command, or by those of the monitor."""
    place.configure(("{file: api-token}", "{file: api-token}\n      options: {groups: [Network]}"))
    by_file = place.connect("--read-only", "--people", "Admins", "--dry-run")
    by_option = place.connect("--group", "Linux", "--dry-run")

    assert "host groups: Network (read)\n" in by_file.stdout
    assert "groups: Admins, Watcher\n" in by_file.stdout
    assert "host groups: Linux (read and write), Linux/Web (read and write)\n" in by_option.stdout


@pytest.mark.parametrize(
    ("said", "remedy"),
    [
        ("Sending to Watcher failed: HTTP 401: wrong", "start it anew"),
        ("Sending to Watcher failed: HTTP 404: no such source", "or correct `public_url`"),
        ("Sending to Watcher failed: HTTP 302: moved", "must be the final address"),
        ("not an answer of Watcher: <html>", "something else answers there"),
        ("Error: cannot get URL: Couldn't connect to server.", "does not reach it"),
        ("RangeError", "see the log of the Zabbix server"),
    ],
    ids=["token", "source", "redirect", "proxy", "firewall", "anything else"],
)
def test_a_test_that_gets_lost_says_where(place: Place, said: str, remedy: str) -> None:
    """With what to do about it; all else is done by then."""
    result = place.connect(answer=lambda _: framed({"response": "failed", "info": said}))

    assert 1 == result.exit_code
    assert result.stderr.startswith(
        f"watcher: not tested: the Zabbix server did not get its message through: {said}; "
        f"http://127.0.0.1:{place.watcher.port}/hooks/zbx: "
    )
    assert remedy in result.stderr
    assert result.stderr.endswith(", then run this again: it will only test\n")
    assert "{$WATCHER.TOKEN}" in place.office.macros


def test_a_server_that_cannot_be_asked(place: Place) -> None:
    """Its address can be said, with a port or without."""
    result = place.type(
        "connect", "zabbix", "--token", "env:LENT", "--server", "[127.0.0.1]:1"
    )  # fmt: skip
    usual = place.type("connect", "zabbix", "--token", "env:LENT", "--server", "127.0.0.9")
    what = place.type("connect", "zabbix", "--token", "env:LENT", "--server", "::1")

    assert "the Zabbix server at 127.0.0.1:1 cannot be asked" in result.stderr
    assert "say where it listens by --server HOST:PORT, then run this again" in result.stderr
    assert "the Zabbix server at 127.0.0.9:10051 cannot be asked" in usual.stderr
    assert "watcher: --server takes HOST:PORT, not ::1\n" == what.stderr


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("OK", "what answered the test message is not Watcher"),
        ('{"delivery":"12"}', "/hooks/zbx leads to another Watcher, which took the test message"),
    ],
    ids=["no answer of ours", "another Watcher"],
)
def test_what_arrived_elsewhere_did_not_arrive(place: Place, answer: str, said: str) -> None:
    """A delivery counts where it is in the store of this configuration."""
    result = place.connect(answer=lambda _: framed({"response": "success", "data": answer}))

    assert 1 == result.exit_code
    assert said in result.stderr


def test_what_arrived_for_another_source_did_not_arrive(place: Place) -> None:
    """Its name is part of the address."""
    result = place.connect(answer=lambda request: place.arrives(request, "other"))

    assert "leads to another Watcher" in result.stderr


def test_without_a_watcher_there_is_nothing_to_test(place: Place) -> None:
    """The message could arrive nowhere."""
    port = closed_port()
    place.configure((f"listen: 127.0.0.1:{place.watcher.port}", f"listen: 127.0.0.1:{port}"))
    result = place.connect(answer=lambda _: pytest.fail("asked"))

    assert f"Watcher does not answer at http://127.0.0.1:{port}" in result.stderr
    assert "start `watcher serve`, then run this again: it will only test" in result.stderr


def test_a_zabbix_that_keeps_something_else_is_noticed(place: Place) -> None:
    """Whatever it accepted."""
    place.office.keep = True
    result = place.connect()

    assert 1 == result.exit_code
    assert result.stderr.startswith("watcher: Zabbix did not keep all of it: role Watcher: put")


@pytest.mark.parametrize(
    ("words", "typed", "said"),
    [
        (("--token", ADMIN), None, "never the token itself: others would see it"),
        (("--token", "env:NOBODY"), None, "there is none; give it by --token env:NAME"),
        (("--token", "file:/nowhere"), None, "the file /nowhere cannot be read"),
        ((), "\n", "API token of a Super admin in Zabbix: there is none"),
        (("--token", "-"), f"{PLAIN}\n", "with this token nothing can be made in Zabbix: No perm"),
    ],
    ids=["in clear", "no variable", "no file", "nothing", "no Super admin"],
)
def test_a_lent_token_is_never_on_the_command_line(
    place: Place, words: tuple[str, ...], typed: str | None, said: str
) -> None:
    """It is in a variable, in a file, or typed; and it has to be one of a Super admin."""
    result = place.type("connect", "zabbix", *words, typed=typed)

    assert 1 == result.exit_code
    assert said in result.stderr
    assert ADMIN not in result.output


def test_a_lent_token_can_come_from_a_file_or_a_pipe(place: Place) -> None:
    """As the other commands read passwords."""
    (place.folder / "lent").write_text(f"{ADMIN}\n")
    filed = place.type("connect", "zabbix", "--dry-run", "--token", f"file:{place.folder}/lent")
    piped = place.type("connect", "zabbix", "zbx", "--dry-run", typed=f"{ADMIN}\n")

    assert (0, 0) == (filed.exit_code, piped.exit_code)


@pytest.mark.parametrize(
    ("change", "words", "said"),
    [
        (("name: zbx", "name: zbx"), ("other",), "there is no source of kind zabbix named 'other'"),
        (("kind: zabbix", "kind: grafana"), (), "there is no source of kind zabbix"),
        (
            ("bearer: {env: ZBX_TOKEN}", "basic: {user: z, password: {env: ZBX_TOKEN}}"),
            (),
            "source 'zbx' needs `auth: {bearer: …}`, which Zabbix shows",
        ),
        (
            (
                "sources:\n",
                "sources:\n  - {name: two, kind: zabbix, auth: {bearer: {env: LENT}}}\n",
            ),
            (),
            "which source of kind zabbix: two, zbx?",
        ),
    ],
    ids=["no such source", "none of the kind", "no bearer", "several"],
)
def test_the_source_must_be_clear(
    place: Place, change: tuple[str, str], words: tuple[str, ...], said: str
) -> None:
    """One of that kind, which Zabbix can prove to be."""
    place.configure(change)

    result = place.connect(*words)

    assert (1, f"watcher: {said}\n") == (result.exit_code, result.stderr)


def test_a_file_that_cannot_be_written_is_told(place: Place) -> None:
    """Before anything is tested."""
    place.configure(("api-token", "nowhere/api-token"))
    result = place.connect(answer=lambda _: pytest.fail("asked"))

    assert 1 == result.exit_code
    assert "the token cannot be written to" in result.stderr


def test_disconnecting_takes_it_back_and_says_what_stays(place: Place) -> None:
    """In Zabbix; Watcher keeps its source and its file."""
    place.connect()
    planned = place.type("disconnect", "zabbix", "--token", "env:LENT", "--dry-run")
    there = len(place.office.tables["user"])
    result = place.type("disconnect", "zabbix", "--token", "env:LENT")

    assert (0, planned.stdout) == (result.exit_code, result.stdout)
    assert "user watcher: taken away" in result.stdout
    assert "The source 'zbx' and all that it reported stay in Watcher." in result.stdout
    assert f"The file {place.file} stays; the token in it has gone with its user." in result.stdout
    assert (3, 2) == (there, len(place.office.tables["user"]))
