"""Show what is left out: maintenance that is planned at a source and cannot be taken over."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Adds a column; the next reading of the maintenance fills it."""
    op.add_column("source", sa.Column("left_out", sa.Text))
