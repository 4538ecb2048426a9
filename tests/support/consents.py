"""Who agreed to an SMS when Signal fails, as the mairie writes it at enrolment."""

from dataclasses import replace

from appservice.app import clock, open_office
from appservice.demo.cast import Cast
from appservice.domain.member import Channel
from appservice.domain.telephone.consent import Agreed, Consent
from appservice.files.config import load_config

# Seconds, by which the service's clock is moved instead of waiting.
LONGER_THAN_ANYBODY_WAITS = 130


async def agrees_to_sms(cast: Cast, key: str, agreed: bool) -> None:
    """Somebody on Signal; their number said OUI."""
    async with (
        open_office(load_config(cast.stage.config)) as office,
        office.store.transaction() as tx,
    ):
        member = await tx.members.at(Channel.SIGNAL, cast.aci(key))
        assert member is not None
        number = cast.people[key].number if agreed else None
        await tx.members.save(replace(member, phone=number, sms_fallback=agreed))
        if number is not None:
            yes = Consent(member.id, Agreed(clock()), "OUI")
            await tx.telephone.consents.advance(number, yes, None)
