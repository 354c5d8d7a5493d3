"""Keep what suppression, correlation and people's own decisions need to remember."""

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Adds columns and tables; what is stored stays as it is."""
