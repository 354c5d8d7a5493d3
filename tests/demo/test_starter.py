"""What a first start writes: a sound configuration, tokens nobody else can read, a login."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contract.given import NOW
from tests.fakes import FakeClock
from watcher.demo.starter import ADMINISTRATOR, login, write_config
from watcher.model.person import Role
from watcher.settings import load
from watcher.store.people import Person
from watcher.store.store import Store
from watcher.web.auth import hash_password, verify_password


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty store."""
    opened = Store.open(f"sqlite:///{tmp_path}/watcher.db")
    opened.upgrade()
    yield opened
    opened.close()


def test_the_configuration_is_sound_and_complete(tmp_path: Path) -> None:
    """A source of every kind, each with a token of its own."""
    settings = load(write_config(tmp_path / "new"), {})
    tokens = [source.auth.bearer.reveal() for source in settings.sources if source.auth.bearer]

    assert ["zabbix", "grafana", "alertmanager", "generic"] == [
        source.kind for source in settings.sources
    ]
    assert 4 == len(set(tokens))
    assert min(map(len, tokens)) >= 32
    assert () == settings.warnings


def test_it_is_written_once(tmp_path: Path) -> None:
    """What somebody has changed since is left alone."""
    path = write_config(tmp_path)
    path.write_text("sources: []\n")
    before = (tmp_path / "token-zabbix").read_text()

    assert path == write_config(tmp_path)
    assert "sources: []\n" == path.read_text()
    assert before == (tmp_path / "token-zabbix").read_text()


def test_secrets_are_for_their_owner_only(tmp_path: Path, store: Store) -> None:
    """Tokens and the login, also where a file of that name lay there for all to read."""
    (tmp_path / "token-generic").touch(mode=0o644)
    write_config(tmp_path)
    login(tmp_path, store, FakeClock())

    assert {0o600} == {
        path.stat().st_mode & 0o777 for path in (*tmp_path.glob("token-*"), tmp_path / "login")
    }


def test_the_login_is_made_once_and_shown_as_long_as_it_holds(tmp_path: Path, store: Store) -> None:
    """An administrator; a new password that somebody gave is not known any more."""
    password = login(tmp_path, store, FakeClock())
    with store.view() as view:
        person = view.person(ADMINISTRATOR)

    assert password is not None
    assert person is not None
    assert verify_password(person.password, password)
    assert (Role.ADMINISTRATOR, None) == (person.role, person.customer)
    assert password == login(tmp_path, store, FakeClock())

    with store.begin() as tx:
        tx.save_person(Person(ADMINISTRATOR, hash_password("another"), person.role, None, NOW))
    assert login(tmp_path, store, FakeClock()) is None


@pytest.mark.parametrize("name", [ADMINISTRATOR, "olga"])
def test_no_login_is_made_where_there_are_people(tmp_path: Path, store: Store, name: str) -> None:
    """Whoever set Watcher up without it knows who may come in."""
    with store.begin() as tx:
        tx.save_person(Person(name, hash_password("a password"), Role.VIEWER, None, NOW))

    assert login(tmp_path, store, FakeClock()) is None
    assert not (tmp_path / "login").exists()
