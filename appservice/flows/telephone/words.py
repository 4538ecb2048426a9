"""STOP and OUI, whoever writes them: honoured at once, before anything else is looked at."""

from dataclasses import replace
from datetime import datetime

from appservice.domain.audit import Act
from appservice.domain.charter import NotInForce
from appservice.domain.commands.telephone import Word, word_of
from appservice.domain.delivery import Parcel, Urgency
from appservice.domain.errors import PermanentFailure
from appservice.domain.member import Channel, Member
from appservice.domain.telephone.consent import Agreed, Asked, Consent, Stopped, name_of
from appservice.domain.wording import talk
from appservice.domain.wording import telephone as words
from appservice.domain.world import World
from appservice.flows.ports import Transaction
from bridges.protocol import Message


async def obeyed(
    tx: Transaction, world: World, message: Message, member: Member | None, now: datetime
) -> bool:
    """Whether the text was STOP or OUI; anything else is a report, a question or a greeting.

    OUI or NON once the number has answered our question is an answer to somebody else.
    """
    match word_of(message.text):
        case Word.STOP:
            await _stop(tx, world, message, member, now)
            return True
        case Word.NO if await _is_asked(tx, message.sender):
            await _stop(tx, world, message, member, now)
            return True
        case Word.YES if member is not None:
            return await _agree(tx, world, message, member, now)
        case _:
            return False


async def record(tx: Transaction, member: Member, by: str, now: datetime, *, yes: bool) -> bool:
    """What somebody told the mairie on paper: their sender's name may not take answers.

    `by` is kept in the audit. False when it is known already. Raises PermanentFailure without a
    number, and when a STOP that came from the number itself stands: only its OUI lifts it.
    """
    if member.phone is None:
        raise PermanentFailure(words.NO_NUMBER)
    known = await tx.telephone.consents.of(member.phone)
    if known is not None and (known.allows(member.id) if yes else known.refuses):
        return False
    if yes and known is not None and known.refuses and known.words:
        raise PermanentFailure(words.STOP_STANDS)
    stage = Agreed(now) if yes else Stopped(now)
    await _advance(tx, member.phone, Consent(member.id, stage))
    if not yes:
        await tx.telephone.texts.silence(member.phone, now)
    await _choose(tx, member, sms=yes)
    verb = "member.agree-sms" if yes else "member.stop-sms"
    await tx.acts.append(Act(by, verb, member.id, now, ("recorded-by-hand",), member.territory))
    return True


async def _is_asked(tx: Transaction, number: str) -> bool:
    known = await tx.telephone.consents.of(number)
    return known is not None and isinstance(known.stage, Asked)


async def _stop(
    tx: Transaction, world: World, message: Message, member: Member | None, now: datetime
) -> None:
    """For every territory: it is the number that is silenced. Confirmed once, the first time.

    A stranger's STOP is kept as well, and not answered: silence was asked for.
    """
    who, answer = (None, "") if member is None else (member.id, message.text)
    if not await _advance(tx, message.sender, Consent(who, Stopped(now), answer)):
        return
    called_off = await tx.telephone.texts.silence(message.sender, now)
    if member is None:
        return
    await _choose(tx, member, sms=False)
    await _say(tx, member, message, words.stopped(world.territory_of(member)))
    codes = ("queued-texts-called-off",) if called_off else ()
    await tx.acts.append(
        Act(member.id, "member.stop-sms", member.id, now, codes, member.territory)
    )


async def _agree(
    tx: Transaction, world: World, message: Message, member: Member, now: datetime
) -> bool:
    known = await tx.telephone.consents.of(message.sender)
    territory = world.territory_of(member)
    # Who chose another channel has nothing to agree to: their mairie texts them nothing.
    concerned = member.told_by_sms or (known is not None and known.refuses)
    if territory is None or not concerned or (known is not None and known.allows(member.id)):
        return False
    await _advance(tx, message.sender, Consent(member.id, Agreed(now), message.text))
    await _choose(tx, member, sms=True)
    signature = await tx.signatures.latest(member.id)
    standing = world.standing(member, signature, now)
    text = words.agreed(territory)
    if isinstance(standing, NotInForce):
        text = talk.charter_missing(standing, territory)
    await _say(tx, member, message, text)
    await tx.acts.append(
        Act(member.id, "member.agree-sms", member.id, now, territory=member.territory)
    )
    return True


async def _advance(tx: Transaction, number: str, consent: Consent) -> bool:
    """From whatever stands, also when it changes under our eyes; False when it is said already."""
    while True:
        known = await tx.telephone.consents.of(number)
        if known is not None and known.refuses and consent.refuses:
            return False
        expected = name_of(known.stage) if known is not None else None
        if await tx.telephone.consents.advance(number, consent, expected):
            return True


async def _choose(tx: Transaction, member: Member, *, sms: bool) -> None:
    if sms and member.sms_fallback:
        return  # agreed to what the mairie wrote down: a text when Signal fails, no more
    telephone = frozenset({Channel.SMS})
    channels = member.channels | telephone if sms else member.channels - telephone
    if channels != member.channels:
        await tx.members.save(replace(member, channels=channels))


async def _say(tx: Transaction, member: Member, message: Message, text: str) -> None:
    """Urgent: an answer to who has just written waits for no morning."""
    key = f"telephone:{message.key}"
    parcel = Parcel(key, Channel.SMS, message.sender, text, member=member.id)
    await tx.outbox.put([replace(parcel, urgency=Urgency.URGENT)])
