"""The configuration: file, environment, secrets, defaults, and everything that is wrong at once."""

import json
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from textwrap import dedent
from typing import Any, cast

import pytest
from pydantic import BaseModel

from watcher.app.stored import listeners_of
from watcher.kit.plugins import adapter, kinds
from watcher.kit.shipped import shipped
from watcher.model.incident import Priority
from watcher.policy.catalogue import CatalogueFile
from watcher.policy.endpoints import Auth, Heartbeat
from watcher.policy.inventory import InventoryFile
from watcher.policy.problems import Problems
from watcher.policy.rules import RulesFile
from watcher.settings import Settings, SettingsError, complete, load, reload_policy
from watcher.settings.options import options_model
from watcher.settings.schema import ConfigFile

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
ENV = {"TOKEN": "t0ken", "PASSWORD": "p4ssword"}


def written(folder: Path, text: str) -> Path:
    """A configuration file with this content."""
    path = folder / "watcher.yaml"
    path.write_text(dedent(text))
    return path


def complaints(path: Path | None, env: Mapping[str, str] = ENV) -> list[str]:
    """Everything wrong with a configuration, without the folder of its file."""
    with pytest.raises(SettingsError) as caught:
        load(path, env, brief=True)
    folder = f"{path.parent}/" if path else ""
    return [str(problem).replace(folder, "") for problem in caught.value.problems]


def one_source(tmp_path: Path, auth: str, listen: str = "127.0.0.1:8080") -> Path:
    """A configuration of one source with that proof."""
    text = f"listen: '{listen}'\nsources:\n- name: zabbix\n  kind: zabbix\n  auth: {auth}\n"
    return written(tmp_path, text)


def one_monitor(tmp_path: Path, kind: str, more: str = "") -> Path:
    """A configuration of one source that is asked and answered."""
    monitor = f"{{url: https://there.example, token: {{env: TOKEN}}{more}}}"
    auth = "{bearer: {env: TOKEN}}"
    return written(
        tmp_path, f"sources: [{{name: a, kind: {kind}, auth: {auth}, monitor: {monitor}}}]"
    )


def test_everything_has_a_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a file Watcher serves on loopback, on SQLite under var/, with the shipped policy."""
    monkeypatch.chdir(tmp_path)
    settings = load(None, {})

    assert settings.listen == ("127.0.0.1", 8080)
    assert settings.public_url == "http://127.0.0.1:8080"
    assert settings.data_dir == tmp_path / "var"
    assert settings.database_url == f"sqlite:///{tmp_path}/var/watcher.db"
    assert settings.sources == ()
    assert settings.channels == {}
    assert settings.retention.deliveries == timedelta(days=7)
    assert settings.log.level == "info"
    assert "linux-base" in settings.runbooks
    assert settings.policy.runbooks
    assert settings.secrets == ()
    assert settings.warnings == ()


OWN = """\
{{apiVersion: watcher/v1, kind: Runbook, id: {name}, title: Ours, owner: us,
 match: {{any: [{{alert: never}}]}}, policy: {{cooldown: 0s}},
 steps: [{{id: who, title: Who, run: id}}]}}
"""


def test_brief_settings_become_whole(tmp_path: Path) -> None:
    """At first they have one's own runbooks only; completed, they are those of a whole load, in
    which one's own replace shipped ones.
    """
    path = written(tmp_path, "runbooks: books\n")
    (tmp_path / "books").mkdir()
    for name in ("door", "linux-base"):
        (tmp_path / "books" / f"{name}.yaml").write_text(OWN.format(name=name))
    brief, whole = load(path, {}, brief=True), load(path, {})

    assert {"door", "linux-base"} == brief.runbooks.keys()
    assert ["door", "linux-base"] == [each.name for each in brief.policy.runbooks]
    assert "Ours" == whole.runbooks["linux-base"].title
    assert len(whole.runbooks) > 20
    assert whole == complete(brief) == complete(whole)


def test_a_start_loads_no_holidays_unless_a_calendar_has_them() -> None:
    """The library knows all countries, which costs 12 MB; the examples of the shipped rules, which
    name one, are not looked at.
    """
    code = """\
