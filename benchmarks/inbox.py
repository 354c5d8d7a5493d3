"""How far the digest has come, read from the store with the cheapest question there is."""

import time
from datetime import timedelta

import sqlalchemy as sa


class Progress:
    """What has been taken in and what of it has been digested, by the ids of deliveries."""

    def __init__(self, url: str) -> None:
        address = sa.make_url(url)
        self._engine = sa.create_engine(address, isolation_level="AUTOCOMMIT")
        self._connection = self._engine.connect()
        if self._engine.name == "sqlite":
            inbox = (address.database or "").replace("watcher.db", "watcher-inbox.db")
            self._connection.exec_driver_sql("ATTACH DATABASE ? AS inbox", (inbox,))

    def digested(self) -> int:
        """The newest delivery whose effects can be seen."""
        return self._number("SELECT max(digested) FROM stream")

    def newest(self) -> int:
        """The newest delivery that is stored."""
        return self._number("SELECT max(id) FROM delivery")

    def pending(self) -> int:
        """How many deliveries wait for the digest."""
        return self._number(
            "SELECT count(*) FROM delivery WHERE id > (SELECT max(digested) FROM stream)"
        )

    def drained(self, within: timedelta = timedelta(minutes=5)) -> None:
        """Returns when everything that is stored now has been digested."""
        newest = self.newest()
        deadline = time.monotonic() + within.total_seconds()
        while self.digested() < newest:
            assert time.monotonic() < deadline, f"{self.pending()} deliveries are left"
            time.sleep(0.02)

    def close(self) -> None:
        """Lets go of the store."""
        self._connection.close()
        self._engine.dispose()

    def _number(self, sql: str) -> int:
        return int(self._connection.exec_driver_sql(sql).scalar() or 0)
