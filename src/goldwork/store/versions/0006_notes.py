"""Notes for the guideline from whoever settles items; by how many experts a consensus was settled."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the table, the column, and the index by which what is adjudicated is found."""
    op.create_table(
        "guideline_note",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("project", ID, nullable=False),
        sa.Column("item", ID, nullable=False),
        sa.Column("by_account", ID, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("done_at", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["by_account"], ["account.id"], name=op.f("fk_guideline_note_by_account")),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name=op.f("fk_guideline_note_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_guideline_note")),
    )
    op.create_index("ix_guideline_note_project", "guideline_note", ["project", "done_at"], unique=False)
    op.create_index("ix_guideline_note_item", "guideline_note", ["item"], unique=False)
    op.create_index(
        "ix_assignment_adjudication",
        "assignment",
        ["project", "item"],
        unique=False,
        sqlite_where=sa.text("purpose = 'adjudication'"),
        postgresql_where=sa.text("purpose = 'adjudication'"),
    )
    op.add_column("consensus", sa.Column("settled", sa.Integer(), server_default="0", nullable=False))
