"""Somebody who signs their charter in the browser: the link, the code on their phone, the form."""

import re
from collections.abc import Mapping
from typing import Any

import aiohttp

from appservice.domain.ids import Insee, MemberId, TradeId
from appservice.domain.member import Channel, Member, Role
from support.console import LIFFRE, ConsoleTown, Page, Person

NUMBER = "+33639980042"


async def a_newcomer(town: ConsoleTown, **changes: Any) -> Member:
    """Enrolled, and has signed nothing."""
    values: dict[str, Any] = {
        "id": MemberId(town.new_id()),
        "role": Role.MERCHANT,
        "name": "Claire Tanguy",
        "territory": LIFFRE,
        "shop": "Tabac de la Halle",
        "trades": (TradeId("buralistes"),),
        "commune": Insee("35152"),
        "channels": frozenset({Channel.SMS}),
        "phone": NUMBER,
    }
    member = Member(**{**values, **changes})
    async with town.store.transaction() as tx:
        await tx.members.save(member)
    return member


async def a_link(mairie: Person, member: Member, by: str = "lien") -> str:
    """The path that the printed page shows."""
    await mairie.get(f"/participants/{member.id}")
    page = await mairie.post(f"/participants/{member.id}/{by}")
    assert page.status == 200, page.text
    found = re.search(r"<code>https?://[^/<]+(/signer/[^<]+)</code>", page.text)
    assert found is not None
    return found[1]


def handed_code(page: Page) -> str:
    found = re.search(r'<code class="handed">([0-9 ]+)</code>', page.text)
    assert found is not None
    return found[1]


def code_in(text: str) -> str:
    """The six digits of a text."""
    found = re.search(r"\b([0-9]{6})\b", text)
    assert found is not None, text
    return found[1]


def texts_to(store: Any, number: str = NUMBER) -> list[str]:
    """Bodies that the store in memory has queued for that telephone, oldest first."""
    sms = [p for p in store.parcels if p.channel is Channel.SMS]
    return [parcel.body for parcel in sms if parcel.target == number]


def filled(page: Page, code: str = "", **changes: Any) -> dict[str, Any]:
    """The form of that page, as somebody who agrees fills it in."""
    found = re.search(r'name="hash" value="([0-9a-f]{64})"', page.text)
    assert found is not None, page.text
    form = {"hash": found[1], "boxes": ["read", "professional"], "name": "Claire Tanguy"}
    return {**form, "code": code, "act": "sign", **changes}


async def send(person: Person, path: str, form: Mapping[str, Any], **options: Any) -> Page:
    data = aiohttp.FormData()
    for name, value in form.items():
        for one in value if isinstance(value, list) else [value]:
            data.add_field(name, one)
    return await person.raw("POST", path, data=data, headers={"Origin": person.origin}, **options)


async def with_code(town: ConsoleTown, person: Person, path: str) -> tuple[Page, str]:
    """The page, and the code that it had sent to the telephone."""
    page = await send(person, path, filled(await person.get(path), act="code"))
    return page, code_in(texts_to(town.store)[-1])
