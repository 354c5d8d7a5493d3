"""What pages, the API and reports read."""

import sqlalchemy as sa


class View:
    """One state of the data; `dialect` is "sqlite" or "postgresql"."""

    def __init__(self, connection: sa.Connection, dialect: str) -> None:
        self.connection = connection
        self.dialect = dialect
