"""`watcher incident open`: somebody phoned."""

import getpass

from tests.cli.given import Desk
from watcher.model.incident import Priority


def test_an_incident_is_opened_by_hand(at: Desk) -> None:
    """By the service, with its criticality, the host under its own name, and what was said."""
    words = ["--customer", "acme", "--service", "shop", "--host", "10.0.0.7", "--severity", "high"]
    result = at.run("incident", "open", "The shop is slow", *words, "--text", "Anna phoned")
    with at.store() as store, store.view() as view:
        incident = view.incident(1, None)
        [opened] = view.timeline(1)

    assert 0 == result.exit_code
    assert [
        "#1 P2 The shop is slow",
        "http://127.0.0.1:8080/incidents/1",
    ] == result.output.splitlines()
    assert incident is not None
    assert ("acme", "shop", ("web01",), Priority.P2, getpass.getuser()) == (
        incident.customer,
        incident.service,
        incident.hosts,
        incident.priority,
        incident.opened_by,
    )
    assert f"opened by {getpass.getuser()}: Anna phoned" == opened.text


def test_an_unknown_customer_is_refused(at: Desk) -> None:
    """A slip of the pen opens nothing."""
    result = at.run("incident", "open", "The shop is slow", "--customer", "acmee")

    assert (1, "watcher: there is no customer 'acmee'\n") == (result.exit_code, result.stderr)
