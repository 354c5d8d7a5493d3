"""Keep what suppression, correlation and people's own decisions need to remember."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Adds columns and tables; what is stored stays as it is."""
    _decisions_of_people()
    _withholding()
    _flapping()
    _priority()
    _storms()


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


def _flapping() -> None:
    """How long conditions used to be away before they came back."""
    op.add_column("alert", sa.Column("pauses", sa.Text(), nullable=True))


def _withholding() -> None:
    """Why an alert must not open an incident yet, and the windows that people plan."""
    op.add_column("alert", sa.Column("withheld", sa.Text(), nullable=True))
    op.add_column("occurrence", sa.Column("withheld", sa.Text(), nullable=True))
    op.add_column("occurrence", sa.Column("withheld_by", sa.Text(), nullable=True))
    op.add_column("occurrence", sa.Column("withheld_until", sa.BigInteger(), nullable=True))
    op.add_column("occurrence", sa.Column("withheld_source", sa.Text(), nullable=True))
    still = sa.text("withheld_by IS NOT NULL AND ended_at IS NULL")
    op.create_index(
        "occurrence_withheld",
        "occurrence",
        ["withheld_by", "withheld_until", "withheld_source"],
        sqlite_where=still,
        postgresql_where=still,
    )
    id_type = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "maintenance",
        sa.Column("id", id_type, nullable=False, autoincrement=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("customer", sa.Text(), nullable=False),
        sa.Column("matchers", sa.Text(), nullable=False),
        sa.Column("starts", sa.BigInteger(), nullable=False),
        sa.Column("length", sa.BigInteger(), nullable=False),
        sa.Column("repeat", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("over_at", sa.BigInteger(), nullable=True),
        sa.Column("cancelled_at", sa.BigInteger(), nullable=True),
        sa.Column("cancelled_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_index("maintenance_over", "maintenance", ["over_at"])


def _priority() -> None:
    """What priorities are made of, when the clock may change them, and what people set."""
    op.add_column("incident", sa.Column("stakes", sa.Text(), nullable=True))
    op.add_column("incident", sa.Column("review_at", sa.BigInteger(), nullable=True))
    op.add_column("incident", sa.Column("judgement", sa.Text(), nullable=True))
    living = sa.text("status IN ('open', 'acknowledged')")
    op.create_index(
        "incident_review",
        "incident",
        ["review_at"],
        sqlite_where=living,
        postgresql_where=living,
    )


def _storms() -> None:
    """What goes on at a customer, and what was overtaken by another that began in its midst; runs
    of alerts decide nothing any more.
    """
    op.add_column("incident", sa.Column("overtaken_by", sa.BigInteger(), nullable=True))
    op.add_column("occurrence", sa.Column("counted", sa.Text(), nullable=True))
    op.drop_index("incident_group", "incident")
    op.drop_column("incident", "burst_at")
    op.drop_column("incident", "before_at")
    lively = sa.text("status IN ('open', 'acknowledged', 'resolved')")
    op.create_index(
        "incident_lively",
        "incident",
        ["customer", "last_at"],
        sqlite_where=lively,
        postgresql_where=lively,
    )
