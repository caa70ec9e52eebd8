"""Reward models, candidates, what policies choose of them, and the blind comparisons of these."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "reward_model",
        sa.Column("project", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("through_seq", sa.BigInteger(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name=op.f("fk_reward_model_project")),
        sa.PrimaryKeyConstraint("project", "version", name=op.f("pk_reward_model")),
    )
    op.create_table(
        "candidates",
        sa.Column("project", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("prompts", sa.Integer(), nullable=False),
        sa.Column("responses", sa.Integer(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name=op.f("fk_candidates_project")),
        sa.PrimaryKeyConstraint("project", "version", name=op.f("pk_candidates")),
    )
    op.create_table(
        "chosen",
        sa.Column("project", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("model", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name=op.f("fk_chosen_project")),
        sa.ForeignKeyConstraint(
            ["project", "model"],
            ["reward_model.project", "reward_model.version"],
            name=op.f("fk_chosen_model"),
        ),
        sa.PrimaryKeyConstraint("project", "version", name=op.f("pk_chosen")),
    )
    op.create_table(
        "blind",
        sa.Column("project", ID, autoincrement=False, nullable=False),
        sa.Column("parent", ID, nullable=False),
        sa.Column("policy", sa.Integer(), nullable=False),
        sa.Column("through_seq", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["parent"], ["project.id"], name=op.f("fk_blind_parent")),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name=op.f("fk_blind_project")),
        sa.PrimaryKeyConstraint("project", name=op.f("pk_blind")),
        sa.UniqueConstraint("parent", "policy", name=op.f("uq_blind_parent_policy")),
    )
