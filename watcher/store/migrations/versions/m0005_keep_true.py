"""Keep what is known of sources: when they spoke, how far they were asked, what was missed."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Adds two tables, of whose time before nothing is known, and finds spans by their names."""
    op.create_table(
        "source",
        sa.Column("name", sa.Text, primary_key=True),
        sa.Column("heard_at", sa.BigInteger),
        sa.Column("pauses", sa.Text, nullable=False),
        sa.Column("cursor", sa.Text, nullable=False),
        sa.Column("asked_at", sa.BigInteger),
        sa.Column("complete_at", sa.BigInteger),
        sa.Column("took", sa.BigInteger),
        sa.Column("trouble", sa.Text, nullable=False),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("problem_since", sa.BigInteger),
        sa.Column("absent", sa.Text, nullable=False),
    )
    op.create_table(
        "drift",
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("day", sa.BigInteger, primary_key=True),
        sa.Column("kind", sa.Text, primary_key=True),
        sa.Column("count", sa.BigInteger, nullable=False),
    )
    op.create_index("occurrence_named", "occurrence", ["occurrence", "customer"])
    op.add_column("occurrence", sa.Column("taken", sa.Text()))
    op.add_column("incident", sa.Column("tracker", sa.Text()))
    op.add_column("incident", sa.Column("ticket_url", sa.Text()))
    op.add_column("maintenance", sa.Column("title", sa.Text()))
