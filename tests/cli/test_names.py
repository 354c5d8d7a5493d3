"""Names: whoever acts must be told from Watcher itself."""

import socket

import pytest

from tests.cli.given import Desk


@pytest.mark.parametrize(
    "words",
    [("user", "add", "Watcher"), ("token", "create", "--role", "viewer", "--name", "watcher")],
    ids=["user", "token"],
)
def test_nobody_is_called_watcher(at: Desk, words: tuple[str, ...]) -> None:
    """Timelines and decisions tell by that name what the machine did."""
    result = at.run(*words, typed="correct horse\n")
    with at.store() as store, store.view() as view:
        found = [*view.people(), *view.tokens()]

    said = (
        f"watcher: the name '{words[-1]}' is Watcher's own: timelines could not tell who did what"
    )
    assert (1, f"{said}\n", []) == (result.exit_code, result.stderr, found)


def test_the_account_of_the_service_opens_an_incident_as_a_person(
    at: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is mostly called watcher, so its machine is named, too."""
    monkeypatch.setenv("LOGNAME", "watcher")
    result = at.run("incident", "open", "The shop is slow", "--customer", "acme")
    with at.store() as store, store.view() as view:
        incident = view.incident(1, None)

    assert 0 == result.exit_code
    assert incident is not None
    assert f"watcher@{socket.gethostname()}" == incident.opened_by
