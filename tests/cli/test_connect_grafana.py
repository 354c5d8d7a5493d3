"""`watcher connect grafana` and `disconnect grafana`, against a strict stand-in for Grafana."""

import asyncio
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from typer import Exit
from typer.testing import CliRunner, Result

from tests.cli.given import Desk
from tests.monitors.grafana_api import ADMIN, GrafanaServer, Request, running_grafana
from tests.peers import Answer, HttpPeer, closed_port
from tests.stores import sqlite_in
from tests.web.hooked import ask, at_work, pieces, request
from watcher.app.front import gate
from watcher.cli import build
from watcher.cli.connect._shared import choose
from watcher.cli.connect._test_alert import send_test
from watcher.engine.intake import Intake
from watcher.kit.clock import Clock
from watcher.kit.metrics import Metrics
from watcher.model.source import Asked
from watcher.policy.endpoints import Source
from watcher.settings import load
from watcher.web.hooks import Hooks

CONFIG = """\
listen: 127.0.0.1:{port}
data_dir: data
sources:
  - name: gra
    kind: grafana
    auth: {auth}
    monitor: {{url: "{url}/", token: {{file: token}}}}
"""
BEARER = "{bearer: {env: TOKEN}}"
SIGNED = "{hmac: {secret: {env: TOKEN}, timestamp_header: X-Stamp}}"
SECRET = "proves-who-it-is"
TEAM: dict[str, Any] = {"receiver": "Pager", "object_matchers": [["team", "=", "db"]]}
PAGER: dict[str, Any] = {"uid": "p", "name": "Pager", "type": "email", "settings": {}}
FIRST = {"receiver": "Watcher", "group_wait": "5s", "group_interval": "1m", "continue": True}
LAST = {"receiver": "grafana-default-email", "continue": True}


@dataclass(frozen=True)
class Place(Desk):
    """Where somebody types, beside a Grafana, and a Watcher that takes what it posts."""

    grafana: GrafanaServer
    hook: str

    def type(self, *words: str, login: str = ADMIN) -> Result:
        """What `watcher connect|disconnect grafana` says to an administrator."""
        command = [words[0], "grafana", *words[1:], "--config", str(self.config)]
        secrets = {"TOKEN": SECRET, "LOGIN": login}
        return CliRunner().invoke(
            build([words[0]]), [*command, "--token", "env:LOGIN"], env=secrets
        )

    @property
    def token(self) -> Path:
        return self.folder / "token"

    def deliver(self, url: str, headers: Mapping[str, str], body: bytes) -> str:
        """What becomes of a post to Watcher: it goes through its real hooks into its store."""
        if url != self.hook:
            return f"Post {url!r}: dial tcp: connection refused"
        settings = load(self.config, {"TOKEN": SECRET}, brief=True, awaited=[self.token])
        status = asyncio.run(self._hooked(settings.sources[0], headers, body))
        return "" if status == 202 else f"webhook response status {status}"

    async def _hooked(self, source: Source, headers: Mapping[str, str], body: bytes) -> int:
        with self.store() as store:
            clock = Clock()
            intake = Intake(lambda: store.inbox(clock.now()), lambda: None)
            async with at_work(intake):
                hooks = Hooks({source.name: gate(source)}, intake, clock, Metrics())
                start, _ = await ask(hooks, request("/hooks/gra", headers), pieces(body))
        return int(start["status"])


@contextmanager
def _place(folder: Path, version: int = 13, auth: str = BEARER) -> Iterator[Place]:
    with HttpPeer(Answer(200)) as watcher, running_grafana(version) as grafana:
        hook = f"http://127.0.0.1:{watcher.port}/hooks/gra"
        place = Place(folder, grafana, hook)
        text = CONFIG.format(port=watcher.port, auth=auth, url=grafana.url)
        place.config.write_text(text)
        sqlite_in(folder / "data")
        grafana.posts = place.deliver
        yield place


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """Beside the newest Grafana."""
    with _place(tmp_path) as made:
        yield made


def _changes(grafana: GrafanaServer) -> list[str]:
    """What was called that changes something, tests left out."""
    return [
        f"{call.method} {call.path}"
        for call in grafana.calls
        if call.method != "GET" and not call.path.endswith("/test")
    ]


