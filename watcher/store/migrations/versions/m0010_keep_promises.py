"""Measure promises of service: know of each incident how it went, and what was history."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

OF_HISTORY = sa.text("""
UPDATE incident SET course = :course
WHERE number IN (SELECT incident FROM entry WHERE reason LIKE :reason)
""").bindparams(
    course='{"peaks":[],"breaks":[],"history":true}',
    reason='{"rule":"history"%',
)


def upgrade() -> None:
    """Adds a column, and marks what was taken from the history of a source or from old tickets."""
    op.add_column("incident", sa.Column("course", sa.Text))
    op.execute(OF_HISTORY)
