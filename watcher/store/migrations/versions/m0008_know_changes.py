"""Keep changes, so that what was deployed shortly before an incident can be told."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Adds a table."""
    op.create_table(
        "deployment",
        sa.Column("customer", sa.Text, primary_key=True),
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("number", sa.BigInteger, nullable=False, unique=True),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("service", sa.Text),
        sa.Column("host", sa.Text),
        sa.Column("environment", sa.Text, nullable=False),
        sa.Column("revision", sa.Text, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("ended_at", sa.BigInteger),
    )
    op.create_index("deployment_at", "deployment", ["at", "number"])
    op.create_index("deployment_customer", "deployment", ["customer", "at"])
