"""Many people at once."""

from dataclasses import replace

from appservice.domain.member import Channel, Member
from support.story import BURALISTES, LIFFRE, Story, merchant, signature

# The same event, in three mouths.
TEXTS = ("Faux billets de 50 ici", "un client paie en faux billets", "fausse monnaie chez moi")


async def crowd(story: Story, count: int) -> list[Member]:
    """Tobacconists with a telephone each, enrolled and signed."""
    people = [
        replace(
            merchant(f"zz{n:03d}", LIFFRE, BURALISTES, channels=frozenset({Channel.SMS})),
            phone=f"+3363998{7000 + n}",
        )
        for n in range(count)
    ]
    async with story.store.transaction() as tx:
        for person in people:
            await tx.members.save(person)
            await tx.signatures.add(signature(person))
    return people
