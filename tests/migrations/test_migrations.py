"""The migrations lead from nothing to exactly the schema, whoever runs them and however often."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from watcher.store import schema, store
from watcher.store.base import StoreError, StoreUnavailable
from watcher.store.store import Store

UPGRADE = "import sys; from watcher.store.store import Store; Store.open(sys.argv[1]).upgrade()"


def differences(url: str, *parts: sa.MetaData) -> object:
    """What Alembic would change to get from the database to these parts of the schema."""
    engine = sa.create_engine(url)
    expected = sa.MetaData()
    for table in [table for part in parts for table in part.tables.values()]:
        copy = table.to_metadata(expected)
        if engine.name == "sqlite" and table.name == "delivery":
            copy.indexes.clear()  # Alembic does not heed that its index is for PostgreSQL only.
    try:
        with engine.connect() as connection:
            return compare_metadata(MigrationContext.configure(connection), expected)
    finally:
        engine.dispose()


def tables(url: str) -> set[str]:
    """The tables of the database at an address."""
    engine = sa.create_engine(url)
    try:
        return set(sa.inspect(engine).get_table_names())
    finally:
        engine.dispose()


def inbox_of(url: str) -> str:
    """The address of the other file of an SQLite store."""
    return url.replace("watcher.db", "watcher-inbox.db")


def test_the_migrated_database_is_exactly_the_schema(store: Store, empty_url: str) -> None:
    """Alembic finds nothing to change."""
    if empty_url.startswith("sqlite"):
        found = [
            differences(empty_url, schema.state),
            differences(inbox_of(empty_url), schema.inbox),
        ]
    else:
        found = [differences(empty_url, schema.state, schema.inbox)]

    assert not any(found), found


def test_sqlite_keeps_deliveries_in_a_file_of_their_own(tmp_path: Path) -> None:
    """Intake and digest write to different files, so that neither waits for the other."""
    url = f"sqlite:///{tmp_path}/watcher.db"
    Store.open(url).upgrade()

    assert {"delivery"} == tables(inbox_of(url))
    assert {*schema.state.tables, "alembic_version", "sqlite_sequence"} >= tables(url)


def test_the_files_of_sqlite_are_for_their_owner_only(tmp_path: Path) -> None:
    """Deliveries may hold what is not for everybody on the machine."""
    opened = Store.open(f"sqlite:///{tmp_path}/var/watcher.db")
    opened.upgrade()
    opened.close()
    modes = {each.stat().st_mode & 0o777 for each in (tmp_path / "var").iterdir()}

    assert (tmp_path / "var").stat().st_mode & 0o777 == 0o700
    assert modes == {0o600}


def test_a_place_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """The error says which one."""
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreUnavailable, match=r"file"):
        Store.open(f"sqlite:///{tmp_path}/file/watcher.db")


def test_an_upgrade_is_seen_in_the_revision(empty_url: str) -> None:
    """An empty database has no revision; after the upgrade it has the newest."""
    opened = Store.open(empty_url.replace("+psycopg", ""))
    before = opened.revision()
    opened.upgrade()
    after = opened.revision()
    opened.close()

    assert (None, after[1]) == before
    assert after[0] == after[1]


def test_a_second_upgrade_changes_nothing(store: Store) -> None:
    """Every start upgrades, and nearly every time there is nothing to do."""
    before = store.revision()
    store.upgrade()

    assert before == store.revision()


def test_many_may_upgrade_at_once(empty_url: str) -> None:
    """Processes and threads that start together all come back from the upgrade without error."""
    command = [sys.executable, "-c", UPGRADE, empty_url]
    processes = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(2)]
    opened = Store.open(empty_url)
    with ThreadPoolExecutor(3) as threads:
        for upgrade in [threads.submit(opened.upgrade) for _ in range(3)]:
            upgrade.result()
    ends = [process.communicate(timeout=60)[1].decode() for process in processes]

    assert ends == ["", ""]
    assert [process.returncode for process in processes] == [0, 0]
    assert opened.revision()[0] == opened.revision()[1]
    opened.close()


def test_the_history_is_one_line(tmp_path: Path) -> None:
    """Each migration names one before it, and only the newest, which is wanted, by none."""
    config = Config()
    config.set_main_option("script_location", str(Path(store.__file__).with_name("migrations")))
    opened = Store.open(f"sqlite:///{tmp_path}/watcher.db")
    wanted = opened.revision()[1]
    opened.close()

    assert [wanted] == ScriptDirectory.from_config(config).get_heads()


def test_a_crash_between_the_two_files_is_mended(tmp_path: Path) -> None:
    """If only the inbox got its table, the next upgrade makes the rest."""
    url = f"sqlite:///{tmp_path}/watcher.db"
    schema.inbox.create_all(sa.create_engine(inbox_of(url)))
    opened = Store.open(url)
    opened.upgrade()

    assert opened.revision()[0] == opened.revision()[1]
    opened.close()


def test_an_empty_database_is_not_ready(empty_url: str) -> None:
    """Whoever comes before the upgrade is told to come again."""
    opened = Store.open(empty_url)
    with pytest.raises(StoreUnavailable), opened.begin() as tx:
        tx.numbers(1)
    opened.close()


def test_a_database_of_a_newer_program_is_left_alone(store: Store) -> None:
    """Going back to an older program says so instead of guessing."""
    with store._database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(StoreError, match="9999"):
        store.upgrade()


@pytest.mark.parametrize(
    "url", ["mysql://host/db", "nonsense", "sqlite:///watcher.db", "sqlite://"]
)
def test_an_address_that_is_no_store_is_refused(url: str) -> None:
    """The error is for the person who wrote the configuration."""
    with pytest.raises(ValueError, match=r"sqlite|URL|absolute"):
        Store.open(url)
