"""Keep who ran what on which host, and find the last diagnosis of a host."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Adds columns and tables; what is stored stays as it is."""
    _evidence()
    _runs()
    _scripts()


def _evidence() -> None:
    """Whose it is, and whether it says what the host is like; of old evidence nobody knows."""
    op.add_column("evidence", sa.Column("customer", sa.Text(), nullable=True))
    op.add_column("evidence", sa.Column("complete", sa.Boolean(), nullable=True))
    op.create_index(
        "evidence_last",
        "evidence",
        ["customer", "host", "runbook", "at"],
        sqlite_where=sa.text("complete"),
        postgresql_where=sa.text("complete"),
    )


def _runs() -> None:
    """The run log."""
    op.create_table(
        "run",
        sa.Column("id", sa.Integer().with_variant(sa.BigInteger(), "postgresql"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("customer", sa.Text(), nullable=False),
        sa.Column("runbook", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("ordered_by", sa.Text(), nullable=False),
        sa.Column("incident", sa.BigInteger(), nullable=True),
        sa.Column("approved_by", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("login", sa.Text(), nullable=False),
        sa.Column("via", sa.Text(), nullable=False),
        sa.Column("host_key", sa.Text(), nullable=False),
        sa.Column("verified", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("script", sa.Text(), nullable=False),
        sa.Column("inputs", sa.Text(), nullable=False),
        sa.Column("fault", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("milliseconds", sa.Integer(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("run_at", "run", ["at"])
    op.create_index("run_incident", "run", ["incident"])
    op.create_index("run_host", "run", ["host", "id"])
    op.create_index("run_script", "run", ["script"])


def _scripts() -> None:
    """What ran."""
    op.create_table(
        "script",
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("first_at", sa.BigInteger(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("sha256"),
    )
    op.create_index("script_last", "script", ["last_at"])
