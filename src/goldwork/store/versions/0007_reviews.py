"""Reviews of texts by peers: assignments and submits with a subject, and how many reviews each text is due."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
BEFORE = "purpose IN ('work', 'gold', 'repeat', 'practice', 'adjudication', 'import')"
AFTER = BEFORE.replace(")", ", 'review')")


def upgrade() -> None:
    """Add the columns, the purpose, the indexes and the table."""
    for table in ("assignment", "submit"):
        op.add_column(table, sa.Column("subject", sa.BigInteger(), nullable=True))
    _allow_reviews()
    there = sa.text("subject IS NOT NULL")
    op.create_index(
        "uq_assignment_subject",
        "assignment",
        ["project", "subject", "annotator"],
        unique=True,
        sqlite_where=there,
        postgresql_where=there,
    )
    op.create_table(
        "review",
        sa.Column("project", ID, nullable=False),
        sa.Column("subject", sa.BigInteger(), nullable=False),
        sa.Column("item", ID, nullable=False),
        sa.Column("author", ID, nullable=False),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), server_default="0", nullable=False),
        sa.CheckConstraint("taken >= 0 AND wanted >= 0", name=op.f("ck_review_counts")),
        sa.ForeignKeyConstraint(["author"], ["annotator.id"], name=op.f("fk_review_author")),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name=op.f("fk_review_project")),
        sa.PrimaryKeyConstraint("project", "subject", name=op.f("pk_review")),
        sqlite_with_rowid=False,
    )
    due = sa.text("taken < wanted")
    op.create_index("ix_review_due", "review", ["project", "subject", "author"], sqlite_where=due, postgresql_where=due)


def _allow_reviews() -> None:
    """Let assignments have the new purpose.

    SQLite knows no other way than to copy the table, which rows refer to, or to change the schema's text: by its own
    documentation right for a change that leaves what is stored as it is (https://sqlite.org/lang_altertable.html).
    """
    if op.get_context().dialect.name != "sqlite":
        op.drop_constraint(op.f("ck_assignment_purpose"), "assignment", type_="check")
        op.create_check_constraint(op.f("ck_assignment_purpose"), "assignment", AFTER)
        return
    run = op.get_bind().exec_driver_sql
    version = run("PRAGMA schema_version").scalar_one()
    run("PRAGMA writable_schema = ON")
    run("UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = 'assignment'",
        (BEFORE, AFTER))  # fmt: skip
    run(f"PRAGMA schema_version = {version + 1}")
    run("PRAGMA writable_schema = OFF")
