"""A real Zabbix, connected by one command, and Watcher know the same, whatever gets lost between.

Zabbix's API stands behind a door that can play tricks on Watcher. Whoever connected this Zabbix by
hand before has done with it.
"""

import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from tests.e2e.front_door import FrontDoor, Trick, front_door
from tests.e2e.process import LOOPBACK, wait_for
from tests.e2e.watcher import WATCHER, Watcher
from tests.e2e.zabbix import Trigger, Zabbix
from watcher.store.store import Store

AVERAGE, DISASTER = 3, 5
CLOSE = 1
HOUR = timedelta(hours=1)
HALF, RACK = 100, "kept-rack"
HOSTS = ("kept-there", "kept-here", "kept-gone", "kept-late")
CONFIG = """\
listen: {ip}:{port}
data_dir: data
sources:
  - name: zabbix
    kind: zabbix
    auth:
      bearer: {{file: zabbix-token}}
    monitor:
      url: {zabbix}
      token: {{file: zabbix-api-token}}
      every: 2s
      options: {{groups: [Kept]}}
"""
MADE = (
    "role Watcher: new", "user group Watcher: new", "media type Watcher: new",
    "user watcher: new", "trigger action Watcher: new", "global macro {$WATCHER.URL}: new",
    "global macro {$WATCHER.TOKEN}: new", "global macro {$ZABBIX.URL}: new",
)  # fmt: skip


@dataclass
class Kept:
    """A Zabbix, its door, and the Watcher beside it; `said` is what connecting printed."""

    zabbix: Zabbix
    door: FrontDoor
    watcher: Watcher
    said: list[subprocess.CompletedProcess[str]] = field(default_factory=list)

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """A command, with the token of the administrator in a file."""
        token = ("--token", f"file:{self.watcher.folder / 'admin-token'}")
        server = ("--server", f"{LOOPBACK}:{self.zabbix.port}") if words[0] == "connect" else ()
        line = [WATCHER, *words, *token, *server, "--config", self.watcher.config]
        return subprocess.run(line, capture_output=True, text=True, check=False, timeout=120)

    def event(self, host: str) -> dict[str, Any]:
        """The newest problem of a host, as Zabbix has it."""
        (found,) = self.zabbix.api.event.get(
            objectids=[self.zabbix.triggers[host]],
            value=1,
            output="extend",
            select_acknowledges="extend",
            sortfield=["eventid"],
            sortorder="DESC",
            limit=1,
        )
        return dict(found)

    def alerts(self, *match: str) -> list[dict[str, Any]]:
        """All alerts of the rack that match."""
        return self.watcher.items("alerts", f"host={RACK}", *match, limit="500")

    def statuses(self) -> Counter[str]:
        """How many alerts of the rack fire, and how many do not."""
        return Counter(each["status"] for each in self.alerts())

    def been_away_for_an_hour(self) -> bool:
        """Whether Watcher believes that the trouble with Zabbix has lasted for an hour; it is told
        so, because nobody has the time to wait.
        """
        store = Store.open(f"sqlite:///{self.watcher.folder}/data/watcher.db")
        with store.begin() as tx:
            asked = tx.source("zabbix").asked
            assert asked.at is not None
            tx.save_asked("zabbix", replace(asked, since=asked.at - HOUR))
        store.close()
        since = moment(self.source()["monitor"]["problem_since"])
        return datetime.now(UTC) - since >= HOUR

    def source(self) -> dict[str, Any]:
        """What Watcher says of Zabbix."""
        (found,) = [each for each in self.watcher.items("sources") if each["name"] == "zabbix"]
        return found


@pytest.fixture(scope="module")
def kept(
    zabbix_lab: Zabbix,
    watcher_port: int,
    source_token: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Kept]:
    """Both, after the command was run twice: before Watcher ran for the first time, and then."""
    zabbix_lab.forget()
    group = zabbix_lab.make_group("Kept")
    zabbix = replace(zabbix_lab, group=group, triggers={}, firing=set())
    folder = tmp_path_factory.mktemp("kept")
    with requests.Session() as session, front_door(zabbix.url) as door:
        watcher = Watcher(folder, watcher_port, session)
        config = CONFIG.format(ip=LOOPBACK, port=watcher_port, zabbix=door.url)
        admin = zabbix.token()
        watcher.configure(
            {"watcher.yaml": config, "zabbix-token": source_token, "admin-token": admin}
        )
        kept = Kept(zabbix, door, watcher)
        kept.said.append(kept.command("connect", "zabbix"))
        kept.zabbix.be_impatient(attempts=2, seconds=1)
        watcher.start()
        try:
            watcher.log_in()
            kept.said.append(kept.command("connect", "zabbix"))
            yield kept
        finally:
            watcher.stop()


