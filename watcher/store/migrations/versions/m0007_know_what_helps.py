"""Keep articles, all their versions, whether they helped, and the index that finds them."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    """Adds four tables."""
    op.create_table(
        "article",
        sa.Column("number", _ID, primary_key=True, autoincrement=False),
        sa.Column("customer", sa.Text),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("language", sa.Text, nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("created_by", sa.Text, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.Column("incident", sa.BigInteger),
        sa.Column("problem", sa.BigInteger),
    )
    op.create_index("article_changed", "article", ["changed_at"])
    op.create_table(
        "article_version",
        sa.Column("article", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("author", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("comment", sa.Text, nullable=False),
    )
    op.create_table(
        "article_vote",
        sa.Column("article", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("incident", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("person", sa.Text, primary_key=True),
        sa.Column("customer", sa.Text, nullable=False),
        sa.Column("helped", sa.Boolean, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "article_term",
        sa.Column(
            "term", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), primary_key=True
        ),
        sa.Column("customer", sa.Text, primary_key=True),
        sa.Column("article", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("weight", sa.Integer, nullable=False),
        sqlite_with_rowid=False,
    )
    op.create_index("article_term_article", "article_term", ["article"])
