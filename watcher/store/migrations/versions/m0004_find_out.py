"""Keep in the run log how bad it was what a run found."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Adds a column; of runs before it nobody knows."""
    op.add_column("run", sa.Column("worst", sa.Text(), nullable=False, server_default=""))