import sys
from watcher.policy.problems import Problems
from watcher.settings import load, reload_policy

assert reload_policy(load(None, {}), Problems())
assert "holidays" not in sys.modules
load(None, {}, thorough=True)
assert "holidays" in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_example_of_ones_own_is_tried_at_every_start(tmp_path: Path) -> None:
    """Brief or not: rules that do something else than they say are not served, nor taken over."""
    path = written(tmp_path, "rules: rules\n")
    (tmp_path / "rules").mkdir()
    sound = load(path, {}, brief=True)
    shutil.copy(shipped("rules") / "priority.yaml", tmp_path / "rules")
    own = tmp_path / "rules" / "priority.yaml"
    own.write_text(own.read_text().replace("expect: P5", "expect: P1"))
    problems = Problems()

    assert reload_policy(sound, problems)
    assert problems.errors
    for brief in (False, True):
        with pytest.raises(SettingsError) as caught:
            load(path, {}, brief=brief)
        assert problems.errors == caught.value.problems
        assert "this example expects P1, but the rules say P5" in str(caught.value)


def test_a_source_proves_itself_with_what_is_configured(tmp_path: Path) -> None:
    """All four proofs, the size limit and the receiver's own options are read."""
    (tmp_path / "hmac.txt").write_text("s1gned\n")
    path = written(
        tmp_path,
        """\
        catalogue: catalogue.yaml
        sources:
          - name: grafana-acme
            kind: grafana
            customer: acme
            max_body: 2MiB
            auth:
              bearer: {env: TOKEN}
              basic: {user: grafana, password: {env: PASSWORD}}
              header: {name: X-Token, value: {env: TOKEN}}
              hmac: {secret: {file: hmac.txt}, timestamp_header: X-Time, max_age: 1m}
          - name: zabbix
            kind: zabbix
            auth: {bearer: {env: TOKEN}}
            options: {timezone: Europe/Berlin}
        """,
    )
    (tmp_path / "catalogue.yaml").write_text("customers: [{name: acme}]")
    settings = load(path, ENV, brief=True)
    grafana, zabbix = settings.sources
    auth = grafana.auth

    assert (grafana.name, grafana.kind, grafana.customer) == ("grafana-acme", "grafana", "acme")
    assert grafana.max_body == 2 * 1024 * 1024
    assert zabbix.max_body == 1024 * 1024
    assert auth.bearer
    assert auth.bearer.reveal() == "t0ken"
    assert auth.basic
    assert (auth.basic.user, auth.basic.password.reveal()) == ("grafana", "p4ssword")
    assert auth.header
    assert (auth.header.name, auth.header.value.reveal()) == ("X-Token", "t0ken")
    assert auth.hmac
    assert (auth.hmac.header, auth.hmac.timestamp_header) == (
        "X-Grafana-Alerting-Signature",
        "X-Time",
    )
    assert auth.hmac.secret.reveal() == "s1gned"
    assert auth.hmac.max_age == timedelta(minutes=1)
    assert (
        adapter("watcher.receivers", "zabbix").options({"timezone": "Europe/Berlin"})
        == zabbix.options
    )
    assert settings.secrets == ("p4ssword", "s1gned", "t0ken")


def test_channels_get_the_options_of_their_adapter(tmp_path: Path) -> None:
    """Secrets are resolved, files are relative to the configuration, the rest is the adapter's."""
    path = written(
        tmp_path,
        """\
        channels:
          - name: chat
            kind: webhook
            at_least: P2
            customers: default
            problems: false
            options:
              url: {env: HOOK}
              token: {env: TOKEN}
              ca_file: ca.pem
              networks: [10.0.0.0/8]
        """,
    )
    settings = load(path, {**ENV, "HOOK": "https://chat.example.com/secret"}, brief=True)
    channel, notifier = settings.policy.channels[0], settings.channels["chat"]
    options: Any = notifier.options

    assert (channel.name, channel.kind, channel.at_least) == ("chat", "webhook", Priority.P2)
    assert channel.customers == {"default"}
    assert (channel.evidence, channel.problems) == (True, False)
    assert notifier.kind == "webhook"
    assert options.url == "https://chat.example.com/secret"
    assert options.token.reveal() == "t0ken"
    assert options.ca_file == str(tmp_path / "ca.pem")
    assert options.networks == ("10.0.0.0/8",)
    assert options.allow_private is False
    assert "https://chat.example.com/secret" in settings.secrets


