"""Keep problems: the causes behind incidents, what belongs to them, what incidents are like."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Adds six tables, and finds the incidents of a problem."""
    _problems()
    _timelines()
    _ties()
    _likenesses()


def _problems() -> None:
    op.create_table(
        "problem",
        sa.Column("number", _ID, primary_key=True, autoincrement=False),
        sa.Column("customer", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("priority", sa.Text, nullable=False),
        sa.Column("terms", sa.Text, nullable=False),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("opened_by", sa.Text, nullable=False),
        sa.Column("last_at", sa.BigInteger, nullable=False),
        sa.Column("service", sa.Text),
        sa.Column("owner", sa.Text),
        sa.Column("root_cause", sa.Text, nullable=False),
        sa.Column("workaround", sa.Text, nullable=False),
        sa.Column("fix", sa.Text, nullable=False),
        sa.Column("runbook", sa.Text, nullable=False),
        sa.Column("awaits", sa.Boolean, nullable=False),
        sa.Column("tickets", sa.Text, nullable=False),
        sa.Column("changes", sa.Text, nullable=False),
        sa.Column("incidents", sa.Integer, nullable=False),
        sa.Column("lasted", sa.BigInteger, nullable=False),
        sa.Column("breaches", sa.Integer, nullable=False),
        sa.Column("woken", sa.Integer, nullable=False),
        sa.Column("worked", sa.Integer, nullable=False),
        sa.Column("failed", sa.Integer, nullable=False),
        sa.Column("returns", sa.Integer, nullable=False),
        sa.Column("resolved_at", sa.BigInteger),
        sa.Column("closed_at", sa.BigInteger),
        sa.Column("merged_into", sa.BigInteger),
    )
    op.create_index("problem_status", "problem", ["status", "number"])
    op.create_index("problem_customer", "problem", ["customer", "number"])


def _timelines() -> None:
    op.create_table(
        "problem_entry",
        sa.Column("id", sa.Integer().with_variant(sa.BigInteger, "postgresql"), primary_key=True),
        sa.Column("problem", sa.BigInteger, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("key", sa.Text),
    )
    op.create_index("problem_entry_problem", "problem_entry", ["problem", "id"])
    op.create_index(
        "problem_entry_key",
        "problem_entry",
        ["problem", "key"],
        unique=True,
        sqlite_where=sa.text("key IS NOT NULL"),
        postgresql_where=sa.text("key IS NOT NULL"),
    )


def _ties() -> None:
    op.create_table(
        "tie",
        sa.Column("problem", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("incident", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("customer", sa.Text, nullable=False),
        sa.Column("bond", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("decided_by", sa.Text, nullable=False),
        sa.Column("score", sa.Float, nullable=False),
        sa.Column("reasons", sa.Text, nullable=False),
    )
    op.create_index("tie_incident", "tie", ["incident"])
    op.create_index(
        "incident_problem",
        "incident",
        ["problem"],
        sqlite_where=sa.text("problem IS NOT NULL"),
        postgresql_where=sa.text("problem IS NOT NULL"),
    )


def _likenesses() -> None:
    op.create_table(
        "signature",
        sa.Column("incident", _ID, primary_key=True, autoincrement=False),
        sa.Column("customer", sa.Text, nullable=False),
        sa.Column("opened_at", sa.BigInteger, nullable=False),
        sa.Column("traits", sa.Text, nullable=False),
    )
    op.create_table(
        "trait",
        sa.Column("customer", sa.Text, primary_key=True),
        sa.Column("field", sa.Text, primary_key=True),
        sa.Column("value", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("incident", sa.BigInteger, primary_key=True, autoincrement=False),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "trait_count",
        sa.Column("customer", sa.Text, primary_key=True),
        sa.Column("field", sa.Text, primary_key=True),
        sa.Column("value", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("count", sa.BigInteger, nullable=False),
        sqlite_with_rowid=False,
    )
