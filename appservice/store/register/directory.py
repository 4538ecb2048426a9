"""The register searched, in SQL: nothing sealed is opened, and nobody else's is counted."""

from collections.abc import Iterator, Mapping
from datetime import datetime

from appservice.domain.charter import Charter
from appservice.domain.console.search import SOON, Found, Order, Search, beginnings, by_public
from appservice.domain.ids import MemberId, TradeId
from appservice.domain.member import Channel, Role
from appservice.store.members import (
    address_index,
    likeness_indexes,
    member_of,
    word_indexes,
)
from appservice.store.session import Database, Session

BATCH = 200  # people whose names are indexed in one transaction


async def find(
    session: Session,
    wanted: Search,
    due: Mapping[str, Charter],
    now: datetime,
    page: int,
    size: int,
) -> Found:
    """See `ports.Roll.find`."""
    vault, merchant, agent = session.vault, due.get("merchant"), due.get("agent")
    words = word_indexes(vault, wanted.territory, wanted.beginnings)
    phone = wanted.phone and address_index(vault, Channel.SMS, wanted.phone)
    row = await session.row(
        FIND[wanted.order],
        wanted.territory,
        words,
        phone,
        wanted.trade,
        wanted.commune,
        wanted.channel,
        wanted.state,
        now,
        now + SOON,
        Role.MERCHANT.value,
        *((merchant.id, merchant.hash) if merchant else (None, None)),
        *((agent.id, agent.hash) if agent else (None, None)),
        page,
        size,
        *_former(merchant),
        *_former(agent),
        wanted.trained,
        *_publics(due),
    )
    if row is None:  # an aggregate has a row
        return Found((), 0, 0, 1)
    people = tuple(MemberId(member) for member in row["people"])
    return Found(people, row["count"], row["total"], row["page"])


def _publics(due: Mapping[str, Charter]) -> Iterator[list[object]]:
    """Five columns: the trade, its charter and text, the former text and until when it holds."""
    prefix = by_public(TradeId(""))
    found = {kind.removeprefix(prefix): c for kind, c in due.items() if kind.startswith(prefix)}
    yield list(found)
    yield [charter.id for charter in found.values()]
    yield [charter.hash for charter in found.values()]
    yield [_former(charter)[0] for charter in found.values()]
    yield [_former(charter)[1] for charter in found.values()]


def _former(charter: Charter | None) -> tuple[str | None, datetime | None]:
    former = charter.former if charter is not None else None
    return (former.text_hash, former.until) if former is not None else (None, None)


async def index_members(database: Database) -> int:
    """Makes known to searches whoever was enrolled before there were any; how many.

    Some at a time, each time for good: killed in the middle, it goes on at the next start.
    """
    done = 0
    while True:
        async with database.transaction() as session:
            rows = await session.rows(UNKNOWN, BATCH)
            keys = await session.keys(row["id"] for row in rows)
            values = []
            for row in rows:
                member = member_of(row, keys.get(row["id"]))
                names = beginnings(member.name, member.shop)
                words = word_indexes(session.vault, member.territory, names)
                values.append((member.id, words, likeness_indexes(session.vault, member)))
            await session.run_each(INDEX, values)
        done += len(rows)
        if len(rows) < BATCH:
            return done


# As `domain.charter.standing` and `domain.console.search.state_of`; a contract test compares them.
_FIND = """
WITH publics AS (
    SELECT * FROM unnest($22::text[], $23::text[], $24::text[], $25::text[], $26::timestamptz[])
        AS p (trade, charter, text_hash, former, until)
), known AS (
    SELECT m.id, m.commune, m.saved_at, s.ends,
        CASE WHEN s.charter IS NULL OR s.charter IS DISTINCT FROM due.charter THEN 'never-signed'
             WHEN s.revoked_at <= $8 THEN 'revoked'
             WHEN s.text_hash <> due.text_hash AND NOT s.is_former THEN 'outdated'
             WHEN s.valid_until <= $8 THEN 'expired'
             WHEN s.ends <= $9 THEN 'expiring'
             ELSE 'in-force' END AS state
    FROM members m
    CROSS JOIN LATERAL (
        SELECT CASE WHEN p.trade IS NOT NULL THEN p.charter
                    WHEN m.role = $10 THEN $11::text ELSE $13::text END AS charter,
               CASE WHEN p.trade IS NOT NULL THEN p.text_hash
                    WHEN m.role = $10 THEN $12::text ELSE $14::text END AS text_hash,
               CASE WHEN p.trade IS NOT NULL THEN p.former
                    WHEN m.role = $10 THEN $17::text ELSE $19::text END AS former,
               CASE WHEN p.trade IS NOT NULL THEN p.until
                    WHEN m.role = $10 THEN $18::timestamptz ELSE $20::timestamptz END AS until
        FROM (SELECT) one LEFT JOIN publics p ON p.trade = m.trades[1]) due
    LEFT JOIN LATERAL (
        SELECT charter, text_hash, revoked_at, valid_until,
            coalesce(text_hash = due.former AND due.until > $8, FALSE) AS is_former,
            CASE WHEN text_hash = due.former AND text_hash <> due.text_hash
                 THEN least(valid_until, due.until) ELSE valid_until END AS ends
        FROM signatures WHERE member = m.id ORDER BY number DESC LIMIT 1) s ON TRUE
    WHERE m.territory = $1
        AND coalesce(m.words, '{{}}') @> $2::integer[]
        AND ($3::bytea IS NULL OR m.phone_index = $3)
        AND ($4::text IS NULL OR $4 = ANY (m.trades))
        AND ($5::text IS NULL OR m.commune = $5)
        AND ($6::text IS NULL OR $6 = ANY (m.channels))
        AND ($21::boolean IS NULL OR m.role = $10 AND (m.trained_on IS NOT NULL) = $21)
), found AS MATERIALIZED (
    SELECT * FROM known
    WHERE $7::text IS NULL OR state = $7 OR ($7 = 'in-force' AND state = 'expiring')
), paged AS (
    SELECT count, CASE WHEN $16 = 0 THEN 1
        ELSE greatest(1, least($15::integer, (count + $16 - 1) / $16)) END AS page
    FROM (SELECT count(*)::integer AS count FROM found) c
)
SELECT count, page,
    (SELECT count(*)::integer FROM members WHERE territory = $1) AS total,
    ARRAY(SELECT id FROM found ORDER BY {order}
          LIMIT nullif($16::integer, 0) OFFSET (page - 1) * $16) AS people
FROM paged
"""
_BY_PLACE = "commune, id"
FIND = {
    order: _FIND.format(order=by)
    for order, by in {
        Order.NAME: _BY_PLACE,
        Order.PLACE: _BY_PLACE,
        Order.ENDING: "CASE WHEN state IN ('in-force', 'expiring') THEN ends END, id",
        Order.RECENT: "saved_at DESC, id",
    }.items()
}
UNKNOWN = """
SELECT * FROM members WHERE words IS NULL OR likeness IS NULL ORDER BY id LIMIT $1
FOR UPDATE SKIP LOCKED
"""
INDEX = "UPDATE members SET words = $2, likeness = $3 WHERE id = $1"
