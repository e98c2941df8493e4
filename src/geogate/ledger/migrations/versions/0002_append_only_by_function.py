"""PostgreSQL: everything is written through one function of the owner's; whoever runs the gate needs no other right."""

from alembic import op
from sqlalchemy import text

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

LOCK = 0x67656F67617465
GENESIS = "0" * 64

_STATE = "{state,changed_at}"
WRITES = (
    ("open", "requests", True, "id", "{id,state,opened_at,opened_by,changed_at,purpose,document}"),
    ("seal", "requests", False, "id", "{state,changed_at,dataset,artefact}"),
    ("screen", "requests", False, "id", "{state,changed_at,verdict,ballot,measurements}"),
    ("screen", "measurements", True, "request", "{request,document}"),
    ("move", "requests", False, "id", _STATE),
    ("vote", "votes", True, "request", "{request,reviewer,document}"),
    ("clear", "clearances", True, "request", "{nonce,request,document,envelope}"),
    ("clear", "requests", False, "id", _STATE),
    ("claim", "clearances", False, "request", "{claimed_at}"),
    ("claim", "requests", False, "id", _STATE),
    ("receive", "receipts", True, "request", "{nonce,request,document}"),
    ("receive", "requests", False, "id", _STATE),
)
"""What an entry of each kind may write besides itself: relation, whether a new row, the column that must hold the
entry's request, and the columns. Entries of any other kind write nothing. Later revisions add rows."""

TABLE = """
    CREATE TABLE {schema}.ledger_writes (
        kind text NOT NULL, relation text NOT NULL, fresh boolean NOT NULL, owner text NOT NULL, names text[] NOT NULL,
        PRIMARY KEY (kind, relation, fresh)
    )
"""

# Everything is named with its schema and the settings are pinned: nothing that a caller makes or sets changes a word.
CHANGE = """
    CREATE FUNCTION {schema}.ledger_change(kind_ text, request_ text, change json) RETURNS void
    LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on AS
    $$
    DECLARE
        allowed {schema}.ledger_writes;
        fresh_ boolean := (change->>'new')::boolean;
        named text[];
        done bigint;
        targets text;
        given text;
        keys text;
    BEGIN
        SELECT w.* INTO allowed FROM {schema}.ledger_writes w
            WHERE w.kind = kind_ AND w.relation = change->>'table' AND w.fresh = fresh_;
        IF allowed.relation IS NULL THEN
            RAISE EXCEPTION 'an entry of kind % does not write this', kind_ USING ERRCODE = 'GG001';
        END IF;
        IF fresh_ THEN
            SELECT array_agg(p.key), string_agg(format('%I', p.key), ', '), string_agg(format('%L', p.value), ', ')
                INTO named, targets, given
                FROM (SELECT * FROM json_each_text(change->'key')
                      UNION ALL SELECT * FROM json_each_text(change->'values')) p;
            IF named IS NULL OR NOT named <@ allowed.names
                OR coalesce(change->'key'->>allowed.owner, change->'values'->>allowed.owner) IS DISTINCT FROM request_
            THEN
                RAISE EXCEPTION 'an entry of kind % does not write this row', kind_ USING ERRCODE = 'GG001';
            END IF;
            EXECUTE format('INSERT INTO {format_schema}.%I (%s) VALUES (%s)', allowed.relation, targets, given);
            RETURN;
        END IF;
        SELECT array_agg(p.key), string_agg(format('%I = %L', p.key, p.value), ', ') INTO named, given
            FROM json_each_text(change->'values') p;
        SELECT string_agg(format('%I = %L', p.key, p.value), ' AND ') INTO keys FROM json_each_text(change->'key') p;
        IF keys IS NULL OR named IS NULL OR NOT named <@ allowed.names THEN
            RAISE EXCEPTION 'an entry of kind % does not write these columns', kind_ USING ERRCODE = 'GG001';
        END IF;
        EXECUTE format('UPDATE {format_schema}.%I SET %s WHERE %s AND %I = %L',
            allowed.relation, given, keys, allowed.owner, request_);
        GET DIAGNOSTICS done = ROW_COUNT;
        IF done <> 1 THEN
            RAISE EXCEPTION 'a row is missing' USING ERRCODE = 'GG002';
        END IF;
    END $$
"""

