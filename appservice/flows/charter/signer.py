"""Whoever holds a link reads the charter, asks for a code, and signs: once."""

import re
from dataclasses import dataclass, replace

from appservice.domain.audit import Act
from appservice.domain.charter import Charter, Signature
from appservice.domain.delivery import Parcel, Urgency
from appservice.domain.errors import PermanentFailure
from appservice.domain.member import Channel, Member
from appservice.domain.signing import (
    AFTER_SIGNING,
    BOXES,
    CODE_LASTS,
    DONE_LASTS,
    MOST_CODES,
    Arrival,
    Evidence,
    SigningLink,
    code_digest,
    is_same_name,
    six_digits,
)
from appservice.domain.territory import Territory
from appservice.domain.wording.signing import code_text
from appservice.flows.charter import refusals as say
from appservice.flows.console.entry import LinkIsOver, NotThat, Tries, digest, new_token
from appservice.flows.ports import Clock, NewId, Store, Transaction
from appservice.flows.reconciliation import Ring, announced
from appservice.flows.signature import Signing

_CODES_TO_ONE_NUMBER = MOST_CODES
"""In a quarter of an hour, however many links were made."""

_SIX_DIGITS = re.compile(r"[0-9]{6}")


@dataclass(frozen=True, slots=True)
class Offered:
    """What the page of an open link shows."""

    link: SigningLink
    member: Member
    territory: Territory
    charter: Charter


@dataclass(frozen=True, slots=True)
class Form:
    """What was filled in."""

    shown_hash: str
    boxes: frozenset[str]
    name: str
    code: str
    language: str


@dataclass(frozen=True, slots=True)
class Signer:
    """Every answer begins with the link. Raises LinkIsOver, in words that say how it ended."""

    store: Store
    clock: Clock
    new_id: NewId
    signing: Signing
    ring: Ring

    async def offered(self, token: str) -> Offered:
        """Looking changes nothing."""
        async with self.store.transaction() as tx:
            link = await tx.signing_links.get(digest(token))
            return await self._offer(tx, self._open(link))

    async def send_code(self, token: str, language: str) -> str:
        """Queues the text, which says nothing but the code; returns the number it goes to.

        Raises NotThat when none may leave now, LockedOut when that number had many of late.
        """
        number = (await self.offered(token)).member.phone
        if number is not None:
            name = f"signing-code:{number}"
            await Tries(self.store, self.clock).one_more(name, _CODES_TO_ONE_NUMBER)
        now = self.clock()
        async with self.store.transaction() as tx:
            link = self._open(await tx.signing_links.hold(digest(token)))
            person = (await self._offer(tx, link)).member
            number = await self._check_sending(tx, link, person)
            code = six_digits(new_token(self.new_id))
            await tx.signing_links.save(link.with_code(code_digest(token, code), now))
            parcel = Parcel(
                key=f"signing-code:{link.digest.hex()}:{link.sent}",
                channel=Channel.SMS,
                target=number,
                body=code_text(code, language),
                member=person.id,
                urgency=Urgency.URGENT,  # who has just asked is awake
                expires_at=now + CODE_LASTS,
            )
            await tx.outbox.put([parcel])
            await tx.acts.append(
                Act(person.id, "charter.code", person.id, now, territory=person.territory)
            )
        return number

    async def sign(self, token: str, form: Form) -> Signature | None:
        """Uses the link; None when that same form was accepted a short while ago.

        Raises NotThat, which uses nothing but, for a wrong code, one try; TextChanged.
        """
        now, code = self.clock(), "".join(form.code.split())
        given = code_digest(token, code)
        signature = None
        async with self.store.transaction() as tx:
            held = await tx.signing_links.hold(digest(token))
            if held is not None and held.is_done_again(given, now):
                return None
            link = self._open(held)
            person = (await self._offer(tx, link)).member
            _check(form, person)
            verdict = link.judge(given, now)
            if verdict == "right":
                signature = await self._sign(tx, link, person, form)
                await tx.signing_links.save(replace(link, used_at=signature.signed_at))
                # The same paper leads on, for a day.
                until = now + AFTER_SIGNING
                await tx.arrivals.add(Arrival(link.digest, person.id, link.by, now, until))
            elif verdict == "wrong" and _SIX_DIGITS.fullmatch(code):
                # Kept though the form is refused: a hundred tries at once are a hundred.
                await self._note(tx, link.tried(), person.territory)
        if signature is None:
            raise NotThat("code", _PROBLEMS[verdict])
        await announced(self.ring)
        return signature

    async def done(self, token: str) -> tuple[Offered, Signature]:
        """What was signed by that link, for an hour; afterwards it is a link that was used."""
        now = self.clock()
        async with self.store.transaction() as tx:
            link = await tx.signing_links.get(digest(token))
            if link is None or link.used_at is None or now >= link.used_at + DONE_LASTS:
                raise self._over(link)
            signature = await tx.signatures.latest(link.member)
            offered = await self._offer(tx, link)
        if signature is None or signature.signed_at != link.used_at:
            raise self._over(link)
        return offered, signature

    async def _sign(
        self, tx: Transaction, link: SigningLink, person: Member, form: Form
    ) -> Signature:
        evidence = Evidence(
            name=form.name,
            boxes=BOXES,
            proof="handed" if link.handed else "sms",
            number_end="" if link.handed or person.phone is None else person.phone[-2:],
            language=form.language,
            salt=new_token(self.new_id),
        )
        readmitted_by = link.by if link.readmits else None
        return await self.signing.record(tx, person.id, form.shown_hash, readmitted_by, evidence)

    async def _note(self, tx: Transaction, link: SigningLink, land: str) -> None:
        now = self.clock()
        await tx.signing_links.save(link)
        if link.state(now) == "locked":
            await tx.acts.append(Act("service", "charter.lock", link.member, now, territory=land))

    async def _check_sending(self, tx: Transaction, link: SigningLink, person: Member) -> str:
        if link.handed or person.phone is None:
            raise NotThat("code", say.HANDED if link.handed else say.SILENCED)
        if link.sent >= MOST_CODES:
            raise NotThat("code", say.NO_MORE_CODES)
        if not link.may_send(self.clock()):
            raise NotThat("code", say.TOO_SOON)
        known = await tx.telephone.consents.of(person.phone)
        if known is not None and known.refuses:
            raise NotThat("code", say.SILENCED)
        return person.phone

    def _open(self, link: SigningLink | None) -> SigningLink:
        if link is None or link.state(self.clock()) != "open":
            raise self._over(link)
        return link

    def _over(self, link: SigningLink | None) -> LinkIsOver:
        """Whoever comes with a link that we never made learns no more than that."""
        ended = say.refusal(link.state(self.clock())) if link is not None else None
        return ended or LinkIsOver()

    async def _offer(self, tx: Transaction, link: SigningLink) -> Offered:
        world = self.signing.world
        person = await tx.members.get(link.member)
        territory = world.territory_of(person) if person is not None else None
        charter = world.charter_for(person) if person is not None else None
        if person is None or territory is None or charter is None:
            raise PermanentFailure("Aucune charte à signer pour ce territoire.")
        return Offered(link, person, territory, charter)


_PROBLEMS = {"wrong": say.WRONG_CODE, "void": say.VOID_CODE, "none": say.NO_CODE_YET}


def _check(form: Form, person: Member) -> None:
    """What can be mended without a code. Raises NotThat."""
    for box in BOXES:
        if box not in form.boxes:
            raise NotThat(box, say.TICK)
    if not is_same_name(form.name, person.name):
        raise NotThat("name", say.NOT_THE_NAME)
