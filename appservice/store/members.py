"""The register of members, in SQL. Names, shops, numbers and ACIs are sealed."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from asyncpg import Record

from appservice.domain.console.search import beginnings
from appservice.domain.enrolment import likenesses
from appservice.domain.errors import PermanentFailure
from appservice.domain.ids import Insee, MemberId, TradeId, UserId
from appservice.domain.member import Channel, Member, Role
from appservice.domain.territory import Level, Zone
from appservice.store.session import Session
from appservice.store.vault import DataKey, Vault, open_words, seal_words

SEALED = "members.sealed"
_COLUMN = {Channel.MATRIX: "mxid", Channel.SIGNAL: "signal_index", Channel.SMS: "phone_index"}


class PgMembers:
    """Implements `ports.Members`; each member is sealed under their own key."""

    def __init__(self, session: Session) -> None:
        self._session = session

    async def save(self, member: Member) -> None:
        session = self._session
        addresses = [_address(session.vault, member, channel) for channel in Channel]
        holder = await session.row(HOLDER, member.id, *addresses)
        if holder is not None:
            raise PermanentFailure(f"Cette adresse est déjà celle du membre {holder['id']}.")
        words = {
            "name": member.name,
            "shop": member.shop,
            "phone": member.phone,
            "signal": member.signal,
            "siret": member.siret,
        }
        await session.run(
            SAVE,
            member.id,
            member.role.value,
            member.territory,
            list(member.trades),
            member.commune,
            [str(zone) for zone in member.zones],
            sorted(member.channels),
            member.language,
            *addresses,
            seal_words(await session.key(member.id, member.territory), SEALED, words),
            session.clock(),
            member.sms_fallback,
            word_indexes(session.vault, member.territory, beginnings(member.name, member.shop)),
            likeness_indexes(session.vault, member),
            member.trained,
        )

    async def get(self, member: MemberId) -> Member | None:
        return await self._one(GET, member)

    async def at(self, channel: Channel, address: str) -> Member | None:
        query = AT.format(column=_COLUMN[channel])
        return await self._one(query, address_index(self._session.vault, channel, address))

    async def some(self, members: Collection[MemberId]) -> Mapping[MemberId, Member]:
        return {member.id: member for member in await self._all(SOME, list(members))}

    async def near(self, people: Collection[Member]) -> Sequence[Member]:
        vault = self._session.vault
        alike = {index for person in people for index in likeness_indexes(vault, person)}
        at = ({_address(vault, person, c) for person in people} - {None} for c in Channel)
        return await self._all(NEAR, list(alike), *(list(addresses) for addresses in at))

    async def everyone(self, territory: str | None = None) -> Sequence[Member]:
        return await self._all(EVERYONE, territory)

    async def _all(self, query: str, *values: object) -> list[Member]:
        rows = await self._session.rows(query, *values)
        keys = await self._session.keys(row["id"] for row in rows)
        return [member_of(row, keys.get(row["id"])) for row in rows]

    async def _one(self, query: str, value: object) -> Member | None:
        row = await self._session.row(query, value)
        if row is None:
            return None
        return member_of(row, (await self._session.keys([row["id"]])).get(row["id"]))


def address_index(vault: Vault, channel: Channel, address: str) -> str | bytes:
    """How an address is looked up: a Matrix id as it is, a number or an ACI by its HMAC."""
    return address if channel is Channel.MATRIX else vault.index(channel.value, address)


def word_indexes(vault: Vault, territory: str, words: Iterable[str]) -> list[int]:
    """How beginnings of names are looked up: four bytes of an HMAC that is the territory's own."""
    indexes = {vault.index("word", f"{territory}\0{word}")[:4] for word in words}
    return sorted(int.from_bytes(index, signed=True) for index in indexes)


def likeness_indexes(vault: Vault, member: Member) -> list[int]:
    """How a shop that is there already is found: eight bytes of HMACs, the territory's own."""
    land = member.territory
    found = {vault.index("likeness", f"{land}\0{text}")[:8] for text in likenesses(member)}
    return sorted(int.from_bytes(index, signed=True) for index in found)


def zone_from(text: str) -> Zone:
    """The zone that `str(zone)` wrote."""
    level, _, code = text.partition(":")
    return Zone(Level(level), code)


def _address(vault: Vault, member: Member, channel: Channel) -> str | bytes | None:
    address = member.address(channel)
    return None if address is None else address_index(vault, channel, address)


def member_of(row: Record, key: DataKey | None) -> Member:
    words = open_words(key, SEALED, row["sealed"])
    return Member(
        id=MemberId(row["id"]),
        role=Role(row["role"]),
        name=words.get("name") or "",
        territory=row["territory"],
        shop=words.get("shop") or "",
        trades=tuple(TradeId(trade) for trade in row["trades"]),
        commune=Insee(row["commune"]),
        zones=tuple(zone_from(zone) for zone in row["zones"]),
        channels=frozenset(Channel(channel) for channel in row["channels"]),
        mxid=UserId(row["mxid"]) if row["mxid"] else None,
        phone=words.get("phone"),
        signal=words.get("signal"),
        language=row["language"],
        siret=words.get("siret") or "",
        sms_fallback=row["sms_fallback"],
        trained=row["trained_on"],
    )


# The order of the three addresses is that of `Channel`: Matrix, Signal, SMS.
HOLDER = """
SELECT id FROM members
WHERE id <> $1 AND (mxid = $2 OR signal_index = $3 OR phone_index = $4) LIMIT 1
"""
SAVE = """
INSERT INTO members (id, role, territory, trades, commune, zones, channels, language,
                     mxid, signal_index, phone_index, sealed, saved_at,
                     sms_fallback, words, likeness, trained_on)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16,
        $17)
ON CONFLICT (id) DO UPDATE SET
    role = excluded.role, territory = excluded.territory, trades = excluded.trades,
    commune = excluded.commune, zones = excluded.zones, channels = excluded.channels,
    language = excluded.language, mxid = excluded.mxid, signal_index = excluded.signal_index,
    phone_index = excluded.phone_index, sealed = excluded.sealed, saved_at = excluded.saved_at,
    sms_fallback = excluded.sms_fallback, words = excluded.words, likeness = excluded.likeness,
    trained_on = excluded.trained_on
"""
GET = "SELECT * FROM members WHERE id = $1"
SOME = "SELECT * FROM members WHERE id = ANY($1)"
NEAR = """
SELECT * FROM members
WHERE likeness && $1::bigint[] OR mxid = ANY ($2::text[])
    OR signal_index = ANY ($3::bytea[]) OR phone_index = ANY ($4::bytea[])
ORDER BY id
"""
AT = "SELECT * FROM members WHERE {column} = $1"
EVERYONE = "SELECT * FROM members WHERE $1::text IS NULL OR territory = $1 ORDER BY id"
