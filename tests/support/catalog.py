"""A database's schema as text, out of PostgreSQL's catalog, to compare two of them."""

import asyncpg

_QUESTIONS = {
    "column": """
        SELECT c.relname || '.' || a.attname, format_type(a.atttypid, a.atttypmod)
            || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END || ' ' || a.attidentity::text
            || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '')
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
            AND a.attnum > 0 AND NOT a.attisdropped
    """,
    "constraint": """
        SELECT conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    """,
    "index": """
        SELECT tablename || '.' || indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'
    """,
    "sequence": """
        SELECT sequencename, data_type::text || start_value || increment_by
        FROM pg_sequences WHERE schemaname = 'public'
    """,
    "trigger": """
        SELECT tgrelid::regclass || '.' || tgname, pg_get_triggerdef(oid)
        FROM pg_trigger WHERE NOT tgisinternal
    """,
    "function": """
        SELECT proname::text, pg_get_functiondef(oid) FROM pg_proc
        WHERE pronamespace = 'public'::regnamespace
    """,
    "view": "SELECT viewname::text, definition FROM pg_views WHERE schemaname = 'public'",
}


async def catalog(connection: "asyncpg.Connection[asyncpg.Record]") -> list[str]:
    """One line per thing, sorted."""
    lines = []
    for kind, question in _QUESTIONS.items():
        lines += [f"{kind} {row[0]}: {row[1]}" for row in await connection.fetch(question)]
    return sorted(lines)
