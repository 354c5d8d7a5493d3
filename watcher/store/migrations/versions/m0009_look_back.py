"""Keep what people make of incidents once they are over, and what is to be done because of them."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Adds two tables."""
    op.create_table(
        "review",
        sa.Column("incident", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("customer", sa.Text, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
    op.create_table(
        "action_item",
        sa.Column("incident", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("customer", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("owner", sa.Text, nullable=False),
        sa.Column("due", sa.Text),
        sa.Column("done_at", sa.BigInteger),
        sa.Column("done_by", sa.Text, nullable=False),
        sa.Column("tracker", sa.Text),
        sa.Column("ticket", sa.Text),
        sa.Column("ticket_url", sa.Text),
    )
    op.create_index(
        "action_item_waiting",
        "action_item",
        ["customer", "due"],
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    )
