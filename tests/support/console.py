"""The console opened on a free port, and somebody who uses it as a browser does."""

import base64
import itertools
import re
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from html import unescape
from typing import Any, Self

import aiohttp
import pyotp
from aiohttp import hdrs
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from yarl import URL

from appservice.demo.ports import any_free_port
from appservice.domain.audit import Act
from appservice.domain.charter import Charter, Signature
from appservice.domain.console import HOLDERS, Position, Right, position_of
from appservice.domain.ids import Insee, MemberId, TradeId, UserId
from appservice.domain.member import Channel, Member, Role
from appservice.domain.telephone.consent import Agreed, Consent
from appservice.domain.territory import Level, Zone
from appservice.domain.world import World
from appservice.files.keyring.receipts import receipt_identity
from appservice.files.world import load_world, shipped_paths
from appservice.flows.arrival.arriving import Arriving
from appservice.flows.charter.links import SigningLinks
from appservice.flows.charter.receipts import Receipts
from appservice.flows.charter.signer import Signer
from appservice.flows.console.audience import Audiences
from appservice.flows.console.casework import Casework
from appservice.flows.console.composing import Composing
from appservice.flows.console.conditions import Conditions
from appservice.flows.console.dispatch import Dispatch
from appservice.flows.console.importing import Importing
from appservice.flows.console.invitations import Invitations
from appservice.flows.console.log import Log
from appservice.flows.console.openly import Openly
from appservice.flows.console.presence import Presence
from appservice.flows.console.register import Register
from appservice.flows.console.removal import Removal
from appservice.flows.enrolment import Enrolment
from appservice.flows.governance.indicators import Watching
from appservice.flows.governance.protocol import Protocol
from appservice.flows.governance.training import Training
from appservice.flows.ports import Store
from appservice.flows.provisioning import Applied
from appservice.flows.signature import Signing
from appservice.web.desk import Desk
from appservice.web.factors import TotpCodes
from appservice.web.receipts.sealed import PdfReceipts
from appservice.web.routing import Access
from appservice.web.server import ConsoleServer
from support.accounts import MemoryAccounts, MemoryIntroductions
from support.golden import PlainSeals
from support.store_builders import HandClock

LIFFRE, MANTES = "ille-et-vilaine", "yvelines-mantes"
PASSWORD = "trois petits oiseaux sur le toit"
_NUMBERS = itertools.cycle(range(100))
_TOKEN = re.compile(r'name="jeton" value="([0-9a-f]+)"')


class QuickPasswords:
    """As `ScryptPasswords`, without the cost."""

    async def hash(self, password: str) -> str:
        return f"quick:{password}"

    async def matches(self, password: str, hashed: str) -> bool:
        return hashed == f"quick:{password}"


@dataclass(frozen=True)
class KeySeals:
    """As `Keys` signs, without a folder."""

    key: Ed25519PrivateKey

    def sign(self, payload: bytes) -> str:
        return base64.b64encode(self.key.sign(payload)).decode().rstrip("=")


@dataclass
class SeatsOf:
    """Takes the right away as `Membership` does; there are no rooms to leave here."""

    store: Store
    clock: HandClock
    left: list[MemberId]

    async def revoke(self, member: MemberId, by: str) -> Applied:
        async with self.store.transaction() as tx:
            await tx.signatures.revoke(member, self.clock())
            await tx.acts.append(Act(by, "revoke", member, self.clock()))
        self.left.append(member)
        return Applied(done=3)


