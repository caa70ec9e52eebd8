"""Which model's judgement was suggested with an assignment, and whether it was shown."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the two columns; what was leased before was leased without a suggestion."""
    op.add_column("assignment", sa.Column("suggestion", sa.Text(), nullable=True))
    op.add_column("assignment", sa.Column("suggested", sa.BigInteger(), nullable=True))
