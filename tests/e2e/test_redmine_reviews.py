"""Action items of a review become issues of a real Redmine: the whole path through the product."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.e2e.process import LOOPBACK, wait_for
from tests.e2e.redmine import KEY_FIELD, Redmine
from tests.e2e.watcher import Watcher
from tests.peers import Answer, Call, HttpPeer

CONFIG = f"""\
listen: {LOOPBACK}:{{port}}
database_url: sqlite:///{{folder}}/watcher.db
sources:
  - {{{{name: by-hand, kind: generic, auth: none}}}}
trackers:
  - name: desk
    kind: redmine
    options:
      url: {{url}}
      key: {{{{file: redmine-key}}}}
      project: ops
      tracker: Bug
      key_field: {KEY_FIELD}
      allow_private: true
"""
LEFT_OUT = {"transfer-encoding", "connection", "content-length"}


class Door(HttpPeer):
    """Stands before Redmine and lets every call through; the answers to the next `lost` creations
    are lost.
    """

    def __init__(self, redmine: Redmine) -> None:
        super().__init__()
        self.redmine = redmine
        self.lost = 0
        self.url = f"http://{LOOPBACK}:{self.port}"

    def answer(self, call: Call) -> Answer:
        passed = requests.request(
            call.method,
            self.redmine.url + call.path,
            headers=dict(call.headers),
            data=call.body,
            timeout=60,
        )
        if call.method == "POST" and self.lost:
            self.lost -= 1
            return Answer(0)
        headers = {
            name: said for name, said in passed.headers.items() if name.lower() not in LEFT_OUT
        }
        return Answer(passed.status_code, passed.content, headers)


@pytest.fixture(scope="module")
def door(redmine: Redmine) -> Iterator[Door]:
    """Where Watcher finds Redmine."""
    with Door(redmine) as door:
        yield door


@pytest.fixture(scope="module")
def watcher(
    redmine: Redmine, door: Door, watcher_port: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Watcher]:
    """A Watcher that files in Redmine, asked by an operator."""
    folder = tmp_path_factory.mktemp("watcher")
    with requests.Session() as session:
        watcher = Watcher(folder, watcher_port, session)
        config = CONFIG.format(port=watcher_port, folder=folder, url=door.url)
        watcher.configure({"watcher.yaml": config, "redmine-key": redmine.keys["watcher"]})
        watcher.start()
        try:
            watcher.log_in()
            yield watcher
        finally:
            watcher.stop()


def _incident(watcher: Watcher, host: str) -> int:
    """The number of a new one."""
    alert = {"host": host, "name": "Disk full", "severity": "high", "status": "problem"}
    watcher.session.post(f"{watcher.url}/hooks/by-hand", json=alert, timeout=30).raise_for_status()
    return int(watcher.only_incident(f"hosts={host}")["number"])


def _save(watcher: Watcher, incident: int, base: int, items: list[dict[str, Any]]) -> None:
    answer = watcher.session.put(
        _review(watcher, incident), json={"base": base, "items": items}, timeout=30
    )
    assert answer.ok, answer.text


def _items(watcher: Watcher, incident: int) -> list[dict[str, Any]]:
    answer = watcher.session.get(_review(watcher, incident), timeout=30)
    assert answer.ok, answer.text
    return list(answer.json()["items"])


def _review(watcher: Watcher, incident: int) -> str:
    return f"{watcher.url}/api/v1/incidents/{incident}/review"


def _tickets(watcher: Watcher, incident: int) -> list[dict[str, Any]]:
    """Those of its action items, once each has one."""
    tickets = [item["ticket"] for item in _items(watcher, incident)]
    return tickets if all(tickets) else []


def _issues(redmine: Redmine, watcher: Watcher, incident: int) -> list[tuple[int, str, str]]:
    """What stands in Redmine with a link to the review: number, subject and due date."""
    issues = redmine.issues(description=f"~{watcher.url}/incidents/{incident}/review")
    return [(each["id"], each["subject"], each["due_date"]) for each in issues]


def test_action_items_become_issues(watcher: Watcher, redmine: Redmine) -> None:
    """Each with its due date and a link to the review, which shows what they are called."""
    incident = _incident(watcher, "srv-one")
    items = [
        {"text": "Watch the disk", "due": "2030-01-31"},
        {"text": "Rotate the logs", "owner": "olga", "due": "2030-02-28"},
    ]

    _save(watcher, incident, 0, items)

    tickets = wait_for(lambda: _tickets(watcher, incident), "the tickets")
    issues = _issues(redmine, watcher, incident)
    assert [(each["text"], each["due"]) for each in items] == [each[1:] for each in issues]
    assert [str(number) for number, *_ in issues] == [each["key"] for each in tickets]
    page = watcher.session.get(f"{watcher.url}/incidents/{incident}/review", timeout=30)
    assert page.ok
    for ticket in tickets:
        assert ticket["url"] in page.text
        assert ticket["key"] in page.text


def test_a_lost_answer_makes_no_second_issue(
    watcher: Watcher, redmine: Redmine, door: Door
) -> None:
    """Not even when the review is saved again while nobody knows whether there is one."""
    incident = _incident(watcher, "srv-two")
    items = [{"text": "Buy a disk"}, {"text": "Burn the old one"}]
    door.lost = 1

    _save(watcher, incident, 0, items)

    wait_for(lambda: _waits(watcher, incident), "the lost answer to be noticed")
    assert ["Buy a disk"] == [subject for _, subject, _ in _issues(redmine, watcher, incident)]
    _let_time_pass(watcher.folder)
    kept = ("number", "text")
    again = [{name: item[name] for name in kept} for item in _items(watcher, incident)]
    _save(watcher, incident, 1, again)
    tickets = wait_for(lambda: _tickets(watcher, incident), "the tickets")
    issues = _issues(redmine, watcher, incident)
    assert [item["text"] for item in items] == [subject for _, subject, _ in issues]
    assert [str(number) for number, *_ in issues] == [each["key"] for each in tickets]


def _waits(watcher: Watcher, incident: int) -> bool:
    filings = [item["filing"] for item in _items(watcher, incident)]
    return "retry" in [filing["status"] for filing in filings if filing]


def _let_time_pass(folder: Path) -> None:
    """What was to be tried again in a while is due now."""
    with closing(sqlite3.connect(folder / "watcher.db", timeout=30)) as database, database:
        database.execute("UPDATE action SET next_at = 0 WHERE status = 'retry'")