def test_trackers_are_read_in_their_order(tmp_path: Path) -> None:
    """Each with the options of its adapter, for its customers or for all."""
    path = written(
        tmp_path,
        """\
        trackers:
          - name: jira-acme
            kind: jira
            customers: default
            options:
              {url: "https://acme.example", email: a@b.c, token: {env: TOKEN}, project: OPS,
               fields: {components: [{name: Disks}]}}
          - name: ours
            kind: redmine
            options:
              {url: "http://10.0.0.5", key: {file: key.txt}, project: ops, tracker: Task,
               formatting: markdown, networks: [10.0.0.0/8], ca_file: ca.pem}
        """,
    )
    (tmp_path / "key.txt").write_text("k3y\n")
    settings = load(path, ENV, brief=True)
    acme, ours = settings.trackers
    of_acme, of_ours = cast("Any", acme.options), cast("Any", ours.options)

    assert ("jira-acme", "jira", frozenset({"default"})) == (acme.name, acme.kind, acme.customers)
    assert ("t0ken", {"components": [{"name": "Disks"}]}) == (
        of_acme.token.reveal(),
        of_acme.fields,
    )
    assert (True, False) == (acme.serves("default"), acme.serves("globex"))
    assert ours.serves("globex")
    assert ("k3y", "markdown", str(tmp_path / "ca.pem")) == (
        of_ours.key.reveal(),
        of_ours.formatting,
        of_ours.ca_file,
    )
    assert ("k3y", "t0ken") == settings.secrets
    assert not {secret for secret in settings.secrets if secret in repr(settings)}


def test_what_is_wrong_with_trackers_is_said(tmp_path: Path) -> None:
    """Of one to which nothing ever gets there is a warning."""
    options = "options: {key: {env: TOKEN}, token: {env: TOKEN}, board: b, list: l}"
    others = "others before it serve all its customers"
    path = written(
        tmp_path,
        f"""\
        trackers:
          - {{name: a, kind: trelo}}
          - {{name: a, kind: trello, {options}}}
          - {{name: a, kind: trello, customers: acme, {options}}}
          - {{name: b, kind: trello, options: {{key: {{env: TOKEN}}, board: ""}}}}
          - {{name: c, kind: redmine, options: {{url: "ftp://x", key: {{env: TOKEN}}, project: x,
             tracker: y}}}}
        """,
    )

    assert complaints(path) == [
        "watcher.yaml:2: trackers.0.kind: there is no kind 'trelo'; did you mean 'trello'?",
        "watcher.yaml:4: there is another tracker 'a'",
        "watcher.yaml:4: there is no customer 'acme'",
        "watcher.yaml:5: 'list' is missing in trackers.3.options",
        "watcher.yaml:5: 'token' is missing in trackers.3.options",
        f"watcher.yaml:5: warning: nothing is filed in 'b': {others}",
        f"watcher.yaml:6: warning: nothing is filed in 'c': {others}",
        "watcher.yaml:6: options: the URL must begin with http:// or https:// and name a host",
    ]


def test_an_adapter_of_ones_own_says_what_it_takes() -> None:
    """Whatever plain dataclass an adapter declares can be written in the file."""

    @dataclass(frozen=True)
    class Options:
        room: str
        colours: tuple[str, ...] = ("red",)
        extra: dict[str, str] = field(default_factory=dict)
        made: str = field(init=False, default="")

    model = options_model(Options)

    assert {"room": "x", "colours": ("red",), "extra": {}} == dict(
        model.model_validate({"room": "x"})
    )


