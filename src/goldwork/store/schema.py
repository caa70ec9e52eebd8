"""The tables, and the constraints that keep the promises.

One schema for SQLite and PostgreSQL. Times are whole milliseconds since 1970 UTC. Submits, judgements, events and
decisions are append-only. A column marked *projection* can be derived from append-only rows; it is written in the
same transaction as they are and recomputed by `goldwork check`.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = BigInteger().with_variant(Integer, "sqlite")
"""SQLite gives a table its row number as key only for INTEGER."""


def _key() -> Column[int]:
    return Column("id", Id, primary_key=True, autoincrement=True)


def _ref(target: str, name: str | None = None, **options: Any) -> Column[int]:
    return Column(name or target, Id, ForeignKey(f"{target}.id"), **{"nullable": False} | options)


def _time(name: str, **options: Any) -> Column[int]:
    return Column(name, BigInteger, **options)


def _one_of(column: str, *values: str) -> CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


# People. Personal data lives in `account`, and in `attribute_answer` what somebody said of themselves: erase these and
# the judgements stay.

account = Table(
    "account",
    metadata,
    _key(),
    Column("email", Text, unique=True),
    Column("name", Text, nullable=False),
    Column("password_hash", Text),
    Column("administrator", Boolean, nullable=False, server_default=text("false")),
    Column("active", Boolean, nullable=False, server_default=text("true")),
    _time("created_at", nullable=False),
)

token = Table(
    "token",
    metadata,
    _key(),
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("kind", Text, nullable=False),
    _ref("account", nullable=True),
    _ref("project", nullable=True),
    Column("role", Text),
    Column("email", Text),
    Column("label", Text, nullable=False, server_default=""),
    Column("administrator", Boolean, nullable=False, server_default=text("false")),
    _time("created_at", nullable=False),
    _time("expires_at"),
    _time("used_at"),
    _one_of("kind", "session", "api", "link"),
    Index("ix_token_account", "account"),
    Index("ix_token_project", "project"),
)
"""Sessions, API tokens and one-time links, by hash alone. A link has `used_at` once it was used, the others when
they were last. What is revoked is deleted."""

sign_in_attempt = Table(
    "sign_in_attempt",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("failures", Integer, nullable=False),
    _time("last_at", nullable=False),
)
"""Failed sign-ins by hashed e-mail address or client address, for the back-off; removed after a day."""

annotator = Table(
    "annotator",
    metadata,
    _key(),
    Column("kind", Text, nullable=False, server_default="human"),
    _ref("account", nullable=True, unique=True),
    _ref("project", nullable=True),
    Column("pseudonym", Text, nullable=False),
    Column("notice_version", Integer),
    _time("notice_at"),
    _one_of("kind", "human", "model", "gold"),
    UniqueConstraint("project", "pseudonym"),
    Index(
        "uq_annotator_pseudonym",
        "pseudonym",
        unique=True,
        sqlite_where=text("project IS NULL"),
        postgresql_where=text("project IS NULL"),
    ),
)
"""Who judges. One that came with imported judgements belongs to that `project` and has no account."""

# Projects.

project = Table(
    "project",
    metadata,
    _key(),
    Column("name", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="open"),
    Column("form_version", Integer, nullable=False),
    Column("guideline_version", Integer, nullable=False),
    Column("policy_version", Integer, nullable=False),
    Column("policy", Text, nullable=False),
    Column("seq", BigInteger, nullable=False, server_default="0"),
    Column("head", LargeBinary, nullable=False, server_default=text("''")),
    Column("secret", LargeBinary, nullable=False, server_default=text("''")),
    Column("ranking", Integer, nullable=False, server_default="0"),
    _time("created_at", nullable=False),
    _one_of("state", "open", "paused", "closed"),
)
"""`seq` and `head` (the chain's last hash) are projections of `event`; `policy` of its last policy event (JSON).
`secret` keys what is drawn by lot and must not be foreseen, and the codes of answers in the log. `ranking` counts how
often the ranks of its items were written anew."""

form = Table(
    "form",
    metadata,
    _ref("project"),
    Column("version", Integer, nullable=False),
    Column("body", Text, nullable=False),
    _time("created_at", nullable=False),
    PrimaryKeyConstraint("project", "version"),
)

guideline = Table(
    "guideline",
    metadata,
    _ref("project"),
    Column("version", Integer, nullable=False),
    Column("body", Text, nullable=False),
    _time("created_at", nullable=False),
    PrimaryKeyConstraint("project", "version"),
)

member = Table(
    "member",
    metadata,
    _ref("project"),
    _ref("account"),
    Column("role", Text, nullable=False),
    _time("joined_at", nullable=False),
    PrimaryKeyConstraint("project", "account"),
    _one_of("role", "manager", "adjudicator", "annotator"),
    Index("ix_member_account", "account"),
)

attribute = Table(
    "attribute",
    metadata,
    _key(),
    _ref("project"),
    Column("name", Text, nullable=False),
    Column("question", Text, nullable=False),
    Column("options", Text, nullable=False),
    Column("why", Text, nullable=False),
    _time("created_at", nullable=False),
    UniqueConstraint("project", "name"),
)
"""What a project asks people about themselves, who may say nothing. `options` is JSON. A row never changes: whoever
agreed, agreed to this question and this reason."""

attribute_answer = Table(
    "attribute_answer",
    metadata,
    _ref("attribute"),
    _ref("annotator"),
    Column("value", Text, nullable=False),
    _time("consented_at", nullable=False),
    PrimaryKeyConstraint("attribute", "annotator"),
    Index("ix_attribute_answer_annotator", "annotator"),
    sqlite_with_rowid=False,
)
"""What somebody said of themselves, with consent. A refusal leaves no row, a withdrawal removes it; nothing of it is in
the log."""

# Items.

batch = Table(
    "batch",
    metadata,
    _key(),
    _ref("project"),
    Column("name", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="staged"),
    Column("opened_through", Id, nullable=False, server_default="0"),
    Column("size", Integer, nullable=False, server_default="0"),
    _time("created_at", nullable=False),
    _time("published_at"),
    _one_of("state", "staged", "published", "cancelled"),
    Index("ix_batch_project", "project"),
)
"""Items of a published batch are opened in chunks, in the order of their ids, up to `opened_through`."""

item = Table(
    "item",
    metadata,
    _key(),
    _ref("project"),
    _ref("batch"),
    Column("external_id", Text, nullable=False),
    Column("priority", Float, nullable=False, server_default="0"),
    Column("shuffle", Integer, nullable=False),
    Column("wanted", Integer, nullable=False, server_default="0"),
    Column("taken", Integer, nullable=False, server_default="0"),
    Column("rank", Integer, nullable=False, server_default="0"),
    Column("payload", Text, nullable=False),
    UniqueConstraint("project", "external_id"),
    Index("ix_item_batch", "batch", "id"),
    Index(
        "ix_item_open",
        "project",
        "priority",
        "rank",
        "shuffle",
        "id",
        sqlite_where=text("taken < wanted"),
        postgresql_where=text("taken < wanted"),
    ),
    Index("ix_item_ranked", "project", "id", sqlite_where=text("rank < 0"), postgresql_where=text("rank < 0")),
    CheckConstraint("taken >= 0 AND wanted >= 0", name="counts"),
)
"""`wanted` (slots that the engine opened) and `taken` (slots leased or done) are projections. `rank` puts what a model
chose before the rest, the smaller the sooner: no more than an order, which is in no log and may be cleared at any time.
`payload` stands last: SQLite reads a row's columns in their order, and a long text's pages with them."""

media = Table(
    "media",
    metadata,
    _ref("project"),
    Column("name", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("bytes", BigInteger, nullable=False),
    Column("width", Integer),
    Column("height", Integer),
    _ref("batch", nullable=True),
    PrimaryKeyConstraint("project", "name"),
    Index("ix_media_project_hash", "project", "hash"),
)
"""Which stored file (by content hash, in the home's media folder) a name means in a project. An image that came
inside an import goes with its `batch` when that is cancelled."""

# Work.

assignment = Table(
    "assignment",
    metadata,
    Column("id", Text, primary_key=True),
    _ref("project"),
    _ref("item"),
    _ref("annotator"),
    Column("pass_number", Integer, nullable=False, server_default="0"),
    Column("purpose", Text, nullable=False, server_default="work"),
    Column("slot", Integer),
    Column("state", Text, nullable=False),
    Column("current", BigInteger),
    _time("leased_at", nullable=False),
    _time("leased_until", nullable=False),
    Column("suggestion", Text),
    Column("suggested", BigInteger),
    Column("place", BigInteger),
    Column("subject", BigInteger),
    UniqueConstraint("item", "annotator", "pass_number"),
    Index(
        "uq_assignment_item_slot",
        "item",
        "slot",
        unique=True,
        sqlite_where=text("state IN ('leased', 'done')"),
        postgresql_where=text("state IN ('leased', 'done')"),
    ),
    Index("ix_assignment_annotator", "annotator", "project"),
    Index("ix_assignment_held", "project", "annotator", "leased_at", sqlite_where=text("state = 'leased'"),
          postgresql_where=text("state = 'leased'")),
    Index("ix_assignment_lapsing", "project", "leased_until", sqlite_where=text("state = 'leased'"),
          postgresql_where=text("state = 'leased'")),
    Index("ix_assignment_adjudication", "project", "item", sqlite_where=text("purpose = 'adjudication'"),
          postgresql_where=text("purpose = 'adjudication'")),
    Index("uq_assignment_subject", "project", "subject", "annotator", unique=True,
          sqlite_where=text("subject IS NOT NULL"), postgresql_where=text("subject IS NOT NULL")),
    _one_of("purpose", "work", "gold", "repeat", "practice", "adjudication", "import", "review"),
    _one_of("state", "leased", "done", "skipped", "lapsed"),
)  # fmt: skip
"""Ids are random. `current` is the seq of the submit in force (projection). Surplus, gold and models have no slot.
`suggested`: the seq of a model's submit that was suggested, drawn when the item was first leased; `suggestion`: whether
it is shown or hidden. `place`: which of all that were given to this annotator. `pass_number`: 0 for an item of
work, gold or training, 1 for its repeat, 2 for its adjudication. `subject`: the submit that is reviewed. A review is
pass 0 for whoever never had the item, so that they can be given it for nothing else; for others it is from 3 on."""

review = Table(
    "review",
    metadata,
    _ref("project"),
    Column("subject", BigInteger, nullable=False),
    Column("item", Id, nullable=False),
    _ref("annotator", "author"),
    Column("wanted", Integer, nullable=False),
    Column("taken", Integer, nullable=False, server_default="0"),
    PrimaryKeyConstraint("project", "subject"),
    Index("ix_review_due", "project", "subject", "author", sqlite_where=text("taken < wanted"),
          postgresql_where=text("taken < wanted")),
    CheckConstraint("taken >= 0 AND wanted >= 0", name="counts"),
    sqlite_with_rowid=False,
)  # fmt: skip
"""Texts that peers review, by the seq of their submit: how many reviews are due, and how many are leased or done.
Projections of items' states and of assignments."""

submit = Table(
    "submit",
    metadata,
    _ref("project"),
    Column("seq", BigInteger, nullable=False),
    _ref("annotator"),
    Column("client_id", Text, nullable=False),
    Column("body_hash", LargeBinary, nullable=False),
    Column("assignment", Text, ForeignKey("assignment.id"), nullable=False),
    Column("item", Id, nullable=False),
    Column("kind", Text, nullable=False),
    Column("supersedes", BigInteger),
    Column("form_version", Integer, nullable=False),
    Column("guideline_version", Integer, nullable=False),
    Column("seconds", Float),
    Column("surplus", Boolean, nullable=False, server_default=text("false")),
    Column("shown", Text),
    Column("suggestion", Text),
    Column("said", Text),
    Column("subject", BigInteger),
    Column("response", Text, nullable=False),
    Column("salt", LargeBinary),
    _time("submitted_at", nullable=False),
    PrimaryKeyConstraint("project", "seq"),
    UniqueConstraint("client_id", "annotator"),
    UniqueConstraint("project", "supersedes"),
    Index("ix_submit_annotator", "project", "annotator", "submitted_at"),
    _one_of("kind", "answer", "skip", "undo"),
)
"""Append-only. `shown`: by question, the order in which fields stood on the screen, as JSON. `suggestion`: whether a
model's answer was shown beforehand or hidden; null where there was none. `body_hash` tells a retry from another body
under the same client's id. `supersedes` is the seq of the assignment's submit that this one replaces. `salt` hides
the answers in the event's digest; erasure drops it. `item` is the assignment's; it refers to no row, for then every
item removed with a cancelled import would be looked for in all submits. `said`: by question the code of the answer,
as the engine reads it (JSON). `subject`: the assignment's, of a review."""

judgement = Table(
    "judgement",
    metadata,
    Column("project", Id, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("question", Text, nullable=False),
    Column("value", Text, nullable=False),
    PrimaryKeyConstraint("project", "seq", "question"),
    ForeignKeyConstraint(["project", "seq"], ["submit.project", "submit.seq"]),
    sqlite_with_rowid=False,
)
"""Append-only: the answers of the submit with that seq. `value` is canonical JSON."""

# The engine.

RULES = "kind IN ('policy', 'gold')"
"""The few events that say what is measured against what."""

event = Table(
    "event",
    metadata,
    _ref("project"),
    Column("seq", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    _time("at", nullable=False),
    PrimaryKeyConstraint("project", "seq"),
    Index("ix_event_rules", "project", "seq", sqlite_where=text(RULES), postgresql_where=text(RULES)),
)
"""The engine's log and the audit trail. Append-only; `hash` chains every body to the one before."""

ABOUT_PEOPLE = "kind IN ('warn', 'quarantine', 'propose', 'restored', 'watch', 'qualified', 'unqualified')"
"""The few decisions that are about somebody, among those about items."""

decision = Table(
    "decision",
    metadata,
    _ref("project"),
    Column("seq", BigInteger, nullable=False),
    Column("number", Integer, nullable=False),
    Column("kind", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("body", Text, nullable=False),
    PrimaryKeyConstraint("project", "seq", "number"),
    Index("ix_decision_subject", "subject", "seq"),
    Index("ix_decision_people", "project", "seq", sqlite_where=text(ABOUT_PEOPLE), postgresql_where=text(ABOUT_PEOPLE)),
    sqlite_with_rowid=False,
)

annotator_state = Table(
    "annotator_state",
    metadata,
    _ref("project"),
    _ref("annotator"),
    Column("body", Text, nullable=False),
    PrimaryKeyConstraint("project", "annotator"),
    sqlite_with_rowid=False,
)

item_state = Table(
    "item_state",
    metadata,
    _ref("project"),
    Column("item", Id, primary_key=True, autoincrement=False),
    Column("status", Text, nullable=False),
    Column("sure", Integer),
    Column("body", Text, nullable=False),
    Index("ix_item_state_waiting", "project", "status", "sure",
          sqlite_where=text("status IN ('adjudicate', 'audit')"),
          postgresql_where=text("status IN ('adjudicate', 'audit')")),
    _one_of("status", "open", "complete", "adjudicate", "audit", "settled"),
)  # fmt: skip
"""What the engine knows of an item that has answers; `sure`: how sure its answer is, in millionths."""

project_state = Table(
    "project_state",
    metadata,
    _ref("project"),
    Column("body", Text, nullable=False),
    PrimaryKeyConstraint("project"),
)

# Gold, and what people say of decisions.

gold = Table(
    "gold",
    metadata,
    _ref("project"),
    Column("item", Id, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("answers", Text, nullable=False, server_default=text("'{}'")),
    Column("reason", Text, nullable=False, server_default=""),
    Column("stratum", Text, nullable=False, server_default=""),
    Column("drawn", Boolean, nullable=False, server_default=text("false")),
    Column("shown", Integer, nullable=False, server_default="0"),
    Column("why", Text, nullable=False, server_default=""),
    _time("created_at", nullable=False),
    Column("source", Id),
    Index("ix_gold_next", "project", "state", "kind", "stratum", "shown", "item"),
    _one_of("kind", "gold", "trap", "training"),
    _one_of("state", "draft", "active", "split", "retired"),
)
"""Items whose acceptable answers are known: `answers` by question, a list each (JSON); `reason` is told with training
items; `stratum` balances what is shown; `drawn`: one of a simple random sample, from which calibration learns.
`shown` counts the people it was given to (projection of assignments). `why` it was retired. `source`: the item of
which a trap was made."""

gold_vote = Table(
    "gold_vote",
    metadata,
    _ref("project"),
    Column("item", Id, nullable=False),
    _ref("account"),
    Column("answers", Text, nullable=False),
    Column("reason", Text, nullable=False, server_default=""),
    _time("at", nullable=False),
    PrimaryKeyConstraint("item", "account"),
    Index("ix_gold_vote_project", "project"),
)
"""What an expert holds to be the answer of a draft, blind to the other's."""

gold_result = Table(
    "gold_result",
    metadata,
    _ref("project"),
    _ref("annotator"),
    Column("item", Id, nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("score", Integer, nullable=False),
    Column("stratum", Text, nullable=False),
    PrimaryKeyConstraint("project", "annotator", "item"),
    Index("ix_gold_result_item", "project", "item"),
    sqlite_with_rowid=False,
)
"""The gold results that count (projection of the log): the first answer of an annotator to a gold item."""

placement = Table(
    "placement",
    metadata,
    _ref("project"),
    _ref("annotator"),
    Column("given", BigInteger, nullable=False, server_default="0"),
    Column("body", Text, nullable=False, server_default=text("'{}'")),
    PrimaryKeyConstraint("project", "annotator"),
    sqlite_with_rowid=False,
)
"""How many assignments an annotator was given, and where in the present blocks gold and audits stand (JSON)."""

ruling = Table(
    "ruling",
    metadata,
    _ref("project"),
    Column("seq", BigInteger, nullable=False),
    Column("about_seq", BigInteger, nullable=False),
    Column("about_number", Integer, nullable=False),
    _ref("annotator", nullable=True),
    _ref("account", "by_account"),
    Column("kind", Text, nullable=False),
    Column("action", Text, nullable=False, server_default=""),
    Column("text", Text, nullable=False),
    _time("at", nullable=False),
    PrimaryKeyConstraint("project", "seq"),
    Index("ix_ruling_about", "project", "about_seq", "about_number"),
    _one_of("kind", "appeal", "upheld", "overruled", "noted"),
)
"""What people say of a decision, with their words: an appeal by whom it is about, a ruling by a named person."""

guideline_note = Table(
    "guideline_note",
    metadata,
    _key(),
    _ref("project"),
    Column("item", Id, nullable=False),
    _ref("account", "by_account"),
    Column("text", Text, nullable=False),
    _time("at", nullable=False),
    _time("done_at"),
    Index("ix_guideline_note_project", "project", "done_at"),
    Index("ix_guideline_note_item", "item"),
)
"""What somebody who settled an item wants the guideline to say, until `done_at`."""

receipt = Table(
    "receipt",
    metadata,
    _ref("project"),
    _ref("account"),
    Column("client_id", Text, nullable=False),
    Column("body_hash", LargeBinary, nullable=False),
    Column("response", Text, nullable=False),
    _time("at", nullable=False),
    PrimaryKeyConstraint("project", "account", "client_id"),
)
"""What was asked for under an id of the client's own, and how it was answered: sent again, it is not done again."""

# The model in the loop.

model = Table(
    "model",
    metadata,
    _ref("project"),
    Column("version", Integer, nullable=False),
    _time("made_at", nullable=False),
    Column("through_seq", BigInteger, nullable=False),
    Column("judgements", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("said", LargeBinary, nullable=False),
    Column("content", LargeBinary),
    PrimaryKeyConstraint("project", "version"),
)
"""Every version of a project's model: on how many `judgements` it was fitted, what it used and how good it was (JSON);
`said`: the class that it gave to each item of the evaluation slice; `content`: the model itself, of the latest few."""

second_look = Table(
    "second_look",
    metadata,
    _key(),
    _ref("project"),
    Column("item", Id, nullable=False),
    _ref("account", "by_account"),
    Column("kind", Text, nullable=False),
    Column("more", Integer, nullable=False),
    Column("seq", BigInteger, nullable=False),
    _time("at", nullable=False),
    Index("ix_second_look_item", "project", "item"),
    _one_of("kind", "confirmed", "fixed", "dismissed", "asked", "undone"),
)
"""Append-only: what an expert made of a label that a model holds to be wrong, or that the last of it was taken back;
`more`: judgements that were asked for; `seq`: where the log stood then."""

# From comparisons to a reward model, a better policy, and back to people.

reward_model = Table(
    "reward_model",
    metadata,
    _ref("project"),
    Column("version", Integer, nullable=False),
    _time("made_at", nullable=False),
    Column("through_seq", BigInteger, nullable=False),
    Column("question", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    PrimaryKeyConstraint("project", "version"),
)
"""Reward models trained on a project's comparisons through a seq: `body` is the evaluation (JSON), `content` the model
as `goldwork reward score` reads it. Nothing in it is code."""

candidates = Table(
    "candidates",
    metadata,
    _ref("project"),
    Column("version", Integer, nullable=False),
    Column("name", Text, nullable=False),
    _time("made_at", nullable=False),
    Column("prompts", Integer, nullable=False),
    Column("responses", Integer, nullable=False),
    Column("content", LargeBinary, nullable=False),
    PrimaryKeyConstraint("project", "version"),
)
"""Stored responses from which policies choose: `content` is JSON of them by prompt, packed by gzip."""

chosen = Table(
    "chosen",
    metadata,
    _ref("project"),
    Column("version", Integer, nullable=False),
    Column("model", Integer, nullable=False),
    _time("made_at", nullable=False),
    Column("body", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    PrimaryKeyConstraint("project", "version"),
    ForeignKeyConstraint(
        ["project", "model"], ["reward_model.project", "reward_model.version"], name="fk_chosen_model"
    ),
)
"""Policies: by prompt the old response and what a reward model chose instead (`content`, JSON by gzip); `body`: how,
and how far that moved (JSON)."""

blind = Table(
    "blind",
    metadata,
    _ref("project", primary_key=True, autoincrement=False),
    _ref("project", "parent"),
    Column("policy", Integer, nullable=False),
    Column("through_seq", BigInteger, nullable=False),
    _time("made_at", nullable=False),
    Column("content", LargeBinary, nullable=False),
    UniqueConstraint("parent", "policy"),
)
"""Projects that compare a policy of the `parent` with what it replaces, blind: which field of an item is the new one
stands in `content` (JSON by gzip) and nowhere in the project itself. Whoever judged the parent's pairs through
`through_seq` is given nothing here."""

# Work in the background.

job = Table(
    "job",
    metadata,
    _key(),
    _ref("project", nullable=True),
    Column("kind", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="waiting"),
    Column("phase", Text, nullable=False, server_default=""),
    Column("done", BigInteger, nullable=False, server_default="0"),
    Column("total", BigInteger),
    Column("checkpoint", Text),
    Column("cancel", Boolean, nullable=False, server_default=text("false")),
    Column("worker", Text),
    Column("attempts", Integer, nullable=False, server_default="0"),
    _time("leased_until"),
    _time("created_at", nullable=False),
    _time("finished_at"),
    Column("error", Text),
    Column("result", Text),
    Index("ix_job_project", "project"),
    Index("uq_job_snapshot", "project", unique=True,
          sqlite_where=text("kind = 'snapshot' AND state IN ('waiting', 'running')"),
          postgresql_where=text("kind = 'snapshot' AND state IN ('waiting', 'running')")),
    Index("ix_job_ready", "id", sqlite_where=text("state IN ('waiting', 'running')"),
          postgresql_where=text("state IN ('waiting', 'running')")),
    _one_of("state", "waiting", "running", "done", "failed", "cancelled"),
)  # fmt: skip

snapshot = Table(
    "snapshot",
    metadata,
    _ref("project"),
    Column("name", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("through_seq", BigInteger, nullable=False),
    Column("took_ms", Integer, nullable=False, server_default="0"),
    _time("computed_at", nullable=False),
    PrimaryKeyConstraint("project", "name"),
)
"""Dashboards' figures, computed by the worker over `seq <= through_seq`."""

consensus = Table(
    "consensus",
    metadata,
    _ref("project"),
    Column("question", Text, nullable=False),
    Column("item", Id, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("label", Text, nullable=False),
    Column("confidence", Float, nullable=False),
    Column("judgements", Integer, nullable=False),
    Column("tie", Boolean, nullable=False),
    Column("ambiguity", Float),
    Column("votes", Text, nullable=False),
    Column("settled", Integer, nullable=False, server_default="0"),
    PrimaryKeyConstraint("project", "question", "item"),
    Index("ix_consensus_confidence", "project", "question", "confidence", "item"),
    Index("ix_consensus_judgements", "project", "question", "judgements", "item"),
    Index("ix_consensus_external_id", "project", "question", "external_id", "item"),
)
"""The latest merged answers, replaced by the worker in chunks; `snapshot` says through which seq. `external_id` is the
item's, here so that rows can be paged in its order. `settled`: by how many experts, whose latest answer then is the
`label`; 0 for what people's answers were merged to."""
