"""`watcher user list|remove` and `watcher token list|revoke`: who may come in, and no longer."""

import re

import pytest

from tests.cli.given import Desk
from watcher.kit.clock import Clock
from watcher.model.person import Principal, Role
from watcher.web.auth import SESSION_LASTS, digest

SINCE = r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00"


def columns(output: str) -> list[list[str]]:
    """The lines of a list in columns, without the time in the last one."""
    lines = [line.split() for line in output.splitlines()]
    assert all(re.fullmatch(SINCE, line[-1]) for line in lines)
    return [line[:-1] for line in lines]


def test_who_may_log_in_is_listed(at: Desk) -> None:
    """By name, with role and customer, and nothing of the passwords."""
    at.run("user", "add", "pavel", "--customer", "acme", typed="battery staple\n")
    at.run("user", "add", "olga", "--role", "administrator", typed="correct horse\n")
    result = at.run("user", "list")

    assert 0 == result.exit_code
    assert [["olga", "administrator", "(all)"], ["pavel", "viewer", "acme"]] == columns(
        result.output
    )


def test_a_login_is_taken_away(at: Desk) -> None:
    """With its sessions: whoever has left the company is out at once."""
    at.run("user", "add", "olga", typed="correct horse\n")
    now = Clock().now()
    with at.store() as store, store.begin() as tx:
        tx.add_session(digest("cookie"), "olga", now + SESSION_LASTS)
    result = at.run("user", "remove", "olga")
    with at.store() as store, store.view() as view:
        left = (view.people(), view.session(digest("cookie"), now))

    assert (0, "olga may not log in any more\n") == (result.exit_code, result.output)
    assert ([], None) == left


def test_tokens_are_listed_without_their_secrets(at: Desk) -> None:
    """Name, role, customer and time are enough to tell which to revoke."""
    secrets = [
        at.run("token", "create", "--role", "viewer", "--name", "wall").output.strip(),
        at.run("token", "create", "--role", "manager", "--customer", "acme").output.strip(),
    ]
    result = at.run("token", "list")

    assert [["api", "manager", "acme"], ["wall", "viewer", "(all)"]] == columns(result.output)
    assert not any(secret in result.output for secret in secrets)


def test_tokens_are_revoked_by_name(at: Desk) -> None:
    """All of that name, and no others."""
    made = [("bot", "viewer"), ("bot", "operator"), ("wall", "viewer")]
    secrets = [
        at.run("token", "create", "--role", role, "--name", name).output.strip()
        for name, role in made
    ]
    both = at.run("token", "revoke", "bot")
    with at.store() as store, store.view() as view:
        left = [view.token(digest(secret)) for secret in secrets]

    assert "2 tokens revoked\n" == both.output
    assert [None, None, Principal("wall", Role.VIEWER)] == left
    assert "1 token revoked\n" == at.run("token", "revoke", "wall").output


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("user", "remove", "olgha"), "there is no login 'olgha'; see: watcher user list"),
        (("token", "revoke", "bott"), "there is no token 'bott'; see: watcher token list"),
    ],
)
def test_a_slip_of_the_pen_is_said(at: Desk, words: tuple[str, ...], said: str) -> None:
    """Nobody believes that somebody is out who is not."""
    result = at.run(*words)

    assert (1, f"watcher: {said}\n") == (result.exit_code, result.stderr)