@dataclass(frozen=True)
class Outage:
    """What happened while Watcher was down: each trigger of the rack with when it began and, where
    it is over, when it ended; and how much had been missed before.
    """

    began: Mapping[str, datetime]
    ended: Mapping[str, datetime]
    missed: int


@pytest.fixture(scope="module")
def outage(kept: Kept) -> Outage:
    """For longer than Zabbix tries, Watcher is down; 200 problems begin, and half of them end."""
    zabbix, watcher = kept.zabbix, kept.watcher
    triggers = zabbix.watch_much(RACK, 2 * HALF)
    zabbix.watch(*(Trigger(host, f"{host} is down", AVERAGE) for host in HOSTS))
    for host in HOSTS:
        zabbix.api.trigger.update(triggerid=zabbix.triggers[host], manual_close=1)
    wait_for(lambda: kept.door.asked[Trick.NONE], "Watcher to ask for the first time")
    missed = kept.source()["missed_week"].get("opening", 0)
    watcher.stop()
    zabbix.send_much(RACK, "DOWN", 2 * HALF)
    wait_for(lambda: zabbix.given_up(triggers) == 2 * HALF, "Zabbix to give up")
    zabbix.send_much(RACK, "up", HALF)
    wait_for(lambda: zabbix.given_up(triggers) == 3 * HALF, "Zabbix to give up once more")
    events = zabbix.api.event.get(objectids=triggers, value=1, output="extend")
    ends = zabbix.api.event.get(objectids=triggers, value=0, output=["objectid", "clock"])
    zabbix.be_impatient(attempts=100, seconds=2)
    watcher.start()
    return Outage(_clocks(events), _clocks(ends), missed)


def _clocks(events: list[dict[str, str]]) -> dict[str, datetime]:
    return {each["objectid"]: datetime.fromtimestamp(int(each["clock"]), UTC) for each in events}


def test_one_command_connects_and_the_second_time_changes_nothing(kept: Kept) -> None:
    """The first time Watcher does not run yet; the second time a message comes all the way."""
    first, second = kept.said

    assert [line for line in first.stdout.splitlines() if line.endswith(": new")] == list(MADE)
    assert "zabbix-api-token: new, because there is none yet" in first.stdout
    assert (1, True) == (first.returncode, "start `watcher serve`" in first.stderr), first.stderr
    assert "" == second.stderr
    unchanged, arrived = second.stdout.splitlines()
    assert "There is nothing to change in Zabbix." == unchanged
    assert arrived.startswith("A test message of the Zabbix server has arrived: delivery ")


def test_what_people_do_in_zabbix_shows_on_the_incident(kept: Kept, outage: Outage) -> None:
    """Acknowledged with a word, more severe, and closed by hand there: so it is here."""
    kept.zabbix.fire("kept-there")
    assert kept.watcher.only_incident("hosts=kept-there")["priority"] == "P3"

    kept.zabbix.update("kept-there", "looking", DISASTER)
    taken = kept.watcher.only_incident("hosts=kept-there", lambda each: each["priority"] != "P3")
    kept.zabbix.api.event.acknowledge(eventids=[kept.event("kept-there")["eventid"]], action=CLOSE)
    over = kept.watcher.only_incident("hosts=kept-there", is_over)

    assert ("acknowledged", "P2") == (taken["status"], taken["priority"])
    assert over["resolved_at"]


def test_the_menu_of_an_event_leads_to_its_incident(kept: Kept, outage: Outage) -> None:
    """By an address that the script computes, so that nothing waits for an incident."""
    event = kept.event("kept-there")["eventid"]
    address = f"{kept.watcher.url}/go/zabbix/{event}"

    (found,) = kept.zabbix.api.event.get(eventids=[event], selectTags="extend", output="extend")

    assert {"tag": "__watcher_url", "value": address} in found["tags"]
    assert [{"url": address, "name": "Watcher"}] == found["urls"]


def test_what_people_do_here_shows_in_zabbix_and_does_not_come_back(
    kept: Kept, outage: Outage
) -> None:
    """Acknowledged, weighed and resolved: each once, as Watcher's own user and marked as ours."""
    kept.zabbix.fire("kept-here")
    number = kept.watcher.only_incident("hosts=kept-here")["number"]

    kept.watcher.post(f"incidents/{number}/acknowledge", text="on it")
    kept.watcher.post(f"incidents/{number}/priority", priority="P1", text="all of it is down")
    wait_for(lambda: kept.event("kept-here")["severity"] == str(DISASTER), "it to weigh more")
    kept.watcher.post(f"incidents/{number}/resolve", text="the plug")
    wait_for(lambda: kept.event("kept-here")["r_eventid"] != "0", "it to be closed")

    done = kept.event("kept-here")
    (user,) = {each["username"] for each in done["acknowledges"]}
    said = [each["message"] for each in done["acknowledges"] if each["message"]]
    incident = kept.watcher.only_incident(
        "hosts=kept-here",
        lambda each: all(alert["status"] == "resolved" for alert in each["alerts"]),
    )
    assert ("1", "watcher") == (done["acknowledged"], user)
    assert all(text.startswith("Watcher: ") for text in said)
    assert ("resolved", "P1") == (incident["status"], incident["priority"])
    assert not [each for each in incident["timeline"] if "Watcher: " in each["text"]]


