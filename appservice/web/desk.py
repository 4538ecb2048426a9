"""What every page is given: the flows, the texts, and who is asking."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from multidict import MultiDictProxy

from appservice.domain.console import Visitor
from appservice.domain.errors import NotAllowed
from appservice.domain.ids import AlertId, MemberId
from appservice.domain.territory import Territory
from appservice.domain.world import World
from appservice.flows.arrival.arriving import Arriving
from appservice.flows.arrival.group_doors import GroupDoors
from appservice.flows.arrival.handing import Handing
from appservice.flows.arrival.linking import Linking
from appservice.flows.charter.links import SigningLinks
from appservice.flows.charter.receipts import Receipts
from appservice.flows.charter.signer import Signer
from appservice.flows.console.agents import Agents
from appservice.flows.console.audience import Audiences
from appservice.flows.console.casework import Casework
from appservice.flows.console.composing import Composing
from appservice.flows.console.conditions import Conditions
from appservice.flows.console.dispatch import Dispatch
from appservice.flows.console.editing import Editing
from appservice.flows.console.importing import Importing
from appservice.flows.console.invitations import Invitations
from appservice.flows.console.log import Log
from appservice.flows.console.openly import Openly
from appservice.flows.console.passkeys import Passkeys
from appservice.flows.console.presence import Presence
from appservice.flows.console.register import Register
from appservice.flows.console.removal import Removal
from appservice.flows.console.vouching import Vouching
from appservice.flows.enrolment import Enrolment
from appservice.flows.governance.indicators import Watching
from appservice.flows.governance.protocol import Protocol
from appservice.flows.governance.training import Training
from appservice.flows.ports import Clock, Introductions
from appservice.web.openid.provider import Provider
from appservice.web.receipts.sealed import PdfReceipts
from appservice.web.webauthn import WebAuthnKeys, keys_of
from bridges.protocol import Groups


@dataclass(frozen=True, slots=True)
class Desk:
    """The console's flows and settings."""

    url: str  # where people reach it, without a final slash
    clock: Clock
    world: World
    presence: Presence
    invitations: Invitations
    enrolment: Enrolment
    register: Register
    removal: Removal
    signing_links: SigningLinks = field(kw_only=True)
    signer: Signer = field(kw_only=True)
    arriving: Arriving = field(kw_only=True)
    log: Log = field(kw_only=True)
    importing: Importing = field(kw_only=True)
    audiences: Audiences = field(kw_only=True)
    casework: Casework = field(kw_only=True)
    composing: Composing = field(kw_only=True)
    dispatch: Dispatch = field(kw_only=True)
    receipts: Receipts = field(kw_only=True)
    receipt_maker: PdfReceipts = field(kw_only=True)
    openly: Openly = field(kw_only=True)
    watching: Watching = field(kw_only=True)
    training: Training = field(kw_only=True)
    conditions: Conditions = field(kw_only=True)
    protocol: Protocol = field(kw_only=True)
    public_key: str = field(kw_only=True)  # of the service, in base64
    behind_proxy: bool = False  # the last address of X-Forwarded-For is then the visitor's
    providers: Mapping[str, Provider] = field(default_factory=dict)  # by organisation
    signal_number: str = ""  # of the service
    introductions: Introductions | None = None  # without it nobody links an account
    groups: Groups | None = None  # of Signal
    authority: str = ""  # a body of the State, which dresses the console as such

    @property
    def key_checks(self) -> WebAuthnKeys | None:
        """None where browsers make no passkeys."""
        return keys_of(self.url)

    @property
    def passkeys(self) -> Passkeys | None:
        checks = self.key_checks
        if checks is None:
            return None
        return Passkeys(self.presence.store, self.clock, self.presence.new_id, checks)

    @property
    def handing(self) -> Handing:
        return Handing(self.arriving)

    @property
    def linking(self) -> Linking:
        return Linking(self.arriving, self.introductions)

    @property
    def group_doors(self) -> GroupDoors:
        arriving = self.arriving
        return GroupDoors(arriving.store, self.clock, arriving.world, self.groups)

    @property
    def editing(self) -> Editing:
        return Editing(self.enrolment, self.signer.ring)

    @property
    def agents(self) -> Agents:
        return Agents(self.enrolment, self.signer.ring)

    @property
    def vouching(self) -> Vouching:
        return Vouching(self.presence.store, self.clock, self.presence.new_id)

    @property
    def is_secure(self) -> bool:
        return self.url.startswith("https://")

    @property
    def cookie(self) -> str:
        """`__Host-`: the browser itself refuses it from elsewhere, and over http."""
        return "__Host-maillage" if self.is_secure else "maillage"


@dataclass(slots=True)
class Asked:
    """What is known of the request in hand."""

    language: str
    token: str = ""  # of the session
    visitor: Visitor | None = None
    form: Mapping[str, Any] = field(default_factory=dict)


DESK = web.AppKey("desk", Desk)
ASKED = web.RequestKey("asked", Asked)


def asked(request: web.Request) -> Asked:
    """What admission found out."""
    return request[ASKED]


def visitor_of(request: web.Request) -> Visitor:
    """Whoever is signed in, on a route that asks for it."""
    visitor = asked(request).visitor
    if visitor is None:
        raise web.HTTPUnauthorized
    return visitor


def text_of(request: web.Request, field: str, longest: int = 1000) -> str:
    """A field of the form, trimmed; empty when it is missing, too long or a file."""
    value = asked(request).form.get(field, "")
    return value.strip() if isinstance(value, str) and len(value) <= longest else ""


def alert_of(request: web.Request) -> AlertId:
    """Which alert the address names. What can't be a number is no alert's."""
    number = number_in(request.match_info["alert"])
    if number is None:
        raise web.HTTPNotFound
    return AlertId(number)


def number_in(text: str) -> int | None:
    """A number of a case; None when it can't be one."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= 15 else None


def new_click(request: web.Request) -> str:
    """Names a page that is about to be shown, so that its form acts once."""
    return request.app[DESK].presence.new_id()


def several_of(request: web.Request, field: str) -> tuple[str, ...]:
    """Every value of a field that may be given more than once."""
    form = asked(request).form
    values = form.getall(field, []) if isinstance(form, MultiDictProxy) else []
    return tuple(value for value in values if isinstance(value, str) and len(value) <= 100)


def secret_of(request: web.Request, field: str) -> str:
    """A field of the form, as it was typed."""
    value = asked(request).form.get(field, "")
    return value if isinstance(value, str) else ""


def member_of(request: web.Request) -> MemberId:
    """Whom the address names. What can't be an id is nobody's, and is not asked of anybody."""
    text = request.match_info["member"]
    if not text.isprintable():
        raise web.HTTPNotFound
    return MemberId(text)


def territory_of(request: web.Request) -> Territory:
    """The visitor's own land. Raises NotAllowed for whoever has none, or all of them."""
    territory = request.app[DESK].world.territories.get(visitor_of(request).account.territory)
    if territory is None:
        raise NotAllowed
    return territory


def place_of(request: web.Request) -> str:
    """Where the visitor comes from, to count tries."""
    if request.app[DESK].behind_proxy:
        return request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
    return request.remote or ""


def local(path: str) -> str:
    """The path if it is one of this site, else the first page: nobody is sent elsewhere."""
    here = path.startswith("/") and not path.startswith(("//", "/\\"))
    return path if here and path.isprintable() and "\\" not in path else "/"


def sent_to(path: str) -> web.Response:
    """The answer to a form that was done: the browser asks for another page."""
    return web.Response(status=303, headers={"Location": local(path)})