@dataclass(repr=False)  # a world is long to say, and asyncio says what its tasks return
class ConsoleTown:
    """A console over any store, with the world that ships."""

    store: Store
    clock: HandClock
    new_id: Any
    world: World = field(default_factory=lambda: shipped_world())
    passwords: Any = field(default_factory=QuickPasswords)
    bridges: dict[Channel, Any] = field(default_factory=dict)
    server: ConsoleServer | None = None
    people: list["Person"] = field(default_factory=list)
    left: list[MemberId] = field(default_factory=list)
    """Whose seats were taken away."""
    seals: Any = field(default_factory=PlainSeals)
    public_key: str = "a2V5"
    rung: list[str] = field(default_factory=list)
    time_stamps: bool = False
    host: str = "127.0.0.1"
    """As browsers name the console."""
    key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    """Of the service."""
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    accounts: MemoryAccounts = field(default_factory=MemoryAccounts)
    """Of the homeserver."""
    introductions: MemoryIntroductions = field(default_factory=MemoryIntroductions)

    @property
    def invitations(self) -> Invitations:
        codes = TotpCodes()
        return Invitations(self.store, self.clock, self.new_id, self.world, self.passwords, codes)

    @property
    def presence(self) -> Presence:
        codes = TotpCodes()
        return Presence(self.store, self.clock, self.new_id, self.world, self.passwords, codes)

    @property
    def signing(self) -> Signing:
        return Signing(self.store, KeySeals(self.key), self.clock, self.world, self.time_stamps)

    async def ring(self, topic: str) -> None:
        self.rung.append(topic)

    @property
    def url(self) -> str:
        assert self.server is not None
        return self.server.desk.url

    async def open(self) -> Self:
        port = any_free_port()
        url = f"http://{self.host}:{port}"
        enrolment = Enrolment(self.store, self.clock, self.new_id, self.world, "maillage.test")
        register = Register(self.store, self.clock, self.world)
        signer = Signer(self.store, self.clock, self.new_id, self.signing, self.ring)
        desk = Desk(
            *(url, self.clock, self.world, self.presence, self.invitations, enrolment),
            register,
            Removal(register, SeatsOf(self.store, self.clock, self.left)),
            signing_links=SigningLinks(
                self.store, self.clock, self.new_id, self.world, texts=True
            ),
            audiences=Audiences(self.store, self.clock, self.world),
            casework=Casework(self.store, self.clock, self.world),
            composing=Composing(self.store, self.clock, self.world),
            conditions=Conditions(self.bridges, self.clock),
            dispatch=Dispatch(self.store, self.clock, self.world),
            signer=signer,
            arriving=Arriving(
                *(self.store, self.clock, self.new_id, self.world, self.accounts),
                *("maillage.test", self.ring),
            ),
            signal_number="+33639980000",
            receipts=Receipts(self.store, self.clock, self.world, signer),
            receipt_maker=PdfReceipts(receipt_identity(self.key)),
            log=Log(self.store, self.store.audit, self.seals, self.clock),
            importing=Importing(self.store, self.clock, self.new_id, enrolment),
            openly=Openly(self.store.counted, self.clock, self.world),
            watching=Watching(self.store.counted, self.clock, self.world),
            training=Training(self.store, self.clock),
            protocol=Protocol(self.store, self.clock, self.world),
            public_key=self.public_key,
            introductions=self.introductions,
        )
        await self.stack.enter_async_context(desk.importing.working())
        self.server = ConsoleServer(desk)
        await self.server.open("127.0.0.1", port)
        return self

    async def close(self) -> None:
        for person in self.people:
            await person.close()
        await self.stack.aclose()
        if self.server is not None:
            await self.server.close()

    def visitor(self) -> "Person":
        """Somebody who has no account yet."""
        person = Person(self)
        self.people.append(person)
        return person

    async def agent(self, role: Role, territory: str = LIFFRE, *, signed: bool = True) -> Member:
        """Somebody of the register who is not a merchant."""
        member = Member(
            id=MemberId(self.new_id()),
            role=role,
            name=f"Camille {role.french}",
            territory=territory,
            zones=(Zone(Level.TERRITORY, territory),),
            channels=frozenset({Channel.SMS}),
            phone=f"+336399809{next(_NUMBERS):02}",
        )
        async with self.store.transaction() as tx:
            await tx.members.save(member)
        if signed:
            await self.sign(member)
        return member

    async def merchant(
        self, name: str, *channels: Channel, commune: str = "35152", trade: str = "buralistes"
    ) -> Member:
        """Who has signed, and answered OUI when they chose SMS."""
        territory = MANTES if commune == "78361" else LIFFRE
        member = Member(
            id=MemberId(self.new_id()),
            role=Role.MERCHANT,
            name=name,
            territory=territory,
            shop=f"Tabac {name}",
            trades=(TradeId(trade),),
            commune=Insee(commune),
            channels=frozenset(channels or (Channel.SMS,)),
            mxid=UserId(f"@{name.lower()}:maillage.test"),
            phone=f"+336399810{next(_NUMBERS):02}",
            signal=f"aci-{name}",
        )
        async with self.store.transaction() as tx:
            await tx.members.save(member)
            agreed = Consent(member.id, Agreed(self.clock()), "OUI")
            assert member.phone is not None
            await tx.telephone.consents.advance(member.phone, agreed, None)
        await self.sign(member)
        return member

    async def sign(self, member: Member, **changes: Any) -> None:
        charter = self.world.charter_for(member)
        assert charter is not None
        async with self.store.transaction() as tx:
            signature = a_signature_of(member, charter, self.clock())
            await tx.signatures.add(replace(signature, **changes))

    async def mairie(self, territory: str = LIFFRE) -> "Person":
        """Signed in."""
        return await self.signed_in(await self.agent(Role.MAIRIE, territory))

    async def signed_in(self, member: Member) -> "Person":
        token = await self.invitations.invite_member(f"{member.id}@exemple.fr", member.id)
        return await self.visitor().accept(token)

    async def holder_of(self, access: Access | Right) -> "Person":
        """Somebody signed in who may take such a route."""
        holders = HOLDERS[access] if isinstance(access, Right) else [Position.MAIRIE]
        roles = [role for role in Role if position_of(role) in holders]
        if roles:
            return await self.signed_in(await self.agent(roles[0]))
        return await self.outsider(next(iter(holders)))

    async def outsider(self, position: Position, territory: str = "") -> "Person":
        login = f"{position.value}-{len(self.people)}@exemple.fr"
        token = await self.invitations.invite(login, "Dominique", position, territory)
        return await self.visitor().accept(token)