def test_all_that_was_missed_is_known_with_its_true_times(kept: Kept, outage: Outage) -> None:
    """Of 200 problems one incident, of which half is over; and what was missed is counted once."""
    wait_for(lambda: len(kept.alerts()) == 2 * HALF, "the rack to be known", 120)
    wait_for(lambda: kept.statuses() == {"firing": HALF, "resolved": HALF}, "the half to be over")

    alerts = {each["labels"]["trigger_id"]: each for each in kept.alerts()}
    incident = kept.watcher.only_incident(f"hosts={RACK}")
    deliveries = kept.watcher.items("deliveries", "origin=reconciled", limit="500")

    assert outage.began == {trigger: moment(each["first_at"]) for trigger, each in alerts.items()}
    assert outage.ended == {
        trigger: moment(each["last_at"])
        for trigger, each in alerts.items()
        if each["status"] == "resolved"
    }
    assert {each["incident"] for each in alerts.values()} == {incident["number"]}
    assert 2 * HALF == kept.source()["missed_week"]["opening"] - outage.missed
    assert deliveries


def test_a_deleted_host_is_over_with_the_reason(kept: Kept, outage: Outage) -> None:
    """Zabbix never tells: Watcher finds out."""
    kept.zabbix.fire("kept-gone")
    kept.watcher.only_incident("hosts=kept-gone")
    (host,) = kept.zabbix.api.host.get(filter={"host": "kept-gone"}, output=["hostid"])

    kept.zabbix.api.host.delete(host["hostid"])

    incident = kept.watcher.only_incident("hosts=kept-gone", is_over)
    assert [
        each["text"]
        for each in incident["timeline"]
        if "the host kept-gone was deleted in Zabbix" in each["text"]
    ]


@pytest.mark.parametrize("trick", [Trick.EMPTY, Trick.ERROR])
def test_an_answer_that_lacks_everything_closes_nothing(
    kept: Kept, outage: Outage, trick: Trick
) -> None:
    """Neither one that suddenly is empty nor an error, however often it comes."""
    wait_for(lambda: kept.statuses()["firing"] == HALF, "the rack to be known", 120)

    kept.door.play(trick, times=4)

    assert HALF == kept.statuses()["firing"]


def test_an_hour_without_the_api_closes_nothing_and_is_an_incident_of_its_own(
    kept: Kept, outage: Outage
) -> None:
    """Messages of Zabbix still come meanwhile; when the API is back, the incident is over."""
    kept.door.trick = Trick.GONE
    try:
        wait_for(lambda: kept.source()["monitor"]["problem_since"], "it to be noticed")
        wait_for(kept.been_away_for_an_hour, "an hour to be over")
        kept.zabbix.fire("kept-late")
        kept.watcher.only_incident("hosts=kept-late")
        kept.zabbix.recover("kept-late")
        kept.watcher.only_incident("hosts=kept-late", is_over)
        [wrong] = wait_for(lambda: kept.source()["wrong"], "it to be told", 120)
        firing = kept.statuses()["firing"]
    finally:
        kept.door.trick = Trick.NONE

    wait_for(lambda: not kept.source()["wrong"], "it to be well again", 120)
    assert (HALF, "unreachable") == (firing, wrong["condition"])
    assert is_over(kept.watcher.incident(wrong["incident"]))
    assert not kept.source()["monitor"]["problem"]


def test_a_second_command_takes_it_all_back(kept: Kept, outage: Outage) -> None:
    """And the first one brings it back, with a token that is new."""
    token = (kept.watcher.folder / "zabbix-api-token").read_text()

    gone = kept.command("disconnect", "zabbix")
    users = kept.zabbix.api.user.get(filter={"username": "watcher"})
    back = kept.command("connect", "zabbix")

    assert (0, "") == (gone.returncode, gone.stderr)
    assert 7 == gone.stdout.count(": taken away")
    assert [] == users
    assert (0, "") == (back.returncode, back.stderr), back.stdout
    assert list(MADE[:-1]) == [line for line in back.stdout.splitlines() if line.endswith(": new")]
    assert token != (kept.watcher.folder / "zabbix-api-token").read_text()


def is_over(incident: dict[str, Any]) -> bool:
    """Whether nothing of it fires any more."""
    return bool(incident["status"] == "resolved")


def moment(text: str) -> datetime:
    """A time of the API."""
    return datetime.fromisoformat(text)