APPEND = """
    CREATE FUNCTION {schema}.ledger_append(
        at_ text, kind_ text, request_ text, actor_ text, body_ text, changes json,
        OUT seq bigint, OUT prev text, OUT hash text
    )
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on AS
    $$
    DECLARE
        change json;
    BEGIN
        PERFORM pg_advisory_xact_lock({lock});
        IF at_ IS NULL OR at_ !~ '^\\d{{4}}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{{6}}\\+00:00$'
            OR kind_ IS NULL OR kind_ !~ '^[a-z0-9]([a-z0-9._-]{{0,62}}[a-z0-9])?$'
            OR request_ IS NULL OR length(request_) > 300 OR actor_ IS NULL OR length(actor_) NOT BETWEEN 1 AND 300
            OR body_ IS NULL OR changes IS NULL
        THEN
            RAISE EXCEPTION 'this is not an entry' USING ERRCODE = 'GG001';
        END IF;
        SELECT e.seq, e.hash INTO seq, prev FROM {schema}.entries e ORDER BY e.seq DESC LIMIT 1;
        seq := coalesce(seq, 0) + 1;
        prev := coalesce(prev, '{genesis}');
        hash := encode(sha256(convert_to(
            '[' || seq::text || ',' || to_json(at_)::text || ',' || to_json(kind_)::text || ','
            || to_json(request_)::text || ',' || to_json(actor_)::text || ',' || to_json(body_)::text || ','
            || to_json(prev)::text || ']', 'UTF8')), 'hex');
        INSERT INTO {schema}.entries (seq, at, kind, request, actor, body, prev, hash)
            VALUES (seq, at_, kind_, request_, actor_, body_, prev, hash);
        FOR change IN SELECT c.value FROM json_array_elements(changes) c LOOP
            PERFORM {schema}.ledger_change(kind_, request_, change);
        END LOOP;
    END $$
"""

# Writes nothing, and yet fails where nothing can be written.
READY = """
    CREATE FUNCTION {schema}.ledger_ready() RETURNS void
    LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp SET standard_conforming_strings = on AS
    $$ INSERT INTO {schema}.entries SELECT * FROM {schema}.entries WHERE false $$
"""

FUNCTIONS = ("ledger_change(text, text, json)", "ledger_append(text, text, text, text, text, json)", "ledger_ready()")
TABLES = ("entries", "requests", "measurements", "votes", "clearances", "receipts", "alembic_version", "ledger_writes")

# Until now the role of the gate was granted INSERT and UPDATE by hand.
WRITERS = """
    SELECT DISTINCT r.rolname FROM pg_class c, aclexplode(c.relacl) a, pg_roles r
    WHERE c.oid = 'entries'::regclass AND a.privilege_type = 'INSERT' AND a.grantee = r.oid AND a.grantee <> c.relowner
"""


def upgrade() -> None:
    """Make the functions, and let those who could write so far write through them only; SQLite stays as it is."""
    if op.get_context().dialect.name != "postgresql":
        return
    connection = op.get_bind()
    schema = connection.scalar(text("SELECT quote_ident(current_schema())"))
    # A name inside of a format string has its percent signs doubled, and inside of a literal its quotes.
    words = {"schema": schema, "format_schema": schema.replace("'", "''").replace("%", "%%"), "lock": LOCK}
    for statement in (TABLE, CHANGE, APPEND, READY):
        connection.exec_driver_sql(statement.format(**words, genesis=GENESIS).replace("%", "%%"), ())
    connection.execute(
        text("INSERT INTO ledger_writes VALUES (:kind, :relation, :fresh, :owner, CAST(:names AS text[]))"),
        [dict(zip(("kind", "relation", "fresh", "owner", "names"), write, strict=True)) for write in WRITES],
    )
    quoted = connection.dialect.identifier_preparer.quote
    writers = [quoted(name) for name in connection.execute(text(WRITERS)).scalars()]
    for name in FUNCTIONS:
        op.execute(f"REVOKE ALL ON FUNCTION {schema}.{name} FROM PUBLIC")
    op.execute(f"REVOKE ALL ON {', '.join(TABLES)} FROM PUBLIC")
    for writer in writers:
        op.execute(f"REVOKE ALL ON {', '.join(TABLES)} FROM {writer}")
        op.execute(f"GRANT SELECT ON {', '.join(TABLES)} TO {writer}")
        op.execute(f"GRANT EXECUTE ON FUNCTION {', '.join(FUNCTIONS[1:])} TO {writer}")
