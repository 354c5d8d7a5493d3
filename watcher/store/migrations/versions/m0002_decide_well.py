"""Keep what suppression, correlation and people's own decisions need to remember."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Adds columns and tables; what is stored stays as it is."""
    _decisions_of_people()


def _decisions_of_people() -> None:
    """What was merged, split and moved by hand, and what can be learned from it."""
    op.add_column("occurrence", sa.Column("placed", sa.Text(), nullable=True))
    op.add_column("incident", sa.Column("arranged", sa.Text(), nullable=True))
    op.add_column("incident", sa.Column("took", sa.Text(), nullable=True))
    op.create_table(
        "example",
        sa.Column("pair", sa.Text(), nullable=False),
        sa.Column("customer", sa.Text(), nullable=False),
        sa.Column("together", sa.Boolean(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("machine", sa.Text(), nullable=True),
        sa.Column("one", sa.Text(), nullable=False),
        sa.Column("other", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("pair"),
    )