def test_nothing_configured_shows_a_secret(tmp_path: Path) -> None:
    """Neither the settings nor an error about them print a secret's value."""
    path = one_source(tmp_path, "{bearer: {env: TOKEN}}")
    env = {**ENV, "WATCHER_DATABASE_URL": "postgresql://u:p4ssword@db/watcher"}

    assert not {value for value in ENV.values() if value in repr(load(path, env, brief=True))}
    shown = complaints(one_source(tmp_path, "{bearer: t0ken, basic: p4ssword}"))
    assert not {value for value in ENV.values() if value in str(shown)}


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("postgresql://u:p@db/w", "postgresql+psycopg://u:p@db/w"),
        ("postgresql+psycopg://u@db/w", "postgresql+psycopg://u@db/w"),
        ("postgres://db/w", "postgresql+psycopg://db/w"),
        ("sqlite:////srv/w.db", "sqlite:////srv/w.db"),
        ("sqlite:///w.db", "sqlite:///{folder}/w.db"),
    ],
)
def test_a_database_is_sqlite_or_postgresql(tmp_path: Path, given: str, url: str) -> None:
    """The address is brought into the store's form; a relative file is beside the configuration."""
    path = written(tmp_path, f"database_url: {given}")

    assert url.format(folder=tmp_path) == load(path, {}).database_url


def test_the_password_of_the_database_is_a_secret(tmp_path: Path) -> None:
    """It is kept out of output as it is written and as it is meant."""
    (tmp_path / "url").write_text("postgresql://u:p%40ss@db/w\n")
    settings = load(written(tmp_path, "database_url: {file: url}"), {})

    assert settings.secrets == ("p%40ss", "p@ss", "postgresql://u:p%40ss@db/w")
    assert load(written(tmp_path, "database_url: 'postgresql://[u:x@db/w'"), {}).secrets == ()


@pytest.mark.parametrize(
    ("listen", "public"),
    [
        ("0.0.0.0:80", "http://127.0.0.1:80"),
        ("[::1]:8080", "http://[::1]:8080"),
        ("[::]:8080", "http://[::1]:8080"),
        ("watcher.example:8080", "http://watcher.example:8080"),
    ],
)
def test_the_own_address_follows_from_where_it_listens(listen: str, public: str) -> None:
    """Without `public_url` links lead to the address that is listened on."""
    assert public == load(None, {"WATCHER_LISTEN": listen}).public_url


