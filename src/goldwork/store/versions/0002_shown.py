"""What stood where on the screen, and whether a suggestion was shown, with every submit."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the two columns; what was submitted before has neither."""
    op.add_column("submit", sa.Column("shown", sa.Text(), nullable=True))
    op.add_column("submit", sa.Column("suggestion", sa.Text(), nullable=True))