@pytest.mark.parametrize(
    ("version", "auth"),
    [(10, BEARER), (11, "{basic: {user: g, password: {env: TOKEN}}}"), (12, SIGNED), (13, SIGNED)],
)
def test_one_command_makes_all_and_a_second_changes_nothing(
    tmp_path: Path, version: int, auth: str
) -> None:
    """Contact point, policies, service account and token are made, and a test alert arrives by
    them; made again, there is nothing to change.
    """
    with _place(tmp_path, version, auth) as place:
        first = place.type("connect")
        made = _changes(place.grafana)
        second = place.type("connect")

        assert 0 == first.exit_code, first.output
        assert (
            [
                "POST /api/v1/provisioning/contact-points",
                "PUT /api/v1/provisioning/policies",
                "POST /api/serviceaccounts",
                "POST /api/serviceaccounts/7/tokens",
            ]
            == made
            == _changes(place.grafana)
        )
        assert "A test alert has arrived: delivery " in first.output
        assert second.output.startswith("There is nothing to change in Grafana.\nA test alert has")
        assert 0o600 == stat.S_IMODE(place.token.stat().st_mode)
        assert "Editor" == place.grafana.tokens[place.token.read_text().strip()]
        assert [FIRST, LAST] == place.grafana.tree["routes"]
        for said in (first.output, second.output):
            assert SECRET not in said
            assert "glsa_" not in said


def test_a_dry_run_says_what_it_would_do(place: Place) -> None:
    """Each change in a line, and none made."""
    result = place.type("connect", "--dry-run")

    assert (
        f"contact point Watcher: made, posts to {place.hook}\n"
        "notification policies: every alert to Watcher, on to the next put in; every alert to "
        "grafana-default-email, on to the next put in; all others stay\n"
        "service account watcher-gra: made, role Editor\n"
        f"Token in {place.token}: new, because there is none yet; Watcher reads it when it starts\n"
    ) == result.stdout
    assert [] == _changes(place.grafana)
    assert not place.token.exists()


def test_the_tree_of_policies_stays_around_our_routes(place: Place) -> None:
    """Every alert goes to Watcher first and on to where it went before; taken away, the tree is
    what it was.
    """
    place.grafana.contact_points.append(PAGER.copy())
    place.grafana.tree["routes"] = [deepcopy(TEAM)]
    before = deepcopy(place.grafana.tree)

    place.type("connect")

    assert {**before, "routes": [FIRST, TEAM, LAST]} == place.grafana.tree
    place.type("disconnect")
    assert before == place.grafana.tree


def test_a_tree_that_takes_all_needs_no_last_route(place: Place) -> None:
    """Where a route of one's own takes every alert, nothing falls to the default receiver."""
    everything = {"receiver": "grafana-default-email", "routes": [{**LAST}]}
    place.grafana.tree["routes"] = [everything]

    place.type("connect")

    assert [FIRST, everything] == place.grafana.tree["routes"]


def test_what_people_moved_is_put_right(place: Place) -> None:
    """Our route first again with the times that people gave it, and the last one last."""
    place.type("connect")
    place.grafana.contact_points.append(PAGER.copy())
    moved = {**FIRST, "group_wait": "30s"}
    place.grafana.tree |= {"receiver": "Pager", "routes": [TEAM, moved, LAST]}
    place.grafana.contact_points[0]["settings"] |= {"payload": {"template": "x"}, "title": "ours"}
    place.grafana.contact_points[0]["disableResolveMessage"] = True
    place.grafana.accounts[0]["role"] = "Admin"

    result = place.type("connect")

    assert [moved, TEAM, {**LAST, "receiver": "Pager"}] == place.grafana.tree["routes"]
    assert "contact point Watcher: changed: payload, disableResolveMessage\n" in result.output
    assert "service account watcher-gra: role Editor, enabled\n" in result.output
    settings = place.grafana.contact_points[0]["settings"]
    assert ("ours", False) == (settings["title"], "payload" in settings)
    assert "Editor" == place.grafana.accounts[0]["role"]


@pytest.mark.parametrize("owner", ["file", "converted_prometheus"])
def test_a_provisioned_tree_is_left_to_its_owner(place: Place, owner: str) -> None:
    """What is kept in a file is changed there: the message says what to add."""
    place.grafana.tree["provenance"] = owner

    result = place.type("connect")

    assert 1 == result.exit_code
    assert (
        f"watcher: notification policies: provisioned ({owner}), so it is to be changed there. Its "
        "`routes` need, first and last:\n"
        '    - {"receiver":"Watcher","group_wait":"5s","group_interval":"1m","continue":true}\n'
        '    - {"receiver":"grafana-default-email","continue":true}\n'
    ) in result.output
    assert [] == _changes(place.grafana)


