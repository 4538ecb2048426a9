"""What the page after the signature shows, as whoever reads it takes it down."""

import html
import re
from dataclasses import dataclass
from typing import Any

from appservice.domain.member import Channel, Member
from support.console import ConsoleTown, Page, Person
from support.signing import a_link, a_newcomer, code_in, filled, send, texts_to


@dataclass(frozen=True)
class Keys:
    """The three lines to type on the telephone."""

    server: str
    user: str
    password: str


def keys_on(page: Page) -> Keys | None:
    found = dict(re.findall(r'<code id="(server|user|password)">([^<]+)</code>', page.text))
    return Keys(**{name: html.unescape(text) for name, text in found.items()}) if found else None


def handed_page(page: Page) -> str:
    """The path that a printed page shows."""
    found = re.search(r"<code>https?://[^/<]+(/arrivee/[^<]+)</code>", page.text)
    assert found is not None, page.text
    return found[1]


async def a_signer(town: ConsoleTown, **changes: Any) -> tuple[Member, str]:
    """Who signed by a link, on Element unless said otherwise; the path of what follows."""
    wish = {"channels": frozenset({Channel.MATRIX}), **changes}
    member = await a_newcomer(town, **wish)
    reader = town.visitor()
    path = await a_link(await town.mairie(), member)
    page = await send(reader, path, filled(await reader.get(path), act="code"))
    code = code_in(texts_to(town.store, member.phone or "")[-1])
    done = await send(reader, path, filled(page, code))
    assert done.path == f"{path}/fait", done.text
    found = re.search(r'href="(/arrivee/[^"]+)"', done.text)
    assert found is not None, done.text
    return member, found[1]


async def hand(mairie: Person, member: Member, what: str = "arrivee") -> Page:
    """Somebody of the mairie hands the page over, or a password (`mot-de-passe`)."""
    await mairie.get(f"/participants/{member.id}")
    return await mairie.post(f"/participants/{member.id}/{what}")
