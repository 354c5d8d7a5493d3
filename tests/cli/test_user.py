"""`watcher user add`: logins."""

import pytest

from tests.cli.given import Desk
from watcher.model.person import Role
from watcher.web.auth import verify_password


def test_a_login_is_made_from_standard_input(at: Desk) -> None:
    """The password is a line; it is stored as a hash, and changed by the same command."""
    made = at.run("user", "add", "olga", "--role", "operator", typed="correct horse\n")
    with at.store() as store, store.view() as view:
        first = view.person("olga")
    changed = at.run("user", "add", "olga", "--customer", "acme", typed="battery staple\r\n")
    with at.store() as store, store.view() as view:
        second = view.person("olga")

    assert (0, "olga may log in as operator\n") == (made.exit_code, made.output)
    assert (0, "olga may log in as viewer of acme\n") == (changed.exit_code, changed.output)
    assert first is not None
    assert second is not None
    assert verify_password(first.password, "correct horse")
    assert verify_password(second.password, "battery staple")
    assert (Role.VIEWER, "acme") == (second.role, second.customer)


@pytest.mark.parametrize(
    ("words", "typed", "said"),
    [
        ((), "short\n", "the password needs at least 8 characters"),
        ((), "", "the password needs at least 8 characters"),
        (
            ("--customer", "acmee"),
            "correct horse\n",
            "there is no customer 'acmee'; there are: acme, default, globex",
        ),
    ],
)
def test_a_login_that_cannot_be_made_says_why(
    at: Desk, words: tuple[str, ...], typed: str, said: str
) -> None:
    """And nobody was added."""
    result = at.run("user", "add", "olga", *words, typed=typed)
    with at.store() as store, store.view() as view:
        people = view.people()

    assert (1, f"watcher: {said}\n", []) == (result.exit_code, result.stderr, people)
