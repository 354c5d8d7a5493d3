"""`watcher token create`: tokens for programs."""

from tests.cli.given import Desk
from watcher.model.person import Principal, Role
from watcher.web.auth import digest


def test_a_token_is_printed_and_only_its_digest_kept(at: Desk) -> None:
    """The line is the token, so that a script can take it."""
    result = at.run("token", "create", "--role", "manager", "--customer", "acme", "--name", "bot")
    secret = result.output.strip()
    with at.store() as store, store.view() as view:
        tokens = view.tokens()
        who = view.token(digest(secret))

    assert 0 == result.exit_code
    assert Principal("bot", Role.MANAGER, "acme") == who
    assert secret not in repr(tokens)


def test_each_token_is_another(at: Desk) -> None:
    """Two programs need not share one."""
    one, other = (at.run("token", "create", "--role", "viewer").output for _ in range(2))

    assert one != other


def test_a_token_needs_a_role_and_a_known_customer(at: Desk) -> None:
    """A slip of the pen gives nobody access."""
    no_role = at.run("token", "create")
    stranger = at.run("token", "create", "--role", "viewer", "--customer", "nobody")

    assert 2 == no_role.exit_code
    assert "--role" in no_role.stderr
    assert (1, "watcher: there is no customer 'nobody'; there are: acme, default, globex\n") == (
        stranger.exit_code,
        stranger.stderr,
    )