def test_what_a_program_keeps_stays_its_own(place: Place) -> None:
    """A tree put there by Terraform is changed without being given to people."""
    place.grafana.tree["provenance"] = "api"

    assert 0 == place.type("connect").exit_code
    assert "api" == place.grafana.tree["provenance"]


def test_a_tree_that_changes_just_now_is_not_overwritten(place: Place) -> None:
    """Whoever edits the policies between our look and our change loses nothing."""
    looks = []

    def edit(request: Request) -> None:
        looks.append(request.path)
        if looks.count("/api/v1/provisioning/policies") == 3:
            place.grafana.tree["group_wait"] = "45s"

    place.grafana.before = edit
    result = place.type("connect")

    assert 1 == result.exit_code
    assert "somebody changes the notification policies just now: run this again" in result.output
    assert "routes" not in place.grafana.tree


def test_a_tree_that_is_not_kept_is_told(place: Place) -> None:
    """Grafana may say yes and do otherwise: then the command does not say that it worked."""
    looks = []

    def forget(request: Request) -> None:
        looks.append(request.path)
        if request.method == "GET" and "PUT" in looks:
            place.grafana.tree["group_by"] = ["..."]
        looks.append(request.method)

    place.grafana.before = forget
    result = place.type("connect")

    assert "Grafana did not keep the notification policies as they were" in result.output


def test_a_viewer_is_enough_to_ask(place: Place) -> None:
    """Who does not answer needs no right to change anything."""
    place.type("connect", "--read-only")

    assert "Viewer" == place.grafana.accounts[0]["role"]


def test_a_spent_token_is_replaced(place: Place) -> None:
    """A token that Grafana does not take any more gives way to a new one."""
    place.token.write_text("glsa_old\n")

    result = place.type("connect")

    assert f"Token in {place.token}: new, because " in result.output
    assert "401 Unauthorized: Invalid API key" in result.output
    assert place.token.read_text().strip() in place.grafana.tokens


def test_a_token_of_another_organisation_is_replaced(place: Place) -> None:
    """Grafana takes it, but what it shows is not what the contact point posts."""
    place.token.write_text(place.grafana.token("Editor", org=2))

    result = place.type("connect")

    assert (
        f"Token in {place.token}: new, because it is of organisation 2 (Billing), not of "
        "organisation 1 (Main Org.); Watcher"
    ) in result.output


def test_a_source_stays_with_its_organisation(place: Place) -> None:
    """Nothing is made in another one than that in which it was asked last time."""
    now = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
    with place.store() as store, store.begin() as tx:
        tx.save_asked("gra", Asked(cursor="1", at=now))

    result = place.type("connect", login=place.grafana.token("Admin", org=2))

    assert 1 == result.exit_code
    assert "is of organisation 2 (Billing), but alerts of this source are of organisation 1" in (
        result.output
    )
    assert [] == _changes(place.grafana)


def test_a_token_of_ones_own_is_left_alone(place: Place) -> None:
    """One out of the environment cannot be written; what to do is said."""
    text = place.config.read_text().replace("{file: token}", "{env: TOKEN}")
    place.config.write_text(text)

    result = place.type("connect")

    assert "let `monitor.token` be {file: PATH}, and run this again" in result.output


def test_a_source_without_a_monitor_only_listens(place: Place) -> None:
    """Grafana is told by --url then, and no token is made."""
    lines = place.config.read_text().splitlines(keepends=True)
    place.config.write_text("".join(lines[:-1]))

    refused = place.type("connect")
    result = place.type("connect", "--url", place.grafana.url)

    assert "where is Grafana? Give --url, or `monitor: {url: …}` in the source" in refused.output
    assert "Watcher will only listen" in result.output
    assert "A test alert has arrived" in result.output
    assert "POST /api/serviceaccounts/7/tokens" not in _changes(place.grafana)


def test_a_user_and_a_password_will_do(place: Place) -> None:
    """A fresh Grafana has no tokens, but an administrator."""
    assert 0 == place.type("connect", login="admin:secret").exit_code


@pytest.mark.parametrize(
    ("login", "word"),
    [
        ("glsa_unknown", "the token is wrong, expired or revoked: make a new one"),
        ("glsa_editor", "the token lacks the right alert.provisioning:write (role Admin)"),
    ],
)
def test_who_may_not_is_told_why(place: Place, login: str, word: str) -> None:
    """The message names the right, and never the token."""
    place.grafana.token("Editor")

    result = place.type("connect", login=login)

    assert (1, True) == (result.exit_code, word in result.output)
    assert login not in result.output


