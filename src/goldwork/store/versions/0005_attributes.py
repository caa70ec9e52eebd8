"""What projects ask people about themselves, and what these said."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

Id = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the two tables."""
    op.create_table(
        "attribute",
        sa.Column("id", Id, autoincrement=True, nullable=False),
        sa.Column("project", Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name="fk_attribute_project"),
        sa.PrimaryKeyConstraint("id", name="pk_attribute"),
        sa.UniqueConstraint("project", "name", name="uq_attribute_project_name"),
    )
    op.create_table(
        "attribute_answer",
        sa.Column("attribute", Id, nullable=False),
        sa.Column("annotator", Id, nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("consented_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["attribute"], ["attribute.id"], name="fk_attribute_answer_attribute"),
        sa.ForeignKeyConstraint(["annotator"], ["annotator.id"], name="fk_attribute_answer_annotator"),
        sa.PrimaryKeyConstraint("attribute", "annotator", name="pk_attribute_answer"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_attribute_answer_annotator", "attribute_answer", ["annotator"])
