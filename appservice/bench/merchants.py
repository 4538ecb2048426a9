"""Members by the hundred, enrolled and signed straight into the register."""

from collections.abc import Iterable

from appservice.app import clock
from appservice.domain.charter import Signature
from appservice.domain.ids import Insee, MemberId, TradeId, UserId
from appservice.domain.member import Channel, Member, Role
from appservice.domain.telephone.consent import Agreed, Consent
from appservice.domain.world import World
from appservice.store.postgres import PgStore

BRETAGNE = "ille-et-vilaine"  # ships with the product
TRADE = TradeId("buralistes")  # whose rooms are as wide as the département
AT_ONCE = 500  # in one transaction


def merchants(
    world: World, count: int, channel: Channel, trade: TradeId = TRADE, word: str = "membre"
) -> list[Member]:
    """Of one territory and one trade, a commune after the other."""
    communes = sorted(world.territories[BRETAGNE].communes)
    return [
        Member(
            id=MemberId(f"{word}-{number}"),
            role=Role.MERCHANT,
            name=f"Membre {number}",
            territory=BRETAGNE,
            shop=f"Boutique {number}",
            trades=(trade,),
            commune=Insee(communes[number % len(communes)]),
            channels=frozenset({channel}),
            mxid=UserId(f"@_maillage_{word}{number}:maillage.test")
            if channel is Channel.MATRIX
            else None,
            phone=f"+336{number:08}" if channel is Channel.SMS else None,
        )
        for number in range(count)
    ]


async def enrol(store: PgStore, world: World, people: Iterable[Member]) -> None:
    """As if each had been enrolled and had signed just now."""
    waiting = list(people)
    for start in range(0, len(waiting), AT_ONCE):
        async with store.transaction() as tx:
            for person in waiting[start : start + AT_ONCE]:
                await tx.members.save(person)
                await tx.signatures.add(signed(world, person))
                if person.phone is not None:
                    agreed = Consent(person.id, Agreed(clock()), "OUI")
                    await tx.telephone.consents.advance(person.phone, agreed, None)


def signed(world: World, person: Member) -> Signature:
    charter = world.charter_for(person)
    if charter is None:
        raise LookupError(person.territory)
    now = clock()
    return Signature(
        person.id, charter.id, charter.version, charter.hash, now, now + charter.valid_for
    )
