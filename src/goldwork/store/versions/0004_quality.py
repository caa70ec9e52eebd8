"""What the quality engine keeps: states of items, gold with its votes and results, placements, rulings."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Add the tables and columns. A project that is there gets a secret of its own."""
    op.add_column("project", sa.Column("secret", sa.LargeBinary(), server_default=sa.text("''"), nullable=False))
    op.create_table(
        "gold",
        sa.Column("project", ID, nullable=False),
        sa.Column("item", ID, autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("answers", sa.Text(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("stratum", sa.Text(), server_default="", nullable=False),
        sa.Column("drawn", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("shown", sa.Integer(), server_default="0", nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('gold', 'trap', 'training')", name=op.f("ck_gold_kind")),
        sa.CheckConstraint("state IN ('draft', 'active', 'split', 'retired')", name=op.f("ck_gold_state")),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name=op.f("fk_gold_project")),
        sa.PrimaryKeyConstraint("item", name=op.f("pk_gold")),
    )
    op.create_index("ix_gold_next", "gold", ["project", "state", "kind", "stratum", "shown", "item"], unique=False)
    op.create_table(
        "gold_vote",
        sa.Column("project", ID, nullable=False),
        sa.Column("item", ID, nullable=False),
        sa.Column("account", ID, nullable=False),
        sa.Column("answers", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["account.id"], name=op.f("fk_gold_vote_account")),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name=op.f("fk_gold_vote_project")),
        sa.PrimaryKeyConstraint("item", "account", name=op.f("pk_gold_vote")),
    )
    op.create_index("ix_gold_vote_project", "gold_vote", ["project"], unique=False)
    op.create_table(
        "item_state",
        sa.Column("project", ID, nullable=False),
        sa.Column("item", ID, autoincrement=False, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("sure", sa.Integer(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "status IN ('open', 'complete', 'adjudicate', 'audit', 'settled')", name=op.f("ck_item_state_status")
        ),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name=op.f("fk_item_state_project")),
        sa.PrimaryKeyConstraint("item", name=op.f("pk_item_state")),
    )
    op.create_index(
        "ix_item_state_waiting",
        "item_state",
        ["project", "status", "sure"],
        unique=False,
        sqlite_where=sa.text("status IN ('adjudicate', 'audit')"),
        postgresql_where=sa.text("status IN ('adjudicate', 'audit')"),
    )
    op.create_table(
        "gold_result",
        sa.Column("project", ID, nullable=False),
        sa.Column("annotator", ID, nullable=False),
        sa.Column("item", ID, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("stratum", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["annotator"], ["annotator.id"], name=op.f("fk_gold_result_annotator")),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name=op.f("fk_gold_result_project")),
        sa.PrimaryKeyConstraint("project", "annotator", "item", name=op.f("pk_gold_result")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_gold_result_item", "gold_result", ["project", "item"], unique=False)
    op.create_table(
        "placement",
        sa.Column("project", ID, nullable=False),
        sa.Column("annotator", ID, nullable=False),
        sa.Column("given", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("body", sa.Text(), server_default=sa.text("'{}'"), nullable=False),
        sa.ForeignKeyConstraint(["annotator"], ["annotator.id"], name=op.f("fk_placement_annotator")),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name=op.f("fk_placement_project")),
        sa.PrimaryKeyConstraint("project", "annotator", name=op.f("pk_placement")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "ruling",
        sa.Column("project", ID, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("about_seq", sa.BigInteger(), nullable=False),
        sa.Column("about_number", sa.Integer(), nullable=False),
        sa.Column("annotator", ID, nullable=True),
        sa.Column("by_account", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), server_default="", nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('appeal', 'upheld', 'overruled', 'noted')", name=op.f("ck_ruling_kind")),
        sa.ForeignKeyConstraint(["annotator"], ["annotator.id"], name=op.f("fk_ruling_annotator")),
        sa.ForeignKeyConstraint(["by_account"], ["account.id"], name=op.f("fk_ruling_by_account")),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name=op.f("fk_ruling_project")),
        sa.PrimaryKeyConstraint("project", "seq", name=op.f("pk_ruling")),
    )
    op.create_index("ix_decision_subject", "decision", ["project", "subject", "seq"], unique=False)
    people = "kind IN ('warn', 'quarantine', 'propose', 'restored', 'watch', 'qualified', 'unqualified')"
    for name, table, where in (("people", "decision", people), ("rules", "event", "kind IN ('policy', 'gold')")):
        op.create_index(
            f"ix_{table}_{name}",
            table,
            ["project", "seq"],
            unique=False,
            sqlite_where=sa.text(where),
            postgresql_where=sa.text(where),
        )
    op.create_index("ix_ruling_about", "ruling", ["project", "about_seq", "about_number"], unique=False)
    op.add_column("assignment", sa.Column("place", sa.BigInteger(), nullable=True))
    op.add_column("submit", sa.Column("said", sa.Text(), nullable=True))
    connection = op.get_bind()
    project = sa.table("project", sa.column("id", sa.BigInteger), sa.column("secret", sa.LargeBinary))
    for row in connection.execute(sa.select(project.c.id)).all():
        connection.execute(project.update().where(project.c.id == row.id).values(secret=secrets.token_bytes(16)))
