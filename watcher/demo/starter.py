"""What a first start without a configuration writes: sources with tokens, and a login."""

import secrets
from pathlib import Path

from watcher.kit.clock import Clock
from watcher.model.person import Role
from watcher.store.people import Person
from watcher.store.store import Store
from watcher.web.auth import hash_password, verify_password

CONFIG = "watcher.yaml"
LOGIN = "login"
ADMINISTRATOR = "admin"

_CONFIG = """\
# Written by the first start of Watcher; change it as you like, it is not written again.
# `watcher check` says what is wrong with it.
# What lies in demo/ belongs to the sample outage: take it out when you need it no more.
catalogue: [catalogue.yaml, demo/catalogue.yaml]
inventory: [inventory.yaml, demo/inventory.yaml]
sources:
{sources}
"""
_SOURCE = """\
  - name: {kind}
    kind: {kind}
    customer: default
    auth:
      bearer: {{file: {file}}}
"""
_CATALOGUE = """\
# Whose services there are, how much they matter, and on which hosts they run.
services: []
"""
_INVENTORY = """\
# The hosts, each with all the names that monitoring gives it, and the way in for diagnoses.
hosts: []
"""
_KINDS = ("zabbix", "grafana", "alertmanager", "generic")


def write_config(folder: Path) -> Path:
    """The configuration in that folder, written if it is not there yet."""
    path = folder / CONFIG
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    sources = []
    for kind in _KINDS:
        file = f"token-{kind}"
        private(folder / file, secrets.token_urlsafe(24))
        sources.append(_SOURCE.format(kind=kind, file=file))
    for place in (folder, folder / "demo"):
        place.mkdir(parents=True, exist_ok=True)
        (place / "catalogue.yaml").write_text(_CATALOGUE)
        (place / "inventory.yaml").write_text(_INVENTORY)
    path.write_text(_CONFIG.format(sources="".join(sources).rstrip()))
    return path


def login(folder: Path, store: Store, clock: Clock) -> str | None:
    """The password of the administrator that was made here, as long as it is still that; the login
    is made when there is nobody yet.
    """
    kept = folder / LOGIN
    with store.view() as view:
        people = view.people()
        person = view.person(ADMINISTRATOR)
    if not people:
        password = secrets.token_urlsafe(9)
        person = Person(
            ADMINISTRATOR, hash_password(password), Role.ADMINISTRATOR, None, clock.now()
        )
        with store.begin() as tx:
            tx.save_person(person)
        private(kept, password)
        return password
    if person is None or not kept.exists():
        return None
    password = kept.read_text().strip()
    return password if verify_password(person.password, password) else None


def private(path: Path, text: str) -> None:
    """Writes a file that only its owner can read."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text + "\n")