@dataclass
class Page:
    """What came back."""

    status: int
    text: str
    headers: Mapping[str, str]
    path: str


class Person:
    """One browser: cookies, and the origin that a browser names."""

    def __init__(self, town: ConsoleTown) -> None:
        self._town = town
        self._http = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        self.secret = ""
        self.login = ""
        self.token = ""

    @property
    def cookie(self) -> str:
        return next(c.value for c in self._http.cookie_jar if c.key == "maillage")

    @property
    def origin(self) -> str:
        return self._town.url

    async def close(self) -> None:
        await self._http.close()

    async def get(self, path: str, **options: Any) -> Page:
        return await self._ask("GET", path, **options)

    async def post(self, path: str, form: Mapping[str, Any] | None = None, **options: Any) -> Page:
        """Sends a form as a page of the console would, with the last page's token."""
        headers = {hdrs.ORIGIN: self._town.url, **options.pop("headers", {})}
        data = {"jeton": self.token, **(form or {})}
        return await self._ask("POST", path, data=data, headers=headers, **options)

    async def raw(self, method: str, path: str, **options: Any) -> Page:
        """Exactly what is given."""
        return await self._ask(method, path, **options)

    async def accept(self, token: str) -> Self:
        """Takes an invitation up, to the first page."""
        path = f"/invitation/{token}"
        page = await self.get(path)
        assert page.status == 200, page.text
        found = re.search(r"<code>([A-Z2-7 ]+)</code>", page.text)
        assert found is not None
        self.secret = found[1].replace(" ", "")
        login = re.search(r'name="login" value="([^"]+)"', page.text)
        assert login is not None
        self.login = unescape(login[1])
        page = await self.post(path, self.credentials())
        assert page.path == "/", page.text
        return self

    def credentials(self, **changes: str) -> dict[str, str]:
        return {"password": PASSWORD, "again": PASSWORD, "code": self.code(), **changes}

    def code(self, later: timedelta = timedelta()) -> str:
        """What their application shows now."""
        return pyotp.TOTP(self.secret).at(self._town.clock() + later)

    async def _ask(self, method: str, path: str, **options: Any) -> Page:
        options.setdefault("allow_redirects", True)
        url = URL(self._town.url + path, encoded=True)
        async with self._http.request(method, url, **options) as answer:
            text = await answer.text(errors="replace")  # a PDF too
            found = _TOKEN.search(text)
            if found is not None:
                self.token = found[1]
            return Page(answer.status, text, answer.headers, answer.url.path)


def shipped_world() -> World:
    """Territories, charters and rules as they ship."""
    return load_world(shipped_paths())


def a_signature_of(member: Member, charter: Charter, now: datetime) -> Signature:
    return Signature(
        member=member.id,
        charter=charter.id,
        version=charter.version,
        text_hash=charter.hash,
        signed_at=now,
        valid_until=now + charter.valid_for,
        seal="c2lnbsOp",
    )
