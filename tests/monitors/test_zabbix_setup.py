"""Connecting a Zabbix: what is made, put right and taken back, in each version of Zabbix."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.monitors.given import NOW
from tests.monitors.zabbix_office import ADMIN, PLAIN, Office, zabbix_office
from watcher.kit.secrets import Secret
from watcher.kit.shipped import shipped
from watcher.model.answer import Verb
from watcher.monitors import zabbix as monitor
from watcher.monitors._zabbix_account import ACKNOWLEDGE, READS
from watcher.monitors._zabbix_connect import Admin, Doubt
from watcher.monitors._zabbix_setup import Traits, Wish, differences
from watcher.monitors.base import MonitorError, Trouble

VERSIONS = ["6.0.14", "6.4.8", "7.0.3", "7.2.1"]
FILE = shipped("integrations") / "zabbix" / "media_watcher.yaml"
WISH = Wish(
    hook="https://watcher.example.org/hooks/zabbix",
    pages="https://zabbix.example.org",
    token=Secret("source-proves-itself"),
    answers=frozenset(Verb),
    media_type=FILE.read_text(),
    shipped=yaml.safe_load(FILE.read_text())["zabbix_export"]["media_types"][0],
)
ALL = [
    "role Watcher", "user group Watcher", "media type Watcher", "user watcher",
    "trigger action Watcher", "global macro {$WATCHER.URL}", "global macro {$WATCHER.TOKEN}",
    "global macro {$ZABBIX.URL}",
]  # fmt: skip


@pytest.fixture
def zabbix() -> Iterator[Office]:
    """A Zabbix 6.0 that never heard of Watcher."""
    with zabbix_office() as office:
        yield office


def admin(office: Office, token: str = ADMIN) -> Admin:
    """Whoever lends this token."""
    return Admin(office.url, Secret(token))


def connected(office: Office, wish: Wish = WISH) -> list[str]:
    """What connecting says that it does."""
    return [str(change) for change in admin(office).connect(wish)]


@pytest.mark.parametrize("version", VERSIONS)
def test_connecting_makes_everything_once(version: str) -> None:
    """All that sending and answering need; the second time there is nothing to change."""
    with zabbix_office(version) as office:
        admin(office).check()
        made = [change.what for change in admin(office).connect(WISH)]
        again = connected(office)

    assert ALL == made
    assert [] == again


def test_a_dry_run_only_looks(zabbix: Office) -> None:
    """It says the same and changes nothing, before and after."""
    planned = [change.what for change in admin(zabbix).connect(WISH, dry_run=True)]
    connected(zabbix)
    before = len(zabbix.changes())
    zabbix.named("user", "watcher")["timezone"] = "Europe/Riga"
    late = [change.what for change in admin(zabbix).connect(WISH, dry_run=True)]
    gone = [change.what for change in admin(zabbix).disconnect(WISH, dry_run=True)]

    assert ALL == planned
    assert ["user watcher"] == late
    assert ALL[::-1] == gone
    assert before == len(zabbix.changes())


def test_what_is_new_is_told_with_its_rights(zabbix: Office) -> None:
    """Whoever lends a token sees what it is for."""
    role, group, *_ = connected(zabbix)

    assert "API methods: event.acknowledge, event.get" in role
    assert "host groups: Linux (read and write), Linux/Web (read and write)" in group


@pytest.mark.parametrize(
    ("answers", "methods", "actions", "permission"),
    [
        (frozenset(), READS, set(), "2"),
        (
            frozenset({Verb.ACKNOWLEDGE, Verb.COMMENT}),
            (*READS, ACKNOWLEDGE),
            {"acknowledge_problems", "add_problem_comments"},
            "2",
        ),
        (
            frozenset(Verb),
            (*READS, ACKNOWLEDGE),
            {"acknowledge_problems", "add_problem_comments", "change_severity", "close_problems"},
            "3",
        ),
    ],
    ids=["asks only", "acknowledges", "answers all"],
)
def test_the_account_has_the_least_rights(
    zabbix: Office,
    answers: frozenset[Verb],
    methods: tuple[str, ...],
    actions: set[str],
    permission: str,
) -> None:
    """What it may call and do follows from what Watcher shall answer; of pages it sees none."""
    connected(zabbix, replace(WISH, answers=answers))

    role, group = zabbix.named("role", "Watcher"), zabbix.named("usergroup", "Watcher")
    rules = role["rules"]
    on = {each["name"] for each in rules["actions"] if each["status"] == "1"}
    pages = [each["name"] for each in rules["ui"] if each["status"] == "1"]
    assert ("1", "1") == (role["type"], rules["api.mode"])
    assert (sorted(methods), actions) == (sorted(rules["api"]), on)
    assert (["monitoring.problems"], "3") == (pages, group["gui_access"])
    assert {permission} == {each["permission"] for each in group["groups"]}


def test_it_may_call_all_that_the_monitor_calls_and_no_more() -> None:
    """A call that is added there is added to its rights, and the other way round."""
    ours = {"account", "connect", "sending"}
    modules = Path(monitor.__file__).parent.glob("_zabbix_*.py")
    called = {
        name
        for path in modules
        if path.stem.removeprefix("_zabbix_") not in ours
        for name in re.findall(r'"([a-z]+\.(?:get|acknowledge))"', path.read_text())
    }

    assert {*READS, ACKNOWLEDGE} == called


def test_where_problems_can_be_suppressed_watcher_may() -> None:
    """From 6.2 on."""
    with zabbix_office("7.0.0") as office:
        connected(office)
        rules = office.named("role", "Watcher")["rules"]

    assert {"name": "suppress_problems", "status": "1"} in rules["actions"]


def test_host_groups_are_taken_with_those_below(zabbix: Office) -> None:
    """And a group that is not there is an error before anything is given."""
    connected(zabbix, replace(WISH, groups=("Linux",)))

    assert ["5", "6"] == [each["id"] for each in zabbix.named("usergroup", "Watcher")["groups"]]
    with pytest.raises(MonitorError, match="Zabbix has no host group 'Linus'"):
        connected(zabbix, replace(WISH, groups=("Linus",)))


def test_the_user_may_share_groups_with_people(zabbix: Office) -> None:
    """Otherwise Zabbix does not tell their names."""
    connected(zabbix, replace(WISH, people=("Admins",)))

    assert 2 == len(zabbix.named("user", "watcher")["usrgrps"])
    with pytest.raises(MonitorError, match="Zabbix has no user group 'Adminas'"):
        connected(zabbix, replace(WISH, people=("Adminas",)))


def _operation_more(office: Office) -> None:
    action = office.named("action", "Watcher")
    action["operations"].append(action["operations"][0] | {"esc_step_to": "0"})


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (
            lambda it: it.named("role", "Watcher")["rules"].update(api=["host.get", "host.delete"]),
            "role Watcher: put right\n    API methods: also event.acknowledge, event.get, "
            "hostgroup.get, maintenance.get, problem.get, service.get, trigger.get, no longer "
            "host.delete",
        ),
        (
            lambda it: it.named("usergroup", "Watcher").update(groups=[]),
            "user group Watcher: put right\n    host groups: also Linux (read and write), "
            "Linux/Web (read and write), Network (read and write)",
        ),
        (
            lambda it: it.named("user", "watcher").update(timezone="Asia/Vladivostok"),
            "user watcher: put right\n    time zone: UTC instead of Asia/Vladivostok",
        ),
        (
            lambda it: it.named("user", "watcher")["medias"][0].update(severity="32"),
            "user watcher: put right\n    media: also Watcher",
        ),
        (
            lambda it: it.named("user", "watcher").update(roleid="3"),
            "user watcher: put right\n    role: Watcher instead of Super admin role",
        ),
        (
            lambda it: it.named("mediatype", "Watcher").update(script="return 1;"),
            "media type Watcher: put right\n    script: that of this version of Watcher instead of "
            "another",
        ),
        (
            lambda it: it.named("mediatype", "Watcher").update(status="1"),
            "media type Watcher: put right\n    sending: on instead of off",
        ),
        (
            lambda it: it.named("action", "Watcher").update(status="1", pause_suppressed="0"),
            "trigger action Watcher: put right\n    status: on instead of off\n"
            "    waiting for the end of maintenance: on instead of off",
        ),
        (
            lambda it: it.named("action", "Watcher").update(update_operations=[]),
            "trigger action Watcher: put right\n    on an update: also message to watcher by "
            "Watcher",
        ),
        (
            _operation_more,
            "trigger action Watcher: put right\n    on a problem: no longer another operation",
        ),
        (
            lambda it: it.macros["{$WATCHER.URL}"].update(value="http://elsewhere"),
            "global macro {$WATCHER.URL}: put right\n    value: "
            "https://watcher.example.org/hooks/zabbix instead of http://elsewhere",
        ),
        (
            lambda it: it.macros["{$WATCHER.TOKEN}"].update(type="0"),
            "global macro {$WATCHER.TOKEN}: put right\n    type: secret instead of text",
        ),
    ],
    ids=["role", "group", "zone", "media", "user's role", "script", "media type off", "action off",
         "action", "escalation", "macro", "open macro"],
)  # fmt: skip
def test_what_a_person_changed_is_shown_and_put_right(
    zabbix: Office, spoil: Callable[[Office], Any], said: str
) -> None:
    """In plain words, and it is right then."""
    connected(zabbix)
    spoil(zabbix)

    changes = connected(zabbix)

    assert [said] == changes
    assert [] == connected(zabbix)


def test_what_does_no_harm_is_kept(zabbix: Office) -> None:
    """Other groups and media of the user, conditions of the action, patience of the media type, a
    token in a vault, and a macro that others read.
    """
    connected(zabbix)
    zabbix.macros["{$WATCHER.TOKEN}"] |= {"type": "2", "value": "secret/watcher:token"}
    zabbix.macros["{$ZABBIX.URL}"]["value"] = "https://monitoring.example.org"
    zabbix.named("action", "Watcher")["filter"] = {"conditions": ["only Linux"]}
    zabbix.named("mediatype", "Watcher")["maxattempts"] = "100"
    user = zabbix.named("user", "watcher")
    user["usrgrps"].append("8")
    user["medias"].append(user["medias"][0] | {"severity": "1", "sendto": "by a person"})
    zabbix._add("mediatype", "77", name="SMS")
    user["medias"].append(user["medias"][0] | {"mediatypeid": "77"})
    assert [] == connected(zabbix)

    zabbix.named("mediatype", "Watcher")["script"] = "old"
    user["timezone"] = "default"
    assert 2 == len(connected(zabbix))

    assert "secret/watcher:token" == zabbix.macros["{$WATCHER.TOKEN}"]["value"]
    assert "https://monitoring.example.org" == zabbix.macros["{$ZABBIX.URL}"]["value"]
    assert {"conditions": ["only Linux"]} == zabbix.named("action", "Watcher")["filter"]
    assert "100" == zabbix.named("mediatype", "Watcher")["maxattempts"]
    assert "8" in zabbix.named("user", "watcher")["usrgrps"]
    assert "77" in [each["mediatypeid"] for each in zabbix.named("user", "watcher")["medias"]]


def test_an_object_in_unknown_words_stops_it(zabbix: Office) -> None:
    """Rather than that something is made on a guess."""
    connected(zabbix)
    del zabbix.named("usergroup", "Watcher")["gui_access"]

    with pytest.raises(MonitorError, match="what Zabbix says of its user group Watcher is not"):
        connected(zabbix)


def test_the_secret_is_written_every_time(zabbix: Office) -> None:
    """Zabbix shows it to nobody, so that a wrong one could not be seen."""
    connected(zabbix)
    zabbix.macros["{$WATCHER.TOKEN}"]["value"] = "somebody else's"

    assert [] == connected(zabbix)
    assert "source-proves-itself" == zabbix.macros["{$WATCHER.TOKEN}"]["value"]


def test_disconnecting_takes_all_of_it_back(zabbix: Office) -> None:
    """In an order that Zabbix lets, and nothing else; what others may use stays."""
    before = {name: set(table) for name, table in zabbix.tables.items()}
    connected(zabbix)
    admin(zabbix).new_token()
    gone = [str(change) for change in admin(zabbix).disconnect(WISH)]

    assert "global macro {$ZABBIX.URL}: stays, because others may use it" == gone[0]
    assert [f"{title}: taken away" for title in ALL[-2::-1]] == gone[1:]
    assert before == {name: set(table) for name, table in zabbix.tables.items()}
    assert {"{$ZABBIX.URL}"} == set(zabbix.macros)
    assert gone[:1] == [str(change) for change in admin(zabbix).disconnect(WISH)]


@pytest.mark.parametrize(
    ("token", "why"),
    [
        (PLAIN, 'No permissions to call "token.get"'),
        ("0" * 64, "Not authorized"),
    ],
    ids=["of a plain user", "of nobody"],
)
def test_a_token_that_will_not_do_is_told_from_the_start(
    zabbix: Office, token: str, why: str
) -> None:
    """With what to do, and without the token."""
    with pytest.raises(MonitorError, match=f"{why}; make an API token for a user") as caught:
        admin(zabbix, token).check()

    assert Trouble.RIGHTS is caught.value.trouble
    assert token not in str(caught.value)


def test_an_admin_who_may_ask_but_is_no_super_admin_will_not_do(zabbix: Office) -> None:
    """Users and media types are made by Super admins only; sessions have no token to look at."""
    zabbix.tables["role"]["3"]["type"] = "2"
    with pytest.raises(MonitorError, match="its user Admin is no Super admin"):
        admin(zabbix).check()

    zabbix.tables["token"].clear()
    with pytest.raises(MonitorError, match="it is no API token of this Zabbix"):
        admin(zabbix).check()


def test_a_zabbix_that_is_too_old_is_refused() -> None:
    """Before 6.0 there are neither such tokens nor such media types."""
    with (
        zabbix_office("5.4.0") as office,
        pytest.raises(MonitorError, match=r"this is Zabbix 5\.4"),
    ):
        admin(office).check()


def test_watcher_asks_with_a_token_of_its_own_user(zabbix: Office) -> None:
    """Of the user that is not told what it did itself; another time the same token is renewed."""
    connected(zabbix)
    first = admin(zabbix).new_token()
    zabbix.named("token", "Watcher")["status"] = "1"
    second = admin(zabbix).new_token()

    assert first.reveal() != second.reveal()
    assert 3 == len(zabbix.tables["token"])
    assert admin(zabbix).doubt(second, NOW) is None
    assert Doubt("Zabbix does not know it", spent=True) == admin(zabbix).doubt(first, NOW)


@pytest.mark.parametrize(
    ("change", "doubt"),
    [
        ({"status": "1"}, Doubt("it is disabled", spent=True)),
        ({"expires_at": str(int(NOW.timestamp()) - 1)}, Doubt("it has expired", spent=True)),
        ({"expires_at": str(int(NOW.timestamp()) + 1)}, None),
        ({"userid": "2"}, Doubt("it is of bob, so what Watcher does there comes back as news")),
        ({"userid": "4"}, Doubt("it is of nobody, so what Watcher does there comes back as news")),
    ],
    ids=["disabled", "expired", "not yet expired", "a person's", "a ghost's"],
)
def test_a_token_is_doubted_for_a_reason(
    zabbix: Office, change: dict[str, str], doubt: Doubt | None
) -> None:
    """One of a person works, but would have Watcher hear itself: that is for people to judge."""
    connected(zabbix)
    token = admin(zabbix).new_token()
    zabbix.named("token", "Watcher").update(change)

    assert doubt == admin(zabbix).doubt(token, NOW)


def test_without_its_user_there_is_no_token(zabbix: Office) -> None:
    """Somebody took it away in between."""
    with pytest.raises(MonitorError, match="Zabbix has no user 'watcher'"):
        admin(zabbix).new_token()
    with pytest.raises(MonitorError, match="Zabbix has no media type 'Watcher'"):
        admin(zabbix).send_test(WISH, ("127.0.0.1", 1))


@pytest.mark.parametrize(
    ("nodes", "server"),
    [
        ([{"address": "localhost", "port": "10051", "status": "3"}], ("127.0.0.1", 10051)),
        (
            [
                {"address": "10.0.0.8", "port": "10051", "status": "0"},
                {"address": "10.0.0.9", "port": "10055", "status": "3"},
            ],
            ("10.0.0.9", 10055),
        ),
    ],
    ids=["one that knows no address", "two nodes"],
)
def test_the_server_is_where_zabbix_says(
    zabbix: Office, nodes: list[dict[str, str]], server: tuple[str, int]
) -> None:
    """The active node of several, else where its pages are."""
    zabbix.nodes = nodes

    assert server == admin(zabbix).server()


@pytest.mark.parametrize(
    ("found", "wanted", "said"),
    [
        ({"zone": "UTC"}, {"zone": "UTC"}, ()),
        ({"zone": "UTC", "more": "x"}, {"zone": "UTC"}, ()),
        ({}, {"zone": "UTC"}, ("zone: UTC instead of nothing",)),
        ({"zone": "a" * 200}, {"zone": ""}, (f"zone: nothing instead of {'a' * 99}…",)),
        ({"of": ("a", "b")}, {"of": ("b", "c")}, ("of: also c, no longer a",)),
        ({"of": "a"}, {"of": ("a",)}, ("of: also a",)),
        ({"of": ("a", "a")}, {"of": ("a",)}, ("of: each once",)),
    ],
    ids=["same", "more than cared for", "missing", "long", "list", "another kind", "twice"],
)
def test_differences_are_told_in_words(
    found: Traits, wanted: Traits, said: tuple[str, ...]
) -> None:
    """Only of what is wanted."""
    assert said == differences(found, wanted)