def test_the_environment_overrides_any_value(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Values are text or JSON, `__` leads inside, and paths start at the working directory."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    (work / "token.txt").write_text("fr0mfile")
    path = written(
        tmp_path,
        """\
        listen: 127.0.0.1:1
        data_dir: data
        sources:
          - {name: zabbix, kind: zabbix, auth: {bearer: {env: TOKEN}}}
        """,
    )
    env = {
        "WATCHER_CONFIG": str(path),
        "WATCHER_LISTEN": "127.0.0.1:2",
        "WATCHER_PUBLIC_URL": "https://watcher.example.com/",
        "WATCHER_DATABASE_URL": "sqlite:///w.db",
        "WATCHER_RETENTION__DELIVERIES": "3d",
        "WATCHER_SOURCES__0__AUTH": '{"bearer": {"file": "token.txt"}}',
        "WATCHER_SOURCES__0__MAX_BODY": "64KiB",
        "WATCHER_CHANNELS": json.dumps(
            [{"name": "chat", "kind": "webhook", "options": {"url": "https://c.example/"}}]
        ),
        "WATCHER_RULES": "",
        "WATCHER_DB_URL": "somebody else's",
        "WATCHER_PORT_8080_TCP_ADDR": "10.96.0.7",
        "HOME": "/root",
    }
    settings = load(None, env)

    assert settings.listen == ("127.0.0.1", 2)
    assert settings.public_url == "https://watcher.example.com"
    assert settings.data_dir == tmp_path / "data"
    assert settings.database_url == f"sqlite:///{work}/w.db"
    assert settings.retention.deliveries == timedelta(days=3)
    assert settings.secrets == ("fr0mfile",)
    assert settings.sources[0].max_body == 64 * 1024
    assert list(settings.channels) == ["chat"]


def test_a_mistake_in_the_environment_names_the_variable(tmp_path: Path) -> None:
    """What came from a variable is not said of the file."""
    path = one_source(tmp_path, "{bearer: {env: TOKEN}}")
    env = {
        **ENV,
        "WATCHER_DATABSE_URL": "sqlite:///x.db",
        "WATCHER_LISTEN": "8080",
        "WATCHER_RETENTION__DELIVERIS": "3d",
        "WATCHER_SOURCES__1__NAME": "x",
        "WATCHER_SOURCES__0__KIND": "zabix",
        "WATCHER_CHANNELS": "[oops]",
        "WATCHER_CATALOGUE": '["a.yaml", 7]',
        "WATCHER_DATA_DIR__DEEPER": "x",
    }

    assert complaints(path, env) == [
        "environment WATCHER_CATALOGUE: catalogue.1: should be a path",
        "environment WATCHER_CHANNELS: a list or mapping should be JSON: Expecting value",
        "environment WATCHER_DATABSE_URL: there is no key 'databse_url'; "
        "did you mean 'database_url'?",
        "environment WATCHER_DATA_DIR__DEEPER: data_dir: should be a path",
        "environment WATCHER_LISTEN: listen: should be an address and a port, "
        "as in 127.0.0.1:8080 or [::1]:8080",
        "environment WATCHER_RETENTION__DELIVERIS: unknown key 'deliveris' in retention; "
        "did you mean 'deliveries'?",
        "environment WATCHER_SOURCES__0__KIND: sources.0.kind: there is no kind 'zabix'; "
        "did you mean 'zabbix'?",
        "environment WATCHER_SOURCES__1__NAME: "
        "'1' is no number of one of the 1 entries, counted from 0",
    ]


def test_everything_wrong_is_said_at_once(tmp_path: Path) -> None:
    """Errors of the configuration and of every file that it names come together."""
    path = written(
        tmp_path,
        """\
        lisen: 127.0.0.1:1
        public_url: watcher.example.com
        catalogue: [catalogue.yaml, missing.yaml]
        inventory: inventory.yaml
        rules: rules
        runbooks: runbooks
        retention: {deliveries: 5 days}
        ssh:
          root: {user: root, key_file: /nonexistent/key}
        sources:
          - name: zabbix
            kind: zabbix
            customer: acmee
            auth: {bearer: t0ken}
          - name: zabbix 2
            kind: zabbix
            auth: {bearer: {env: NOWHERE}}
          - {name: grafana, kind: grafana, auth: {bearer: {file: none.txt}}}
          - {name: generic, kind: zabbix, auth: {bearer: {env: TOKEN}}, options: {timezon: UTC}}
          - {name: generic, kind: zabbix, auth: {header: {name: "A b", value: {env: TOKEN}}}}
        channels:
          - {name: chat, kind: webhok}
          - {name: mail, kind: webhook, options: {url: "ftp://x"}}
          - {name: mail, kind: webhook, at_least: P9}
          - {name: mail, kind: webhook, customers: [globex], options: {tokn: {env: TOKEN}}}
        1: one
        """,
    )
    (tmp_path / "catalogue.yaml").write_text("customers: [{name: acme}]\nservices: [{name: a}]\n")
    (tmp_path / "inventory.yaml").write_text("hosts:\n- {name: a, ssh: rot, address: a}\n")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "own.yaml").write_text("\n\ngrouping: {gap: 1}\n")
    (tmp_path / "runbooks").mkdir()
    (tmp_path / "runbooks" / "own.yaml").write_text("kind: Runbok\n")
    found = complaints(path)

    for expected in (
        "catalogue.yaml:2: 'criticality' is missing in services.0",
        "inventory.yaml:2: there is no SSH profile 'rot'; did you mean 'root'?",
        "missing.yaml:1: cannot be read: No such file or directory",
        "rules/own.yaml:3: grouping.gap: 1 is no duration; "
        "write a number with its unit: 30s, 5m, 2h or 7d",
        "runbooks/own.yaml:1: kind: should be 'Runbook'",
        "watcher.yaml:1: unknown key 'lisen'; did you mean 'listen'?",
        "watcher.yaml:2: public_url: should begin with http:// or https://, "
        "and have no login and no query",
        "watcher.yaml:7: retention.deliveries: '5 days' is no duration; "
        "write a number with its unit: 30s, 5m, 2h or 7d",
        "watcher.yaml:9: 'known_hosts' is missing in ssh.root",
        "watcher.yaml:13: there is no customer 'acmee'; did you mean 'acme'?",
        "watcher.yaml:14: sources.0.auth.bearer: "
        "a secret is given by reference: {env: NAME} or {file: PATH}",
        "watcher.yaml:15: sources.1.name: "
        "should be up to 64 letters, digits, dots, dashes and underscores",
        "watcher.yaml:17: sources.1.auth.bearer: the environment variable NOWHERE is not set",
        "watcher.yaml:18: sources.2.auth.bearer: "
        "the secret file none.txt cannot be read: No such file or directory",
        "watcher.yaml:19: source 'generic': unknown option timezon; there are: connector, timezone",
        "watcher.yaml:20: sources.4.auth.header.name: should be the name of an HTTP header",
        "watcher.yaml:22: channels.0.kind: there is no kind 'webhok'; did you mean 'webhook'?",
        "watcher.yaml:23: options: the URL must begin with http:// or https:// and name a host",
        "watcher.yaml:24: channels.2.at_least: should be 'P1', 'P2', 'P3', 'P4' or 'P5'",
        "watcher.yaml:25: there is no customer 'globex'",
        "watcher.yaml:25: there is another channel 'mail'",
        "watcher.yaml:25: 'url' is missing in channels.3.options",
        "watcher.yaml:25: unknown key 'tokn' in channels.3.options; did you mean 'token'?",
        "watcher.yaml:26: 1: Keys should be strings",
    ):
        assert expected in found


