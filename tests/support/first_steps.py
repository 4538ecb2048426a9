"""Somebody who is enrolled by the mairie, signs by their link and reads the page that follows."""

import contextlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
from ruamel.yaml import YAML

from appservice.app import clock
from appservice.demo.cast import Cast
from appservice.demo.child import wait_until
from appservice.demo.people import BRETAGNE, LIFFRE
from appservice.demo.stage import Stage
from support.console import Page, Person
from support.signing import code_in, filled, send

PATIENCE = 60.0  # seconds; never a measure


@dataclass(frozen=True)
class Door:
    """Where the console of the running service is, for `Person`."""

    url: str
    clock = staticmethod(clock)


async def signing_link(cast: Cast, name: str, shop: str, number: str) -> str:
    """Of a tobacconist of Liffré whom no account was ever made for, as the mairie prints it."""
    entry = {
        "name": name,
        "role": "merchant",
        "territory": BRETAGNE,
        "channels": ["matrix"],
        "shop": shop,
        "trades": ["buralistes"],
        "commune": LIFFRE,
        "phone": number,
    }
    path = cast.stage.state / f"{number.removeprefix('+')}.yaml"
    with path.open("w", encoding="utf-8") as file:
        YAML(typ="safe", pure=True).dump({"members": [entry]}, file)
    await cast.maillage("enrol", str(path))
    return (await cast.maillage("link", number)).out.strip()


async def signed(stage: Stage, person: Person, link: str, name: str, number: str) -> str:
    """Reads, ticks, asks for a code, signs; the path of what follows, not looked at yet."""
    path = link.removeprefix(stage.console_url)
    texts = len(stage.kannel.inbox(number))
    page = await send(person, path, filled(await person.get(path), act="code", name=name))

    async def told() -> bool:
        return len(stage.kannel.inbox(number)) > texts

    await wait_until(told, "Le code", PATIENCE)
    code = code_in(stage.kannel.inbox(number)[-1].text)
    done = await send(person, path, filled(page, code, name=name))
    found = re.search(r'href="(/arrivee/[^"]+)"', done.text)
    assert found is not None, done.text
    return found[1]


async def insists(person: Person, path: str, form: Mapping[str, Any] | None = None) -> Page:
    """Asks again until the console, which starts, answers."""
    pages: list[Page] = []

    async def answered() -> bool:
        with contextlib.suppress(aiohttp.ClientError):
            ask = person.post(path, form) if form else person.get(path)
            pages.append(await ask)
        return bool(pages)

    await wait_until(answered, "La console", PATIENCE)
    return pages[0]


async def is_cut_off(person: Person, path: str, form: Mapping[str, Any] | None = None) -> None:
    """Asks a service that dies before it answers."""
    with contextlib.suppress(aiohttp.ClientError):
        page = await (person.post(path, form) if form else person.get(path))
        raise AssertionError(f"answered: {page.status}")
