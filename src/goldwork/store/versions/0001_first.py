"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create every table."""
    op.create_table(
        "account",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("administrator", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_account")),
        sa.UniqueConstraint("email", name=op.f("uq_account_email")),
    )
    op.create_table(
        "project",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="open", nullable=False),
        sa.Column("form_version", sa.Integer(), nullable=False),
        sa.Column("guideline_version", sa.Integer(), nullable=False),
        sa.Column("policy_version", sa.Integer(), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("seq", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("head", sa.LargeBinary(), server_default=sa.text("''"), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("state IN ('open', 'paused', 'closed')", name=op.f("ck_project_state")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_project")),
    )
    op.create_table(
        "sign_in_attempt",
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("last_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("subject", name=op.f("pk_sign_in_attempt")),
    )
    op.create_table(
        "annotator",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("kind", sa.Text(), server_default="human", nullable=False),
        sa.Column("account", ID, nullable=True),
        sa.Column("project", ID, nullable=True),
        sa.Column("pseudonym", sa.Text(), nullable=False),
        sa.Column("notice_version", sa.Integer(), nullable=True),
        sa.Column("notice_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("kind IN ('human', 'model', 'gold')", name=op.f("ck_annotator_kind")),
        sa.ForeignKeyConstraint(["account"], ["account.id"], name=op.f("fk_annotator_account")),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name=op.f("fk_annotator_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_annotator")),
        sa.UniqueConstraint("account", name=op.f("uq_annotator_account")),
        sa.UniqueConstraint("project", "pseudonym", name=op.f("uq_annotator_project_pseudonym")),
    )
    op.create_index(
        "uq_annotator_pseudonym",
        "annotator",
        ["pseudonym"],
        unique=True,
        sqlite_where=sa.text("project IS NULL"),
        postgresql_where=sa.text("project IS NULL"),
    )
    op.create_table(
        "batch",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("project", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="staged", nullable=False),
        sa.Column("opened_through", ID, server_default="0", nullable=False),
        sa.Column("size", sa.Integer(), server_default="0", nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("published_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("state IN ('staged', 'published', 'cancelled')", name=op.f("ck_batch_state")),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name=op.f("fk_batch_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch")),
    )
    op.create_index("ix_batch_project", "batch", ["project"], unique=False)
    op.create_table(
        "consensus",
        sa.Column("project", ID, nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("item", ID, nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("confidence", sa.Float(), nullable=False),
        sa.Column("judgements", sa.Integer(), nullable=False),
        sa.Column("tie", sa.Boolean(), nullable=False),
        sa.Column("ambiguity", sa.Float(), nullable=True),
        sa.Column("votes", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name=op.f("fk_consensus_project")),
        sa.PrimaryKeyConstraint("project", "question", "item", name=op.f("pk_consensus")),
    )
    op.create_index("ix_consensus_confidence", "consensus", ["project", "question", "confidence", "item"], unique=False)
    op.create_index(
        "ix_consensus_external_id", "consensus", ["project", "question", "external_id", "item"], unique=False
    )
    op.create_index("ix_consensus_judgements", "consensus", ["project", "question", "judgements", "item"], unique=False)
    op.create_table(
        "decision",
        sa.Column("project", ID, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name=op.f("fk_decision_project")),
        sa.PrimaryKeyConstraint("project", "seq", "number", name=op.f("pk_decision")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "event",
        sa.Column("project", ID, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name=op.f("fk_event_project")),
        sa.PrimaryKeyConstraint("project", "seq", name=op.f("pk_event")),
    )
    op.create_table(
        "form",
        sa.Column("project", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name=op.f("fk_form_project")),
        sa.PrimaryKeyConstraint("project", "version", name=op.f("pk_form")),
    )
    op.create_table(
        "guideline",
        sa.Column("project", ID, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name=op.f("fk_guideline_project")),
        sa.PrimaryKeyConstraint("project", "version", name=op.f("pk_guideline")),
    )
    op.create_table(
        "job",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("project", ID, nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="waiting", nullable=False),
        sa.Column("phase", sa.Text(), server_default="", nullable=False),
        sa.Column("done", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=True),
        sa.Column("checkpoint", sa.Text(), nullable=True),
        sa.Column("cancel", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("leased_until", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.CheckConstraint("state IN ('waiting', 'running', 'done', 'failed', 'cancelled')", name=op.f("ck_job_state")),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name=op.f("fk_job_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
    )
    op.create_index("ix_job_project", "job", ["project"], unique=False)
    op.create_index(
        "ix_job_ready",
        "job",
        ["id"],
        unique=False,
        sqlite_where=sa.text("state IN ('waiting', 'running')"),
        postgresql_where=sa.text("state IN ('waiting', 'running')"),
    )
    op.create_index(
        "uq_job_snapshot",
        "job",
        ["project"],
        unique=True,
        sqlite_where=sa.text("kind = 'snapshot' AND state IN ('waiting', 'running')"),
        postgresql_where=sa.text("kind = 'snapshot' AND state IN ('waiting', 'running')"),
    )
    op.create_table(
        "member",
        sa.Column("project", ID, nullable=False),
        sa.Column("account", ID, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("joined_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("role IN ('manager', 'adjudicator', 'annotator')", name=op.f("ck_member_role")),
        sa.ForeignKeyConstraint(["account"], ["account.id"], name=op.f("fk_member_account")),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name=op.f("fk_member_project")),
        sa.PrimaryKeyConstraint("project", "account", name=op.f("pk_member")),
    )
    op.create_index("ix_member_account", "member", ["account"], unique=False)
    op.create_table(
        "project_state",
        sa.Column("project", ID, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name=op.f("fk_project_state_project")),
        sa.PrimaryKeyConstraint("project", name=op.f("pk_project_state")),
    )
    op.create_table(
        "snapshot",
        sa.Column("project", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("through_seq", sa.BigInteger(), nullable=False),
        sa.Column("took_ms", sa.Integer(), server_default="0", nullable=False),
        sa.Column("computed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name=op.f("fk_snapshot_project")),
        sa.PrimaryKeyConstraint("project", "name", name=op.f("pk_snapshot")),
    )
    op.create_table(
        "token",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("account", ID, nullable=True),
        sa.Column("project", ID, nullable=True),
        sa.Column("role", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("label", sa.Text(), server_default="", nullable=False),
        sa.Column("administrator", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=True),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("kind IN ('session', 'api', 'link')", name=op.f("ck_token_kind")),
        sa.ForeignKeyConstraint(["account"], ["account.id"], name=op.f("fk_token_account")),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name=op.f("fk_token_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_token")),
        sa.UniqueConstraint("hash", name=op.f("uq_token_hash")),
    )
    op.create_index("ix_token_account", "token", ["account"], unique=False)
    op.create_index("ix_token_project", "token", ["project"], unique=False)
    op.create_table(
        "annotator_state",
        sa.Column("project", ID, nullable=False),
        sa.Column("annotator", ID, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["annotator"], ["annotator.id"], name=op.f("fk_annotator_state_annotator")),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name=op.f("fk_annotator_state_project")),
        sa.PrimaryKeyConstraint("project", "annotator", name=op.f("pk_annotator_state")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "item",
        sa.Column("id", ID, autoincrement=True, nullable=False),
        sa.Column("project", ID, nullable=False),
        sa.Column("batch", ID, nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("priority", sa.Float(), server_default="0", nullable=False),
        sa.Column("shuffle", sa.Integer(), nullable=False),
        sa.Column("wanted", sa.Integer(), server_default="0", nullable=False),
        sa.Column("taken", sa.Integer(), server_default="0", nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.CheckConstraint("taken >= 0 AND wanted >= 0", name=op.f("ck_item_counts")),
        sa.ForeignKeyConstraint(["batch"], ["batch.id"], name=op.f("fk_item_batch")),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name=op.f("fk_item_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item")),
        sa.UniqueConstraint("project", "external_id", name=op.f("uq_item_project_external_id")),
    )
    op.create_index("ix_item_batch", "item", ["batch", "id"], unique=False)
    op.create_index(
        "ix_item_open",
        "item",
        ["project", "priority", "shuffle", "id"],
        unique=False,
        sqlite_where=sa.text("taken < wanted"),
        postgresql_where=sa.text("taken < wanted"),
    )
    op.create_table(
        "media",
        sa.Column("project", ID, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=True),
        sa.Column("height", sa.Integer(), nullable=True),
        sa.Column("batch", ID, nullable=True),
        sa.ForeignKeyConstraint(["batch"], ["batch.id"], name=op.f("fk_media_batch")),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name=op.f("fk_media_project")),
        sa.PrimaryKeyConstraint("project", "name", name=op.f("pk_media")),
    )
    op.create_index("ix_media_project_hash", "media", ["project", "hash"], unique=False)
    op.create_table(
        "assignment",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("project", ID, nullable=False),
        sa.Column("item", ID, nullable=False),
        sa.Column("annotator", ID, nullable=False),
        sa.Column("pass_number", sa.Integer(), server_default="0", nullable=False),
        sa.Column("purpose", sa.Text(), server_default="work", nullable=False),
        sa.Column("slot", sa.Integer(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("current", sa.BigInteger(), nullable=True),
        sa.Column("leased_at", sa.BigInteger(), nullable=False),
        sa.Column("leased_until", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "purpose IN ('work', 'gold', 'repeat', 'practice', 'adjudication', 'import')",
            name=op.f("ck_assignment_purpose"),
        ),
        sa.CheckConstraint("state IN ('leased', 'done', 'skipped', 'lapsed')", name=op.f("ck_assignment_state")),
        sa.ForeignKeyConstraint(["annotator"], ["annotator.id"], name=op.f("fk_assignment_annotator")),
        sa.ForeignKeyConstraint(["item"], ["item.id"], name=op.f("fk_assignment_item")),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name=op.f("fk_assignment_project")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment")),
        sa.UniqueConstraint("item", "annotator", "pass_number", name=op.f("uq_assignment_item_annotator_pass_number")),
    )
    op.create_index("ix_assignment_annotator", "assignment", ["annotator", "project"], unique=False)
    op.create_index(
        "ix_assignment_held",
        "assignment",
        ["project", "annotator", "leased_at"],
        unique=False,
        sqlite_where=sa.text("state = 'leased'"),
        postgresql_where=sa.text("state = 'leased'"),
    )
    op.create_index(
        "ix_assignment_lapsing",
        "assignment",
        ["project", "leased_until"],
        unique=False,
        sqlite_where=sa.text("state = 'leased'"),
        postgresql_where=sa.text("state = 'leased'"),
    )
    op.create_index(
        "uq_assignment_item_slot",
        "assignment",
        ["item", "slot"],
        unique=True,
        sqlite_where=sa.text("state IN ('leased', 'done')"),
        postgresql_where=sa.text("state IN ('leased', 'done')"),
    )
    op.create_table(
        "submit",
        sa.Column("project", ID, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("annotator", ID, nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.LargeBinary(), nullable=False),
        sa.Column("assignment", sa.Text(), nullable=False),
        sa.Column("item", ID, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("supersedes", sa.BigInteger(), nullable=True),
        sa.Column("form_version", sa.Integer(), nullable=False),
        sa.Column("guideline_version", sa.Integer(), nullable=False),
        sa.Column("seconds", sa.Float(), nullable=True),
        sa.Column("surplus", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("response", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=True),
        sa.Column("submitted_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("kind IN ('answer', 'skip', 'undo')", name=op.f("ck_submit_kind")),
        sa.ForeignKeyConstraint(["annotator"], ["annotator.id"], name=op.f("fk_submit_annotator")),
        sa.ForeignKeyConstraint(["assignment"], ["assignment.id"], name=op.f("fk_submit_assignment")),
        sa.ForeignKeyConstraint(["project"], ["project.id"], name=op.f("fk_submit_project")),
        sa.PrimaryKeyConstraint("project", "seq", name=op.f("pk_submit")),
        sa.UniqueConstraint("client_id", "annotator", name=op.f("uq_submit_client_id_annotator")),
        sa.UniqueConstraint("project", "supersedes", name=op.f("uq_submit_project_supersedes")),
    )
    op.create_index("ix_submit_annotator", "submit", ["project", "annotator", "submitted_at"], unique=False)
    op.create_table(
        "judgement",
        sa.Column("project", ID, nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["project", "seq"], ["submit.project", "submit.seq"], name=op.f("fk_judgement_project_seq")
        ),
        sa.PrimaryKeyConstraint("project", "seq", "question", name=op.f("pk_judgement")),
        sqlite_with_rowid=False,
    )