@pytest.mark.parametrize(
    ("auth", "listen", "complaint"),
    [
        ("none", "127.0.0.1:1", None),
        ("none", "[::1]:1", None),
        ("none", "localhost:1", None),
        ("{none: true}", "127.0.0.1:1", None),
        (
            "none",
            "0.0.0.0:1",
            "source 'zabbix' may go without `auth` only where `listen` is a loopback address",
        ),
        (
            "none",
            "watcher.example.com:1",
            "source 'zabbix' may go without `auth` only where `listen` is a loopback address",
        ),
        ("", "127.0.0.1:1", "source 'zabbix' needs `auth`: bearer, basic, header or hmac"),
        ("{}", "127.0.0.1:1", "source 'zabbix' needs `auth`: bearer, basic, header or hmac"),
        (
            "{none: true, bearer: {env: TOKEN}}",
            "127.0.0.1:1",
            "`none` and a proof exclude each other",
        ),
        ("open", "127.0.0.1:1", "sources.0.auth: should be a mapping of keys to values"),
    ],
)
def test_a_source_goes_without_proof_only_where_that_is_said(
    tmp_path: Path, auth: str, listen: str, complaint: str | None
) -> None:
    """An open hook must be asked for in words, and cannot be reached from elsewhere."""
    path = one_source(tmp_path, auth, listen)

    if complaint is None:
        assert load(path, ENV, brief=True).sources[0].auth == Auth()
    else:
        assert [f"watcher.yaml:5: {complaint}"] == complaints(path)


def test_a_monitor_is_asked_with_a_token_unless_it_is_open(tmp_path: Path) -> None:
    """Alertmanager has no logins of its own; Grafana lets nobody ask without one."""
    text = """\
        sources:
          - {{name: own, kind: {}, auth: none, monitor: {{url: "http://10.0.0.5:9093"}}}}
        """
    [source] = load(written(tmp_path, text.format("alertmanager")), {}, brief=True).sources

    assert source.monitor is not None
    assert source.monitor.token.reveal() == ""
    assert complaints(written(tmp_path, text.format("grafana"))) == [
        "watcher.yaml:2: a source of kind grafana is asked with a `token`"
    ]


