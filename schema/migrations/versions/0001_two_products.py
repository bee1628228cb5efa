"""Everything that takes commands from the doors to their effects, mails and tickets.

The tables are written out. Until the first release they are kept equal to `schema.tables`, and this revision is edited
in place; from then on they stay as they are, `schema.tables` goes on without them.
"""

from alembic import op
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Sequence,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

revision = "0001_two_products"
down_revision = None
branch_labels = None
depends_on = None

metadata = MetaData()

#: A key: 64 bits everywhere; SQLite counts only an INTEGER up by itself, and never reuses one.
Key = BigInteger().with_variant(Integer(), "sqlite")

operation_keys = Sequence("operation_keys", metadata=metadata)
service_keys = Sequence("service_keys", metadata=metadata)
ticket_keys = Sequence("ticket_keys", metadata=metadata)

clock = Table(
    "clock",
    metadata,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("movable", Boolean, nullable=False),
    Column("installation", Text, nullable=False),
    Column("standing_at", BigInteger),
    Column("offset", BigInteger, nullable=False, server_default=text("0")),
    Column("restored_at", BigInteger),
)

customer = Table(
    "customer",
    metadata,
    Column("name", Text, primary_key=True),
    Column("version", BigInteger, nullable=False),
    Column("data", Text, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
)

api_key = Table(
    "api_key",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("name", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("role", Text, nullable=False),
    Column("customer", Text),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
    UniqueConstraint("name", name="api_key_name"),
    UniqueConstraint("hash", name="api_key_hash"),
    sqlite_autoincrement=True,
)

partnership = Table(
    "partnership",
    metadata,
    Column("partner", Text, nullable=False),
    Column("customer", Text, nullable=False),
    PrimaryKeyConstraint("partner", "customer", name="partnership_key"),
    Index("partnership_customer", "customer"),
    sqlite_with_rowid=False,
)

service = Table(
    "service",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=False),
    Column("customer", Text, nullable=False),
    Column("reference", Text, nullable=False),
    Column("product", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("platform_id", Text),
    Column("facts", Text, nullable=False, server_default="{}"),
    Column("holder", BigInteger),
    Column("line", Boolean, nullable=False, server_default=false()),
    Column("entitled", Boolean, nullable=False, server_default=false()),
    Column("heard", Text),
    Column("visit_at", BigInteger),
    Column("number", Integer, nullable=False, server_default=text("0")),
    Column("sequence", Integer, nullable=False, server_default=text("0")),
    Column("created_at", BigInteger, nullable=False),
    Column("made_beside", BigInteger),
    UniqueConstraint("customer", "reference", name="service_reference"),
    Index(
        "service_platform_id",
        "product",
        "platform_id",
        postgresql_where=text("platform_id IS NOT NULL"),
        sqlite_where=text("platform_id IS NOT NULL"),
    ),
    Index(
        "service_made_beside",
        "made_beside",
        postgresql_where=text("made_beside IS NOT NULL"),
        sqlite_where=text("made_beside IS NOT NULL"),
    ),
    Index(
        "service_visit",
        "product",
        "visit_at",
        postgresql_where=text("visit_at IS NOT NULL"),
        sqlite_where=text("visit_at IS NOT NULL"),
    ),
    postgresql_with={"fillfactor": 80},
    sqlite_autoincrement=True,
)

command = Table(
    "command",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=False),
    Column("source", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("content", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("correlation_id", Text),
    Column("data", Text, nullable=False),
    UniqueConstraint("source", "event_id", name="command_key"),
    sqlite_autoincrement=True,
)

operation = Table(
    "operation",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=False),
    Column("service_id", BigInteger, nullable=False),
    Column("customer", Text, nullable=False),
    Column("product", Text, nullable=False),
    Column("verb", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("step", Text),
    Column("undoing", Text),
    Column("past_return", Boolean, nullable=False, server_default=false()),
    Column("before", Text, nullable=False),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("attempt", Integer, nullable=False, server_default=text("0")),
    Column("cycle", Integer, nullable=False, server_default=text("0")),
    Column("in_line", Boolean, nullable=False, server_default=false()),
    Column("restored", Boolean, nullable=False, server_default=false()),
    Column("owner", BigInteger),
    Column("epoch", Integer, nullable=False, server_default=text("0")),
    Column("turn", Integer, nullable=False, server_default=text("0")),
    Column("number", Integer, nullable=False),
    Column("sequence", Integer, nullable=False),
    Column("signals", Integer, nullable=False, server_default=text("0")),
    Column("cancel", Text),
    Column("cancel_reason", Text),
    Column("reason", Text),
    Column("outcome", Text),
    Column("told", SmallInteger, nullable=False, server_default=text("0")),
    Column("ticket", BigInteger),
    Column("accepted_at", BigInteger, nullable=False),
    Column("starts_at", BigInteger, nullable=False),
    Column("jeopardy_at", BigInteger, nullable=False),
    Column("deadline_at", BigInteger, nullable=False),
    Column("ended_at", BigInteger),
    Index("operation_service", "service_id"),
    Index("operation_customer", "customer", "id"),
    Index(
        "operation_overdue", "id", postgresql_where=text("told = 2"), sqlite_where=text("told = 2")
    ),
    postgresql_with={"fillfactor": 70},
    sqlite_autoincrement=True,
)

history = Table(
    "history",
    metadata,
    Column("kind", SmallInteger, nullable=False),
    Column("owner", BigInteger, nullable=False),
    Column("number", Integer, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("why", Text),
    Column("before", Text),
    Column("after", Text),
    Column("step", Text),
    Column("facts", Text),
    Column("event", Text),
    Column("sequence", Integer),
    Column("operation_id", BigInteger),
    PrimaryKeyConstraint("kind", "owner", "number", name="history_key"),
    sqlite_with_rowid=False,
)

due = Table(
    "due",
    metadata,
    Column("operation_id", Key, primary_key=True, autoincrement=False),
    Column("product", Text, nullable=False),
    Column("customer", Text, nullable=False),
    Column("wake_at", BigInteger, nullable=False),
    Column("settles_at", BigInteger, nullable=False, server_default=text("0")),
    Column("decide_at", BigInteger, nullable=False),
    Index("due_wake", "product", "wake_at"),
    Index("due_turn", "product", "customer", "wake_at"),
    Index("due_decide", "decide_at"),
)

signal = Table(
    "signal",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("product", Text, nullable=False),
    Column("signal_id", Text, nullable=False),
    Column("operation_id", BigInteger),
    Column("service_id", BigInteger),
    Column("is_applied", Boolean, nullable=False, server_default=false()),
    Column("reference", Text),
    Column("platform_id", Text),
    Column("kind", Text, nullable=False),
    Column("facts", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    UniqueConstraint("product", "signal_id", name="signal_once"),
    Index("signal_operation", "operation_id"),
    Index(
        "signal_service",
        "service_id",
        postgresql_where=text("service_id IS NOT NULL"),
        sqlite_where=text("service_id IS NOT NULL"),
    ),
    Index(
        "signal_unmatched",
        "product",
        "platform_id",
        postgresql_where=text("operation_id IS NULL AND service_id IS NULL"),
        sqlite_where=text("operation_id IS NULL AND service_id IS NULL"),
    ),
    Index(
        "signal_unmatched_since",
        "received_at",
        postgresql_where=text("operation_id IS NULL AND service_id IS NULL"),
        sqlite_where=text("operation_id IS NULL AND service_id IS NULL"),
    ),
)

confirmation = Table(
    "confirmation",
    metadata,
    Column("operation_id", Key, primary_key=True, autoincrement=False),
    Column("service_id", BigInteger, nullable=False),
    Column("cycle", Integer, nullable=False),
    Column("wrong", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("confirmed_at", BigInteger),
    Index("confirmation_service", "service_id"),
)

ticket = Table(
    "ticket",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=False),
    Column("operation_id", BigInteger, nullable=False),
    Column("desk", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("opened_at", BigInteger, nullable=False),
    Column("resolved_at", BigInteger),
    Column("remote", Text),
    UniqueConstraint("operation_id", name="ticket_once"),
    Index(
        "ticket_open",
        "id",
        "operation_id",
        postgresql_where=text("state = 'open'"),
        sqlite_where=text("state = 'open'"),
    ),
    sqlite_autoincrement=True,
)

comment = Table(
    "comment",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("ticket_id", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("body", Text, nullable=False),
    Index("comment_ticket", "ticket_id"),
)

trouble = Table(
    "trouble",
    metadata,
    Column("operation_id", Key, primary_key=True, autoincrement=False),
    Column("step", Text, nullable=False),
    Column("said", Text, nullable=False),
    Column("request_id", Text),
    Column("tries", Integer, nullable=False),
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("partition", SmallInteger, nullable=False),
    Column("kind", SmallInteger, nullable=False),
    Column("owner", BigInteger, nullable=False),
    Column("number", Integer, nullable=False),
    sqlite_autoincrement=True,
)

paused = Table(
    "paused",
    metadata,
    Column("product", Text, primary_key=True),
    Column("since", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("why", Text),
)

partition = Table(
    "partition",
    metadata,
    Column("number", SmallInteger, primary_key=True, autoincrement=False),
    Column("owner", BigInteger),
    Column("lease_until", BigInteger, nullable=False, server_default=text("0")),
)

pool = Table(
    "pool",
    metadata,
    Column("customer", Text, nullable=False),
    Column("product", Text, nullable=False),
    Column("total", Integer, nullable=False),
    Column("taken", Integer, nullable=False, server_default=text("0")),
    PrimaryKeyConstraint("customer", "product", name="pool_key"),
    postgresql_with={"fillfactor": 70},
    sqlite_with_rowid=False,
)

number = Table(
    "number",
    metadata,
    Column("e164", Text, primary_key=True),
    Column("customer", Text, nullable=False),
    Column("site", Text),
    Column("service_id", BigInteger),
    Column("operation_id", BigInteger),
    Index("number_customer", "customer"),
    Index(
        "number_service",
        "service_id",
        postgresql_where=text("service_id IS NOT NULL"),
        sqlite_where=text("service_id IS NOT NULL"),
    ),
)

listing = Table(
    "listing",
    metadata,
    Column("product", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("data", Text, nullable=False),
    Column("read_at", BigInteger, nullable=False),
    PrimaryKeyConstraint("product", "name", name="listing_key"),
    sqlite_with_rowid=False,
)

possession = Table(
    "possession",
    metadata,
    Column("kind", Text, nullable=False),
    Column("scope", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("service_id", BigInteger, nullable=False),
    Column("operation_id", BigInteger),
    PrimaryKeyConstraint("kind", "scope", "name", name="possession_key"),
    Index("possession_service", "service_id"),
    sqlite_with_rowid=False,
)

holding = Table(
    "holding",
    metadata,
    Column("e164", Text, nullable=False),
    Column("service_id", BigInteger, nullable=False),
    Column("held_from", BigInteger, nullable=False),
    Column("held_until", BigInteger, nullable=False),
    PrimaryKeyConstraint("e164", "service_id", "held_from", name="holding_key"),
    Index("holding_service", "service_id"),
    sqlite_with_rowid=False,
)

call = Table(
    "call",
    metadata,
    Column("record", Text, primary_key=True),
    Column("service_id", BigInteger, nullable=False),
    Column("began_at", BigInteger, nullable=False),
    Column("direction", Text, nullable=False),
    Column("seconds", Integer, nullable=False),
    Column("is_answered", Boolean, nullable=False),
    Index("call_service", "service_id", "began_at"),
    sqlite_with_rowid=False,
)

owner_turn = Table(
    "owner_turn",
    metadata,
    Column("product", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("operation_id", BigInteger, nullable=False),
    PrimaryKeyConstraint("product", "name", name="owner_turn_key"),
    Index("owner_turn_operation", "operation_id"),
    sqlite_with_rowid=False,
)

secret = Table(
    "secret",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("service_id", BigInteger, nullable=False),
    Column("operation_id", BigInteger, nullable=False),
    Column("name", Text, nullable=False),
    Column("sealed", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("made_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger),
    Column("revealed_at", BigInteger),
    Column("revealed_by", Text),
    Index("secret_service", "service_id", "name"),
    sqlite_autoincrement=True,
)

delivery = Table(
    "delivery",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("channel", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("operation_id", BigInteger, nullable=False),
    Column("service_id", BigInteger, nullable=False),
    Column("ticket_id", BigInteger),
    Column("template", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("facts", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("tries", Integer, nullable=False, server_default=text("0")),
    Column("owner", BigInteger),
    Column("epoch", Integer, nullable=False, server_default=text("0")),
    Column("sent_at", BigInteger),
    Column("said", Text),
    Column("remote", Text),
    UniqueConstraint("cause", name="delivery_once"),
    Index("delivery_operation", "operation_id"),
    Index(
        "delivery_ticket",
        "ticket_id",
        postgresql_where=text("ticket_id IS NOT NULL"),
        sqlite_where=text("ticket_id IS NOT NULL"),
    ),
    Index(
        "delivery_due",
        "due_at",
        postgresql_where=text("state = 'waiting'"),
        sqlite_where=text("state = 'waiting'"),
    ),
    postgresql_with={"fillfactor": 70},
    sqlite_autoincrement=True,
)

worker = Table(
    "worker",
    metadata,
    Column("id", Key, primary_key=True, autoincrement=True),
    Column("role", Text, nullable=False),
    Column("host", Text, nullable=False),
    Column("rooms", Text, nullable=False),
    Column("booted_at", BigInteger, nullable=False),
    Column("lease_until", BigInteger, nullable=False),
    Column("renewed_at", BigInteger, nullable=False, server_default=text("0")),
    sqlite_autoincrement=True,
)

tally = Table(
    "tally",
    metadata,
    Column("day", BigInteger, nullable=False),
    Column("product", Text, nullable=False),
    Column("verb", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("how", Text, nullable=False),
    Column("share", SmallInteger, nullable=False),
    Column("count", BigInteger, nullable=False),
    PrimaryKeyConstraint("day", "product", "verb", "what", "how", "share", name="tally_key"),
    postgresql_with={"fillfactor": 50},
    sqlite_with_rowid=False,
)


#: How many partitions the outbox had then.
PARTITIONS = 16


def upgrade() -> None:
    """Make the tables, the clock (fixed unless a movable one is asked for) and the partitions."""
    metadata.create_all(op.get_bind(), checkfirst=False)
    given = op.get_context().opts
    is_movable = bool(given["movable_clock"])
    op.bulk_insert(clock, [{"id": 1, "movable": is_movable, "installation": given["installation"]}])
    op.bulk_insert(partition, [{"number": number} for number in range(PARTITIONS)])
