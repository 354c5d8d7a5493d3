"""Logins, sessions and tokens, the same on both stores."""

import hashlib
from dataclasses import replace

from tests.contract.given import MINUTE, NOW
from watcher.model.person import Principal, Role
from watcher.store.people import Person, Token
from watcher.store.store import Store

ANNA = Person("anna", "$argon2id$1", Role.OPERATOR, None, NOW)
BORIS = Person("boris", "$argon2id$2", Role.VIEWER, "acme", NOW)


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def test_a_login_is_kept(store: Store) -> None:
    """A person is found by name; nobody else is."""
    with store.begin() as tx:
        tx.save_person(BORIS)
        tx.save_person(ANNA)
    with store.view() as view:
        assert ANNA == view.person("anna")
        assert view.person("Anna") is None
        assert [ANNA, BORIS] == view.people()


def test_a_session_lets_in_until_it_ends(store: Store) -> None:
    """A session is its person's, before it expires only, and until the person logs out."""
    with store.begin() as tx:
        tx.save_person(BORIS)
        tx.add_session(_digest("s1"), "boris", NOW + MINUTE)
        tx.add_session(_digest("s2"), "boris", NOW + MINUTE)
        tx.add_session(_digest("s3"), "nobody", NOW + MINUTE)
    with store.view() as view:
        assert Principal("boris", Role.VIEWER, "acme") == view.session(_digest("s1"), NOW)
        assert view.session(_digest("s1"), NOW + MINUTE) is None
        assert view.session(_digest("s3"), NOW) is None
        assert view.session("s1", NOW) is None
    with store.begin() as tx:
        tx.end_session(_digest("s1"))
    with store.view() as view:
        assert view.session(_digest("s1"), NOW) is None
        assert view.session(_digest("s2"), NOW) is not None


def test_a_new_password_ends_all_sessions(store: Store) -> None:
    """Whoever got in by the old password is out."""
    with store.begin() as tx:
        tx.save_person(ANNA)
        tx.add_session(_digest("s1"), "anna", NOW + MINUTE)
    with store.begin() as tx:
        tx.save_person(replace(ANNA, password="$argon2id$3", role=Role.MANAGER))
    with store.view() as view:
        found = view.person("anna")

        assert found is not None
        assert ("$argon2id$3", Role.MANAGER) == (found.password, found.role)
        assert view.session(_digest("s1"), NOW) is None


def test_a_login_can_be_taken_away(store: Store) -> None:
    """With the login go its sessions."""
    with store.begin() as tx:
        tx.save_person(ANNA)
        tx.add_session(_digest("s1"), "anna", NOW + MINUTE)
    with store.begin() as tx:
        assert tx.remove_person("anna")
        assert not tx.remove_person("anna")
        tx.save_person(ANNA)
    with store.view() as view:
        assert view.session(_digest("s1"), NOW) is None


def test_old_sessions_are_forgotten(store: Store) -> None:
    """Only those that are over are removed."""
    with store.begin() as tx:
        tx.save_person(ANNA)
        tx.add_session(_digest("old"), "anna", NOW)
        tx.add_session(_digest("new"), "anna", NOW + MINUTE)
        assert 1 == tx.expire_sessions(NOW)
    with store.view() as view:
        assert Principal("anna", Role.OPERATOR) == view.session(_digest("new"), NOW)


def test_a_token_lets_in_until_it_is_revoked(store: Store) -> None:
    """A token is found by its digest, listed by its name, and revoked by it."""
    ci = Token(_digest("t1"), "ci", Role.OPERATOR, "acme", NOW)
    spare = Token(_digest("t2"), "ci", Role.VIEWER, None, NOW + MINUTE)
    grafana = Token(_digest("t3"), "grafana", Role.VIEWER, None, NOW)
    with store.begin() as tx:
        for token in (grafana, spare, ci):
            tx.add_token(token)
    with store.view() as view:
        assert Principal("ci", Role.OPERATOR, "acme") == view.token(_digest("t1"))
        assert view.token("t1") is None
        assert [ci, spare, grafana] == view.tokens()
    with store.begin() as tx:
        assert 2 == tx.revoke_tokens("ci")
        assert 0 == tx.revoke_tokens("ci")
    with store.view() as view:
        assert view.token(_digest("t1")) is None
        assert [grafana] == view.tokens()
