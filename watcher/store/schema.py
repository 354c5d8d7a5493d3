"""The present shape of the database, the same on both stores; migrations lead here.

Times are whole microseconds since the epoch, UTC. Lists and maps are JSON text. With SQLite the
`delivery` table lives in a file of its own, attached beside the state: intake and digest then never
wait for each other's write lock.
"""

import sqlalchemy as sa

# With SQLite only INTEGER makes the primary key the place of the row itself.
_Id = sa.BigInteger().with_variant(sa.Integer, "sqlite")

# Marks an indexed column that most updates leave as it is, so that its index can be spared.
STEADY = {"steady": True}

state = sa.MetaData()
inbox = sa.MetaData()

delivery = sa.Table(
    "delivery",
    inbox,
    # Grows with time across replicas: milliseconds, then the stream, then a counter.
    sa.Column("id", _Id, primary_key=True, autoincrement=False),
    sa.Column("stream", sa.Integer, nullable=False),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("customer", sa.Text, nullable=False),
    sa.Column("received_at", sa.BigInteger, nullable=False),
    sa.Column("headers", sa.Text, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    # Ids grow across all streams of one SQLite file, but only within a stream on PostgreSQL.
    sa.Index("delivery_stream", "stream", "id").ddl_if(dialect="postgresql"),
)

# One row for each process that ever took deliveries; its ids only grow, so one cursor is enough.
stream = sa.Table(
    "stream",
    state,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("opened_at", sa.BigInteger, nullable=False),
    sa.Column("digested", sa.BigInteger, nullable=False),
)

# What is worth saying about a delivery after its digest: why it is dead, or why it held no event.
verdict = sa.Table(
    "verdict",
    state,
    sa.Column("delivery", _Id, primary_key=True, autoincrement=False),
    sa.Column("dead", sa.Boolean, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("replay", sa.Boolean, nullable=False, default=False),
    sa.Index("verdict_dead", "dead", "delivery"),
    sa.Index(
        "verdict_replay",
        "delivery",
        sqlite_where=sa.text("replay"),
        postgresql_where=sa.text("replay"),
    ),
)

alert = sa.Table(
    "alert",
    state,
    sa.Column("customer", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, nullable=False),
    sa.Column("occurrence", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False, info=STEADY),
    sa.Column("severity", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("host", sa.Text, info=STEADY),
    sa.Column("host_known", sa.Boolean, nullable=False),
    sa.Column("service", sa.Text, info=STEADY),
    sa.Column("labels", sa.Text, nullable=False),
    sa.Column("summary", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("first_at", sa.BigInteger, nullable=False),
    sa.Column("last_at", sa.BigInteger, nullable=False),
    sa.Column("started_at", sa.BigInteger, nullable=False),
    sa.Column("count", sa.Integer, nullable=False),
    sa.Column("suppressed", sa.Boolean, nullable=False),
    sa.Column("incident", sa.BigInteger, info=STEADY),
    sa.Column("withheld", sa.Text),
    sa.Column("pauses", sa.Text),
    sa.Index("alert_last", "last_at"),
    sa.Index("alert_incident", "incident"),
    sa.Index("alert_host", "host"),
    sa.Index("alert_service", "service"),
    sa.Index("alert_status", "status"),
)

occurrence = sa.Table(
    "occurrence",
    state,
    sa.Column("customer", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("occurrence", sa.Text, primary_key=True),
    sa.Column("severity", sa.Text, nullable=False),
    sa.Column("severity_at", sa.BigInteger, nullable=False),
    sa.Column("started_at", sa.BigInteger),
    sa.Column("ended_at", sa.BigInteger),
    sa.Column("incident", sa.BigInteger, info=STEADY),
    sa.Column("joined_at", sa.BigInteger),
    sa.Column("reason", sa.Text),
    sa.Column("worst", sa.Text, nullable=False),
    sa.Column("heard_at", sa.BigInteger, nullable=False),
    # Where a person put the condition, seldom anything.
    sa.Column("placed", sa.Text),
    # Why it must not open an incident yet, seldom anything; its parts that are searched for apart.
    sa.Column("withheld", sa.Text),
    sa.Column("withheld_by", sa.Text),
    sa.Column("withheld_until", sa.BigInteger),
    sa.Column("withheld_source", sa.Text),
    # How it was grouped, so that whoever goes on decides the same.
    sa.Column("counted", sa.Text),
    # Who works on it as its source says, seldom anything.
    sa.Column("taken", sa.Text),
    sa.Index("occurrence_incident", "incident"),
    # The address of an event names its span, but not the condition.
    sa.Index("occurrence_named", "occurrence", "customer"),
    sa.Index(
        "occurrence_withheld",
        "withheld_by",
        "withheld_until",
        "withheld_source",
        sqlite_where=sa.text("withheld_by IS NOT NULL AND ended_at IS NULL"),
        postgresql_where=sa.text("withheld_by IS NOT NULL AND ended_at IS NULL"),
    ),
)

incident = sa.Table(
    "incident",
    state,
    sa.Column("number", _Id, primary_key=True, autoincrement=False),
    sa.Column("customer", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("priority", sa.Text, nullable=False),
    sa.Column("terms", sa.Text, nullable=False),
    # "group" is a word of SQL.
    sa.Column("group_key", sa.Text, nullable=False),
    sa.Column("severity", sa.Text, nullable=False),
    sa.Column("service", sa.Text),
    sa.Column("hosts", sa.Text, nullable=False),
    sa.Column("suspect", sa.Text),
    sa.Column("opened_at", sa.BigInteger, nullable=False),
    sa.Column("opened_by", sa.Text, nullable=False),
    sa.Column("last_at", sa.BigInteger, nullable=False),
    sa.Column("firing", sa.Integer, nullable=False),
    sa.Column("alerts", sa.Integer, nullable=False),
    sa.Column("acknowledged_at", sa.BigInteger),
    sa.Column("acknowledged_by", sa.Text),
    sa.Column("resolved_at", sa.BigInteger),
    sa.Column("closed_at", sa.BigInteger),
    sa.Column("merged_into", sa.BigInteger),
    sa.Column("ticket", sa.Text),
    sa.Column("problem", sa.BigInteger),
    sa.Column("ended_at", sa.BigInteger),
    sa.Column("held_by", sa.Text),
    sa.Column("arranged", sa.Text),
    sa.Column("took", sa.Text),
    sa.Column("stakes", sa.Text),
    sa.Column("review_at", sa.BigInteger),
    sa.Column("judgement", sa.Text),
    sa.Column("overtaken_by", sa.BigInteger),
    # What else is known of the ticket: the kind of tracker, and the way there.
    sa.Column("tracker", sa.Text),
    sa.Column("ticket_url", sa.Text),
    # What promises of service are measured by, if that is more than the times above.
    sa.Column("course", sa.Text),
    sa.Index(
        "incident_lively",
        "customer",
        "last_at",
        sqlite_where=sa.text("status IN ('open', 'acknowledged', 'resolved')"),
        postgresql_where=sa.text("status IN ('open', 'acknowledged', 'resolved')"),
    ),
    sa.Index(
        "incident_problem",
        "problem",
        sqlite_where=sa.text("problem IS NOT NULL"),
        postgresql_where=sa.text("problem IS NOT NULL"),
    ),
    sa.Index(
        "incident_review",
        "review_at",
        sqlite_where=sa.text("status IN ('open', 'acknowledged')"),
        postgresql_where=sa.text("status IN ('open', 'acknowledged')"),
    ),
    sa.Index("incident_status", "status", "number"),
    sa.Index(
        "incident_resolved",
        "resolved_at",
        sqlite_where=sa.text("status = 'resolved'"),
        postgresql_where=sa.text("status = 'resolved'"),
    ),
)

entry = sa.Table(
    "entry",
    state,
    sa.Column("id", sa.Integer().with_variant(sa.BigInteger, "postgresql"), primary_key=True),
    sa.Column("incident", sa.BigInteger, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    # What was delivered twice is told once: insert with ON CONFLICT DO NOTHING.
    sa.Column("key", sa.Text),
    sa.Index("entry_incident", "incident", "id"),
    sa.Index(
        "entry_key",
        "incident",
        "key",
        unique=True,
        sqlite_where=sa.text("key IS NOT NULL"),
        postgresql_where=sa.text("key IS NOT NULL"),
    ),
)

action = sa.Table(
    "action",
    state,
    sa.Column("id", sa.Integer().with_variant(sa.BigInteger, "postgresql"), primary_key=True),
    sa.Column("incident", sa.BigInteger, nullable=False),
    sa.Column("customer", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("lane", sa.Text, nullable=False),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("attempts", sa.Integer, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("next_at", sa.BigInteger, nullable=False),
    sa.Column("token", sa.BigInteger, nullable=False),
    sa.Column("lease_until", sa.BigInteger),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Index("action_due", "status", "next_at"),
    sa.Index(
        "action_open",
        "next_at",
        sqlite_where=sa.text("status IN ('waiting', 'retry', 'running')"),
        postgresql_where=sa.text("status IN ('waiting', 'retry', 'running')"),
    ),
    sa.Index("action_lane", "incident", "lane", "id"),
    # Evidence names its action: a number must not come back after retention.
    sqlite_autoincrement=True,
)

# What a person said of a pair of alerts, with what was known of both: it outlives their incidents.
# `pair` is a digest of customer, keys and occurrences: who changes his mind replaces what he said.
example = sa.Table(
    "example",
    state,
    sa.Column("pair", sa.Text, primary_key=True),
    sa.Column("customer", sa.Text, nullable=False),
    sa.Column("together", sa.Boolean, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("decided_by", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("machine", sa.Text),
    sa.Column("one", sa.Text, nullable=False),
    sa.Column("other", sa.Text, nullable=False),
)

# One row for each diagnosis; what its steps printed is compressed JSON, away from the hot tables.
evidence = sa.Table(
    "evidence",
    state,
    sa.Column("id", sa.Integer().with_variant(sa.BigInteger, "postgresql"), primary_key=True),
    sa.Column("incident", sa.BigInteger, nullable=False),
    sa.Column("action", sa.BigInteger, nullable=False, unique=True),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("runbook", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("customer", sa.Text),
    # Whether it says what the host is like, rather than why it could not be asked.
    sa.Column("complete", sa.Boolean),
    sa.Index("evidence_incident", "incident", "id"),
    sa.Index(
        "evidence_last",
        "customer",
        "host",
        "runbook",
        "at",
        sqlite_where=sa.text("complete"),
        postgresql_where=sa.text("complete"),
    ),
)

# Who ran what where: nothing is ever changed in it, and it is kept far longer than evidence.
run = sa.Table(
    "run",
    state,
    sa.Column("id", sa.Integer().with_variant(sa.BigInteger, "postgresql"), primary_key=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("customer", sa.Text, nullable=False),
    sa.Column("runbook", sa.Text, nullable=False),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("ordered_by", sa.Text, nullable=False),
    sa.Column("incident", sa.BigInteger),
    sa.Column("approved_by", sa.Text, nullable=False),
    sa.Column("address", sa.Text, nullable=False),
    sa.Column("login", sa.Text, nullable=False),
    sa.Column("via", sa.Text, nullable=False),
    sa.Column("host_key", sa.Text, nullable=False),
    sa.Column("verified", sa.Text, nullable=False),
    sa.Column("digest", sa.Text, nullable=False),
    sa.Column("script", sa.Text, nullable=False),
    sa.Column("inputs", sa.Text, nullable=False),
    sa.Column("fault", sa.Text, nullable=False),
    sa.Column("outcome", sa.Text, nullable=False),
    sa.Column("milliseconds", sa.Integer, nullable=False),
    sa.Column("size", sa.BigInteger, nullable=False),
    sa.Column("worst", sa.Text, nullable=False, server_default=""),
    sa.Index("run_at", "at"),
    sa.Index("run_incident", "incident"),
    sa.Index("run_host", "host", "id"),
    sa.Index("run_script", "script"),
    # A number that was told to an auditor must not come back after retention.
    sqlite_autoincrement=True,
)

# What ran, by its hash: the same for the same steps with the same values. `last_at` is that of the
# last run of it.
script = sa.Table(
    "script",
    state,
    sa.Column("sha256", sa.Text, primary_key=True),
    sa.Column("body", sa.LargeBinary, nullable=False),
    sa.Column("first_at", sa.BigInteger, nullable=False),
    sa.Column("last_at", sa.BigInteger, nullable=False),
    sa.Index("script_last", "last_at"),
)

person = sa.Table(
    "person",
    state,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("password", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("customer", sa.Text),
    sa.Column("created_at", sa.BigInteger, nullable=False),
)

# Tokens and sessions are kept as SHA-256 of the secret: the table gives nothing away.
session = sa.Table(
    "session",
    state,
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("person", sa.Text, nullable=False),
    sa.Column("expires_at", sa.BigInteger, nullable=False),
)

token = sa.Table(
    "token",
    state,
    sa.Column("digest", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("role", sa.Text, nullable=False),
    sa.Column("customer", sa.Text),
    sa.Column("created_at", sa.BigInteger, nullable=False),
)

# Who may do a thing that only one replica may do at a time; `token` grows with every new holder.
lease = sa.Table(
    "lease",
    state,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("holder", sa.Text, nullable=False),
    sa.Column("token", sa.BigInteger, nullable=False),
    sa.Column("until", sa.BigInteger, nullable=False),
)

counter = sa.Table(
    "counter",
    state,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("value", sa.BigInteger, nullable=False),
)

# What people planned or muted; `over_at` is when it has ended for ever (NULL: never by itself).
maintenance = sa.Table(
    "maintenance",
    state,
    sa.Column("id", _Id, primary_key=True, autoincrement=False),
    # As `withheld_by` of an occurrence has it.
    sa.Column("name", sa.Text, nullable=False, unique=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("customer", sa.Text, nullable=False),
    sa.Column("matchers", sa.Text, nullable=False),
    sa.Column("starts", sa.BigInteger, nullable=False),
    sa.Column("length", sa.BigInteger, nullable=False),
    sa.Column("repeat", sa.Text, nullable=False),
    sa.Column("zone", sa.Text, nullable=False),
    sa.Column("comment", sa.Text, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("over_at", sa.BigInteger),
    sa.Column("cancelled_at", sa.BigInteger),
    sa.Column("cancelled_by", sa.Text),
    # What names it where it was planned, if not here.
    sa.Column("title", sa.Text),
    sa.Index("maintenance_over", "over_at"),
)

# What is known of a source besides its alerts: when it spoke last, how long it is silent by habit,
# and how far it was asked. `absent` are the spans that one complete answer lacked, since when.
source = sa.Table(
    "source",
    state,
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("heard_at", sa.BigInteger),
    sa.Column("pauses", sa.Text, nullable=False),
    sa.Column("cursor", sa.Text, nullable=False),
    sa.Column("asked_at", sa.BigInteger),
    sa.Column("complete_at", sa.BigInteger),
    sa.Column("took", sa.BigInteger),
    sa.Column("trouble", sa.Text, nullable=False),
    sa.Column("problem", sa.Text, nullable=False),
    sa.Column("problem_since", sa.BigInteger),
    sa.Column("absent", sa.Text, nullable=False),
    sa.Column("left_out", sa.Text),
)

# What a source should have told us and did not, by day (UTC midnight) and kind.
drift = sa.Table(
    "drift",
    state,
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("day", sa.BigInteger, primary_key=True),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("count", sa.BigInteger, nullable=False),
)

# The causes behind incidents. What their incidents cost is counted anew when one opens or ends.
problem = sa.Table(
    "problem",
    state,
    sa.Column("number", _Id, primary_key=True, autoincrement=False),
    sa.Column("customer", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("priority", sa.Text, nullable=False),
    sa.Column("terms", sa.Text, nullable=False),
    sa.Column("opened_at", sa.BigInteger, nullable=False),
    sa.Column("opened_by", sa.Text, nullable=False),
    sa.Column("last_at", sa.BigInteger, nullable=False),
    sa.Column("service", sa.Text),
    sa.Column("owner", sa.Text),
    sa.Column("root_cause", sa.Text, nullable=False),
    sa.Column("workaround", sa.Text, nullable=False),
    sa.Column("fix", sa.Text, nullable=False),
    sa.Column("runbook", sa.Text, nullable=False),
    sa.Column("awaits", sa.Boolean, nullable=False),
    sa.Column("tickets", sa.Text, nullable=False),
    sa.Column("changes", sa.Text, nullable=False),
    sa.Column("incidents", sa.Integer, nullable=False),
    sa.Column("lasted", sa.BigInteger, nullable=False),
    sa.Column("breaches", sa.Integer, nullable=False),
    sa.Column("woken", sa.Integer, nullable=False),
    sa.Column("worked", sa.Integer, nullable=False),
    sa.Column("failed", sa.Integer, nullable=False),
    sa.Column("returns", sa.Integer, nullable=False),
    sa.Column("resolved_at", sa.BigInteger),
    sa.Column("closed_at", sa.BigInteger),
    sa.Column("merged_into", sa.BigInteger),
    sa.Index("problem_status", "status", "number"),
    sa.Index("problem_customer", "customer", "number"),
)

# The timeline of a problem, as `entry` is that of an incident.
problem_entry = sa.Table(
    "problem_entry",
    state,
    sa.Column("id", sa.Integer().with_variant(sa.BigInteger, "postgresql"), primary_key=True),
    sa.Column("problem", sa.BigInteger, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("key", sa.Text),
    sa.Index("problem_entry_problem", "problem", "id"),
    sa.Index(
        "problem_entry_key",
        "problem",
        "key",
        unique=True,
        sqlite_where=sa.text("key IS NOT NULL"),
        postgresql_where=sa.text("key IS NOT NULL"),
    ),
)

# Which incidents belong to which problems, as the machine guesses and as people said.
tie = sa.Table(
    "tie",
    state,
    sa.Column("problem", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("incident", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("customer", sa.Text, nullable=False),
    sa.Column("bond", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("decided_by", sa.Text, nullable=False),
    sa.Column("score", sa.Float, nullable=False),
    sa.Column("reasons", sa.Text, nullable=False),
    sa.Index("tie_incident", "incident"),
)

# What was telling about an incident, as it was remembered last.
signature = sa.Table(
    "signature",
    state,
    sa.Column("incident", _Id, primary_key=True, autoincrement=False),
    sa.Column("customer", sa.Text, nullable=False),
    sa.Column("opened_at", sa.BigInteger, nullable=False),
    sa.Column("traits", sa.Text, nullable=False),
)

# The same turned round: the incidents of a customer that have a value, by a digest of that.
trait = sa.Table(
    "trait",
    state,
    sa.Column("customer", sa.Text, primary_key=True),
    sa.Column("field", sa.Text, primary_key=True),
    sa.Column("value", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("incident", sa.BigInteger, primary_key=True, autoincrement=False),
    sqlite_with_rowid=False,
)

# How many incidents of a customer have a value. The value 0 stands for any: how many say anything
# of the field; the field '' for all that are remembered.
trait_count = sa.Table(
    "trait_count",
    state,
    sa.Column("customer", sa.Text, primary_key=True),
    sa.Column("field", sa.Text, primary_key=True),
    sa.Column("value", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("count", sa.BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

# What is known of disruptions that come back; `customer` NULL is for all of them.
article = sa.Table(
    "article",
    state,
    sa.Column("number", _Id, primary_key=True, autoincrement=False),
    sa.Column("customer", sa.Text),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("language", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("created_at", sa.BigInteger, nullable=False),
    sa.Column("created_by", sa.Text, nullable=False),
    sa.Column("changed_at", sa.BigInteger, nullable=False),
    sa.Column("incident", sa.BigInteger),
    sa.Column("problem", sa.BigInteger),
    sa.Index("article_changed", "changed_at"),
)

# What each version of an article says; nothing is ever changed in it.
article_version = sa.Table(
    "article_version",
    state,
    sa.Column("article", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("title", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("topic", sa.Text, nullable=False),
    sa.Column("comment", sa.Text, nullable=False),
)

# Whether an article helped with an incident; everybody has one vote on each pair.
article_vote = sa.Table(
    "article_vote",
    state,
    sa.Column("article", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("incident", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("person", sa.Text, primary_key=True),
    sa.Column("customer", sa.Text, nullable=False),
    sa.Column("helped", sa.Boolean, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
)

# The index of the newest versions: the stems of their words, and what they are about. `customer`
# is '' where the article is for all. Words have one order on both databases, that of their bytes.
article_term = sa.Table(
    "article_term",
    state,
    sa.Column(
        "term", sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), primary_key=True
    ),
    sa.Column("customer", sa.Text, primary_key=True),
    sa.Column("article", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("weight", sa.Integer, nullable=False),
    sa.Index("article_term_article", "article"),
    sqlite_with_rowid=False,
)

# What was deployed or altered, as sources and people told. Its number is what people call it by.
deployment = sa.Table(
    "deployment",
    state,
    sa.Column("customer", sa.Text, primary_key=True),
    sa.Column("source", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("number", sa.BigInteger, nullable=False, unique=True),
    sa.Column("what", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("status", sa.Text, nullable=False),
    sa.Column("service", sa.Text),
    sa.Column("host", sa.Text),
    sa.Column("environment", sa.Text, nullable=False),
    sa.Column("revision", sa.Text, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("url", sa.Text, nullable=False),
    sa.Column("ended_at", sa.BigInteger),
    sa.Index("deployment_at", "at", "number"),
    sa.Index("deployment_customer", "customer", "at"),
)

# What people make of incidents once they are over. Every version is kept.
review = sa.Table(
    "review",
    state,
    sa.Column("incident", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("version", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("customer", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
)

# What is to be done because of them, as it stands now.
action_item = sa.Table(
    "action_item",
    state,
    sa.Column("incident", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("customer", sa.Text, nullable=False),
    sa.Column("text", sa.Text, nullable=False),
    sa.Column("owner", sa.Text, nullable=False),
    sa.Column("due", sa.Text),
    sa.Column("done_at", sa.BigInteger),
    sa.Column("done_by", sa.Text, nullable=False),
    sa.Column("tracker", sa.Text),
    sa.Column("ticket", sa.Text),
    sa.Column("ticket_url", sa.Text),
    sa.Index(
        "action_item_waiting",
        "customer",
        "due",
        sqlite_where=sa.text("done_at IS NULL"),
        postgresql_where=sa.text("done_at IS NULL"),
    ),
)