@pytest.mark.parametrize(
    ("version", "auth", "words"),
    [
        (11, SIGNED, "can neither sign nor send a header of one's own before 12"),
        (11, "{header: {name: X-Token, value: {env: TOKEN}}}", "give the source `auth: {bearer"),
        (9, BEARER, "Grafana 9.0.1 locks for people whatever is made by its API"),
    ],
)
def test_a_grafana_that_is_too_old_is_told_apart(
    tmp_path: Path, version: int, auth: str, words: str
) -> None:
    """Nothing is made halfway."""
    with _place(tmp_path, version, auth) as place:
        result = place.type("connect")

        assert (1, True) == (result.exit_code, words in result.output)
        assert [] == _changes(place.grafana)


def test_a_header_of_ones_own_serves_from_grafana_12_on(tmp_path: Path) -> None:
    """And a version that Grafana does not tell counts as a new one."""
    with _place(tmp_path, 12, "{header: {name: X-Token, value: {env: TOKEN}}}") as place:
        place.grafana.failing["/api/health"] = (200, '{"database": "ok"}')

        assert "A test alert has arrived" in place.type("connect").output


@pytest.mark.parametrize(
    ("version", "error", "words"),
    [
        (13, "status 401", "Watcher runs with another secret than the configuration says"),
        (12, "status 404", "there is no such source: start Watcher anew"),
        (13, "dial tcp: refused", "is it reached from there? Correct `public_url`"),
    ],
)
def test_where_the_test_got_lost_is_said(
    tmp_path: Path, version: int, error: str, words: str
) -> None:
    """With what Grafana got for an answer, and what to do."""
    with _place(tmp_path, version) as place:
        place.grafana.posts = lambda *_: error

        result = place.type("connect")

        assert 1 == result.exit_code
        assert f"not tested: the contact point could not post: {error}; {place.hook}: " in (
            result.output
        )
        assert words in result.output


def test_a_test_that_another_watcher_took_is_missed(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Accepted is not arrived: it must be in our store."""
    monkeypatch.setenv("TOKEN", SECRET)
    chosen = choose("grafana", "gra", place.config)

    with pytest.raises(Exit):
        send_test(chosen, lambda _mark: None, patience=0.0)

    assert "took the test alert, but it is not here" in capsys.readouterr().err


def test_a_watcher_that_does_not_run_is_said_before(place: Place) -> None:
    """Without it no test can arrive; all else is made."""
    text = place.config.read_text()
    port = text.partition("127.0.0.1:")[2].partition("\n")[0]
    place.config.write_text(text.replace(port, str(closed_port()), 1))

    result = place.type("connect")

    assert "not tested: Watcher does not answer at http://127.0.0.1:" in result.output


def test_disconnecting_takes_all_of_it_away(place: Place) -> None:
    """Policies, contact point, account and its tokens; a second time there is nothing."""
    tree = deepcopy(place.grafana.tree)
    place.type("connect")

    dry = place.type("disconnect", "--dry-run")
    first = place.type("disconnect")
    second = place.type("disconnect")

    assert dry.stdout == first.stdout
    assert "contact point Watcher: deleted\n" in first.output
    assert "service account watcher-gra: deleted, with its tokens\n" in first.output
    assert f"The file {place.token} stays; its token has gone with the account.\n" in first.output
    assert second.output.startswith("There is nothing to take away.\n")
    assert (tree, [], []) == (
        place.grafana.tree,
        place.grafana.contact_points,
        place.grafana.accounts,
    )


def test_a_contact_point_of_that_name_is_taken_over(place: Place) -> None:
    """One that posts elsewhere is put right; other parts of it stay."""
    mail = {"uid": "m", "name": "Watcher", "type": "email", "settings": {"addresses": "a@b.c"}}
    other = {"url": "http://old.example.org", "username": "u", "password": "p"}
    hook = {"uid": "h", "name": "Watcher", "type": "webhook", "settings": other}
    place.grafana.contact_points += [mail, hook]

    result = place.type("connect")

    assert (
        "contact point Watcher: changed: authorization_credentials, authorization_scheme, "
        "httpMethod, password, url, username\n"
    ) in result.output
    assert mail == place.grafana.contact_points[0]
    assert {"url", "httpMethod", "authorization_scheme", "authorization_credentials"} == set(
        place.grafana.contact_points[1]["settings"]
    )


def test_what_is_strange_is_said(place: Place) -> None:
    """An address that is not Grafana's is found out at once."""
    place.grafana.failing["/api/health"] = (200, orjson.dumps("well").decode())

    assert "/api/health: no object where one should be; is that its API?" in (
        place.type("connect").output
    )
