"""Versions of a project's model, the order that it puts items in, and second looks at labels."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the columns, the indexes and the tables."""
    op.add_column("project", sa.Column("ranking", sa.Integer(), server_default="0", nullable=False))
    op.add_column("item", sa.Column("rank", sa.Integer(), server_default="0", nullable=False))
    op.drop_index("ix_item_open", "item")
    for name, columns, where in (
        ("ix_item_open", ["project", "priority", "rank", "shuffle", "id"], sa.text("taken < wanted")),
        ("ix_item_ranked", ["project", "id"], sa.text("rank < 0")),
    ):
        op.create_index(name, "item", columns, sqlite_where=where, postgresql_where=where)
    op.create_table(
        "model",
        sa.Column("project", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("through_seq", sa.BigInteger(), nullable=False),
        sa.Column("judgements", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("said", sa.LargeBinary(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name=op.f("fk_model_project")),
        sa.PrimaryKeyConstraint("project", "version", name=op.f("pk_model")),
    )
    op.create_table(
        "second_look",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("project", ID, nullable=False),
        sa.Column("item", ID, nullable=False),
        sa.Column("by_account", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("more", sa.Integer(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('confirmed', 'fixed', 'dismissed', 'asked', 'undone')", name=op.f("ck_second_look_kind")
        ),
        sa.ForeignKeyConstraint(["by_account"], ["account.id"], name=op.f("fk_second_look_by_account")),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name=op.f("fk_second_look_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_second_look")),
    )
    op.create_index("ix_second_look_item", "second_look", ["project", "item"])