@pytest.mark.parametrize(
    ("kind", "answers", "expected"),
    [
        ("zabbix", "", {"acknowledge", "close", "comment", "severity", "silence"}),
        ("grafana", "", {"annotate", "silence"}),
        ("zabbix", ", answers: [close]", {"close"}),
        ("zabbix", ", answers: []", set()),
    ],
)
def test_a_monitoring_system_is_told_what_it_can_be_told(
    tmp_path: Path, kind: str, answers: str, expected: set[str]
) -> None:
    """All of it, unless somebody chose."""
    settings = load(one_monitor(tmp_path, kind, answers), ENV, brief=True)
    [source] = settings.sources

    assert source.monitor is not None
    assert expected == source.monitor.answers
    assert ({"a": expected} if expected else {}) == listeners_of(settings)


def test_what_cannot_be_told_is_an_error(tmp_path: Path) -> None:
    """The message says what can."""
    [complaint] = complaints(one_monitor(tmp_path, "grafana", ", answers: [close, silence]"))

    assert complaint.endswith(
        "a source of kind grafana cannot be told to close; it can be told: annotate, silence"
    )


def test_watcher_speaks_of_the_sources_by_a_name_of_its_own(tmp_path: Path) -> None:
    """No other source may have that name, and none its kind."""
    source = "- {{name: {}, kind: {}, auth: {{bearer: {{env: TOKEN}}}}}}\n"
    text = source.format("watcher", "zabbix") + source.format("a", "watcher")

    assert complaints(written(tmp_path, f"sources:\n{text}")) == [
        "watcher.yaml:2: sources.0.name: the name 'watcher' is Watcher's own: "
        "it speaks of the other sources by it",
        "watcher.yaml:3: sources.1.kind: there is no kind 'watcher'; "
        "there are: alertmanager, change, generic, gitlab, grafana, teamcity, zabbix",
    ]


@pytest.mark.parametrize(
    ("given", "heartbeat"),
    [
        ("", None),
        (", heartbeat: learn", Heartbeat()),
        (", heartbeat: 26h", Heartbeat(timedelta(hours=26))),
    ],
)
def test_a_source_speaks_as_often_as_is_said(
    tmp_path: Path, given: str, heartbeat: Heartbeat | None
) -> None:
    """By a time, by its habit, or as it likes."""
    text = f"sources:\n- {{name: a, kind: zabbix, auth: {{bearer: {{env: TOKEN}}}}{given}}}\n"
    [source] = load(written(tmp_path, text), {"TOKEN": "x"}).sources

    assert heartbeat == source.heartbeat


def test_two_sources_of_one_name_are_an_error(tmp_path: Path) -> None:
    """The name is the address of the hook."""
    source = "- {name: a, kind: zabbix, auth: {bearer: {env: TOKEN}}}\n"

    assert complaints(written(tmp_path, f"sources:\n{source}{source}")) == [
        "watcher.yaml:3: there is another source 'a'"
    ]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "the secret file secret.txt is empty"),
        (b"\xff", "the secret file secret.txt is not UTF-8 text"),
    ],
)
def test_a_secret_file_holds_text(tmp_path: Path, content: bytes, complaint: str) -> None:
    """A file that cannot hold a secret is an error that names it."""
    (tmp_path / "secret.txt").write_bytes(content)
    path = one_source(tmp_path, "{bearer: {file: secret.txt}}")

    assert [f"watcher.yaml:5: sources.0.auth.bearer: {complaint}"] == complaints(path)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("- 1", "watcher.yaml:1: should be a mapping of keys to values"),
        ("a: b: c", "watcher.yaml:1: mapping values are not allowed in this context"),
        ("data_dir: ''", "watcher.yaml:1: data_dir: should be a path"),
        ('catalogue: "\\0"', "watcher.yaml:1: catalogue.0: should be a path"),
        (
            "database_url: mysql://u:p@db/w",
            "watcher.yaml:1: database_url: "
            "should begin with sqlite:///, postgresql:// or postgresql+psycopg://",
        ),
        (
            "database_url: 7",
            "watcher.yaml:1: database_url: "
            "should be text, or a reference: {env: NAME} or {file: PATH}",
        ),
        (
            "sources: [{name: a, kind: zabbix, auth: {bearer: {env: TOKEN}}, max_body: 1GB}]",
            "watcher.yaml:1: sources.0.max_body: "
            "'1GB' is no size; write bytes or a unit: 65536, 512KiB or 1MiB",
        ),
    ],
)
def test_what_cannot_be_used_is_said(tmp_path: Path, text: str, complaint: str) -> None:
    """A value, or a whole file, of the wrong kind is one complaint."""
    assert [complaint] == complaints(written(tmp_path, text))


