"""Receipts of requests that may be sent again."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the table."""
    op.create_table(
        "receipt",
        sa.Column("project", ID, nullable=False),
        sa.Column("account", ID, nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.LargeBinary(), nullable=False),
        sa.Column("response", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.id"], name=op.f("fk_receipt_account")),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name=op.f("fk_receipt_project")),
        sa.PrimaryKeyConstraint("project", "account", "client_id", name=op.f("pk_receipt")),
    )
