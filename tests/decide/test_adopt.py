"""Which tickets of a monitoring system an incident takes as its own, and which it only notes."""

import pytest

from tests.decide.given import at, incident
from watcher.decide.adopt import adopt, kept_ticket, tickets
from watcher.model.change import replace
from watcher.model.incident import Ticket

JIRA = Ticket("jira", "OPS-1", "https://jira.example/browse/OPS-1")
OTHER = Ticket("redmine", "77", "https://redmine.example/issues/77")


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (
            {"__zbx_jira_issuekey": "OPS-1", "__zbx_jira_issuelink": JIRA.url, "team": "dba"},
            [JIRA],
        ),
        ({"__zbx_redmine_issue_id": "77", "__zbx_redmine_issuelink": OTHER.url}, [OTHER]),
        ({"__zbx_jira_requestkey": "SD-4"}, [Ticket("jira", "SD-4")]),
        (
            {
                "__zbx_servicenow_sys_id": "a9f",
                "__zbx_servicenow_number": "INC0010",
                "__zbx_servicenow_link": "https://sn.example/a9f",
            },
            [Ticket("servicenow", "INC0010", "https://sn.example/a9f")],
        ),
        (
            {"__zbx_github_issue_number": "5", "__zbx_github_repo": "a/b"},
            [Ticket("github", "5")],
        ),
        ({"__zbx_itop_id": "9", "__zbx_itop_key": "I-000009"}, [Ticket("itop", "I-000009")]),
        ({"__zbx_zdk_issuekey": "8"}, [Ticket("zendesk", "8")]),
        ({"__zbx_tpd_issuekey": "I 26"}, [Ticket("topdesk", "I 26")]),
        ({"__zbx_sd_request_id": "8"}, [Ticket("manageengine", "8")]),
        ({"__zbx_trello_card_id": "x1"}, [Ticket("trello", "x1")]),
        (
            {
                "__zbx_jira_issuekey": "OPS-1, OPS-2",
                "__zbx_jira_issuelink": f"{JIRA.url}, https://jira.example/browse/OPS-2",
                "__zbx_glpi_problem_id": "3",
            },
            [
                Ticket("glpi", "3"),
                JIRA,
                Ticket("jira", "OPS-2", "https://jira.example/browse/OPS-2"),
            ],
        ),
        ({"__zbx_slack_message_id": "17", "__zbx_ops_issuekey": "f00"}, []),
        ({"jira_issuekey": "OPS-1", "__zbx_jira_issuelink": JIRA.url}, []),
        ({"__zbx_jira_issuekey": ""}, []),
        ({"__zbx_jira_issuekey": " "}, []),
        ({"__zbx_jira_issuekey": "x" * 101}, []),
        ({"__zbx_jira_issuekey": "OPS\n1"}, []),
        ({}, []),
    ],
)
def test_tags_tell_of_tickets(labels: dict[str, str], expected: list[Ticket]) -> None:
    """Those of known trackers only: messengers write tags of that kind as well."""
    assert expected == list(tickets(labels))


@pytest.mark.parametrize(
    "link",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//jira.example/OPS-1",
        "https://jira.example/a b",
        "https://jira.example/\n",
        "https://jira.example/" + "x" * 2048,
    ],
)
def test_only_a_link_of_the_web_is_kept(link: str) -> None:
    """The ticket is known without it."""
    labels = {"__zbx_jira_issuekey": "OPS-1", "__zbx_jira_issuelink": link}

    assert [Ticket("jira", "OPS-1")] == list(tickets(labels))


def test_the_first_ticket_is_the_incidents_own() -> None:
    """Later ones are noted with the reason, each once; the same one again is no news."""
    mine, [entry] = adopt(incident(), JIRA, "Disk full", at(1))
    same, [] = adopt(mine, JIRA, "Disk full", at(2))
    after, [besides] = adopt(mine, OTHER, "CPU high", at(3))

    assert JIRA == mine.ticket == same.ticket == after.ticket
    assert "took OPS-1 of jira as its ticket" == entry.text
    assert ("adopted", "filed for Disk full by its monitoring system") == (
        entry.reason.rule,
        entry.reason.text,
    )
    assert "77 of redmine is about it too" == besides.text
    assert "filed for CPU high, but the incident has OPS-1 of jira already" == besides.reason.text
    assert ("ticket:jira:OPS-1", "ticket:redmine:77") == (entry.key, besides.key)


def test_a_link_that_comes_later_is_added() -> None:
    """One that is known stays."""
    bare = replace(incident(), ticket=Ticket("jira", "OPS-1"))

    assert JIRA == adopt(bare, JIRA, "Disk full", at(1))[0].ticket
    linked = replace(bare, ticket=JIRA)
    assert JIRA == adopt(linked, Ticket("jira", "OPS-1", "https://else"), "D", at(1))[0].ticket


def test_an_incident_that_takes_in_another_takes_its_ticket() -> None:
    """Unless it has one; then the other is noted, however it came to be there."""
    bare, mine = incident(1), replace(incident(1), ticket=Ticket("", "OLD-1"))
    gone = replace(incident(2), ticket=JIRA)

    assert (JIRA, ()) == kept_ticket(bare, gone, at(1))
    assert (JIRA, ()) == kept_ticket(gone, bare, at(1))
    assert (None, ()) == kept_ticket(bare, incident(2), at(1))
    kept, [entry] = kept_ticket(mine, gone, at(1))
    assert mine.ticket == kept
    assert "that of #2, but the incident has OLD-1 already" == entry.reason.text