def test_a_missing_configuration_is_an_error(tmp_path: Path) -> None:
    """A file that is named must be there."""
    assert complaints(tmp_path / "none.yaml") == [
        "none.yaml:1: cannot be read: No such file or directory"
    ]


def test_an_empty_configuration_is_the_defaults(tmp_path: Path) -> None:
    """A file may hold nothing yet."""
    assert isinstance(load(written(tmp_path, "# nothing yet\n"), {}), Settings)


def test_profiles_of_the_configuration_serve_the_inventory(tmp_path: Path) -> None:
    """Logins may be kept apart from a generated inventory."""
    path = written(
        tmp_path,
        """\
        inventory: inventory.yaml
        ssh:
          linux: {user: watcher, key_file: key, known_hosts: known_hosts}
        """,
    )
    (tmp_path / "inventory.yaml").write_text("hosts: [{name: a, address: a, ssh: linux}]")
    settings = load(path, {})

    assert settings.catalogue.profiles["linux"].key_file == str(tmp_path / "key")
    assert len(settings.warnings) == 2


def test_a_runbook_that_nobody_can_log_in_for_is_warned_of(tmp_path: Path) -> None:
    """Otherwise one would learn of a misspelt profile when the runbook does not run."""
    path = written(
        tmp_path,
        """\
        runbooks: books
        ssh:
          kubectl: {user: watcher, key_file: key, known_hosts: known_hosts}
        """,
    )
    (tmp_path / "books").mkdir()
    text = (shipped("runbooks") / "linux-dns.yaml").read_text().replace("linux-dns", "mine")
    (tmp_path / "books" / "mine.yaml").write_text(f"{text}\ntarget: {{profile: kubctl}}\n")
    told = [str(each) for each in load(path, {}).warnings]

    assert any("there is no SSH profile 'kubctl'; did you mean 'kubectl'?" in each for each in told)


def _keys(model: type[BaseModel]) -> set[str]:
    """Every key that a file of this model may hold, at any depth."""
    schema = model.model_json_schema()
    return {
        key
        for part in (schema, *schema.get("$defs", {}).values())
        for key in part.get("properties", {})
    }


@pytest.mark.parametrize(
    ("page", "models"),
    [
        (
            "reference/configuration.md",
            [
                ConfigFile,
                *(
                    options_model(adapter(family, kind).Options)
                    for family in ("watcher.notifiers", "watcher.trackers")
                    for kind in kinds(family)
                ),
            ],
        ),
        ("reference/rules.md", [RulesFile]),
        ("how-to/describe-services-and-hosts.md", [CatalogueFile, InventoryFile]),
    ],
)
def test_every_key_is_documented(page: str, models: list[type[BaseModel]]) -> None:
    """A key that a file may hold stands in the documents as code."""
    text = (DOCS / page).read_text()
    missing = {key for model in models for key in _keys(model) if f"`{key}`" not in text}

    assert not missing


def test_nothing_is_configured_in_vain() -> None:
    """Every setting is read where the parts meet; the folder for data says where SQLite is."""
    folders = (ROOT / "watcher" / name for name in ("app", "cli"))
    code = "".join(path.read_text() for folder in folders for path in folder.glob("*.py"))

    assert ["data_dir"] == [
        each.name for each in fields(Settings) if f"settings.{each.name}" not in code
    ]


def test_the_example_configuration_is_sound() -> None:
    """What the documents show can be used as it stands, apart from the login files."""
    names = ("ZABBIX_TOKEN", "GRAFANA_SECRET", "SMTP_PASSWORD", "REDMINE_KEY")
    env = dict.fromkeys(names, "x")
    settings = load(DOCS / "examples" / "watcher.yaml", env)

    assert len(settings.sources) == 3
    assert all("cannot be read" in str(warning) for warning in settings.warnings)
