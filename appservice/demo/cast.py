"""The people of the story with their phones in hand: Element, Signal, a basic phone."""

import asyncio
import json
import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import aiohttp
from ruamel.yaml import YAML

from appservice.demo.child import wait_until
from appservice.demo.element import Element, Seen
from appservice.demo.failure import StartFailed
from appservice.demo.guests import Guest
from appservice.demo.homeserver import Account
from appservice.demo.people import PEOPLE, Person, seed
from appservice.demo.prompt import Answer
from appservice.demo.scenery import Scenery, look_around
from appservice.demo.stage import Stage
from appservice.demo.standins.signal_people import Note
from appservice.domain.ids import RoomId

AGREED = "vous recevrez les alertes par SMS"


class CommandFailed(StartFailed):
    """A command of the story did not succeed."""


@dataclass(slots=True)
class Cast:
    """Everybody, by the key of `people.Person`."""

    stage: Stage
    people: Mapping[str, Person] = field(default_factory=lambda: {p.key: p for p in PEOPLE})
    elements: dict[str, Element] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    scenery: Scenery = field(default_factory=Scenery)

    async def enter(self) -> None:
        """Accounts on the homeserver, Signal accounts, and each Element open."""
        self.accounts = self._kept_accounts()
        for person in self.people.values():
            if person.on_element:
                await self.open_element(person)

    async def leave(self) -> None:
        for element in self.elements.values():
            await element.close()
        self.elements.clear()

    def next_run(self) -> int:
        """Counts the performances in this folder; screens are wiped for the new one."""
        path = self.stage.state / "runs"
        run = int(path.read_text(encoding="ascii")) + 1 if path.is_file() else 1
        path.write_text(str(run), encoding="ascii")
        for element in self.elements.values():
            element.seen.clear()
        return run

    def mxid(self, key: str) -> str:
        return f"@{key}:{self.stage.server_name}"

    def aci(self, key: str) -> str:
        """The Signal account of that person; made at the first call."""
        person = self.people[key]
        return self.stage.signal.world.person(person.number, person.name)

    def address(self, key: str) -> str:
        """How a command names the person."""
        person = self.people[key]
        if person.on_element:
            return self.mxid(key)
        return self.aci(key) if "signal" in person.channels else person.number

    async def invited(self, guests: Iterable[Guest]) -> list[Guest]:
        """Each with a fresh link to the console, which works once."""
        return [await self._invited(guest) for guest in guests]

    async def _invited(self, guest: Guest) -> Guest:
        words = (
            ("--member", self.address(guest.person)) if guest.person else ("--role", guest.role)
        )
        named = () if guest.person else ("--name", guest.name)
        answer = await self.maillage("console", "invite", guest.login, *words, *named)
        return replace(guest, link=answer.out.strip())

    async def maillage(self, *words: str) -> Answer:
        """A command that must succeed. Raises CommandFailed with what it said."""
        answer = await self.stage.maillage(*words)
        if answer.status != 0:
            raise CommandFailed(f"maillage {' '.join(words)} :\n{answer.out}{answer.err}")
        return answer

    async def enrol(self, people: Iterable[Person] = ()) -> Answer:
        """These, or else everybody, from a seed file."""
        path = self.stage.state / "seed.yaml"
        content = seed(people or self.people.values(), self.stage.server_name, self._named_aci)
        with path.open("w", encoding="utf-8") as file:
            YAML(typ="safe", pure=True).dump(content, file)
        return await self.maillage("enrol", str(path))

    async def sign(self, keys: Iterable[str]) -> None:
        """Each signs the text with the hash that was shown, of the charter of their kind."""
        kinds: dict[str, list[str]] = {}
        for key in keys:
            kind = "merchant" if self.people[key].role == "merchant" else "agent"
            kinds.setdefault(kind, []).append(self.address(key))
        for people in kinds.values():
            shown = await self.maillage("charter", people[0])
            digest = shown.err.split()[2]
            # A performance that was cut short may have left somebody revoked.
            await self.maillage("sign", "--readmit", "--hash", digest, *people)

    async def agree(self, keys: Iterable[str]) -> int:
        """Each telephone is asked by SMS and answers OUI, once for ever; how many answered now."""
        count = 0
        for key in keys:
            person = self.people[key]
            if "sms" not in person.channels or self.copies(key, AGREED):
                continue
            await self.receives(key, "pondez OUI pour les recevoir")
            self.stage.kannel.say(person.number, "OUI")
            await self.receives(key, AGREED)
            count += 1
        return count

    async def look_around(self) -> Scenery:
        """Learns which rooms there are and who belongs in them."""
        self.scenery = await look_around(self.stage.config)
        return self.scenery

    def guichet(self, key: str) -> RoomId:
        """That person's own room with the service. Raises KeyError."""
        return self.scenery.guichet(self.mxid(key))

    async def accept_invitations(self, keys: Iterable[str] | None = None) -> int:
        """Everybody taps « Accepter » until nothing is left to accept; how many rooms."""
        people = keys or self.elements
        return sum(await asyncio.gather(*(self._accept_all(key) for key in people)))

    async def _accept_all(self, key: str) -> int:
        """One after the other, while the others do the same."""
        element = self.elements[key]
        missing = self.scenery.seats(self.mxid(key)) - await element.seats()

        async def invited() -> bool:
            return missing <= element.invitations

        await wait_until(invited, f"Les invitations de {key}", 30)
        for room in sorted(missing):
            await element.join(room)
        return len(missing)

    def signal_notes(self, key: str) -> Sequence[Note]:
        """What that Signal phone shows."""
        return self.stage.signal.world.inbox(self.aci(key))

    def texts(self, key: str) -> list[str]:
        """Every message that the phones of that person show now, deleted ones left out."""
        person, shown = self.people[key], list[str]()
        if key in self.elements:
            shown += [seen.text for seen in self.timeline(key) if not seen.deleted]
        if "signal" in person.channels:
            shown += [note.text for note in self.signal_notes(key) if not note.deleted]
        if "sms" in person.channels:
            shown += [sms.text for sms in self.stage.kannel.inbox(person.number)]
        return shown

    def timeline(self, key: str) -> list[Seen]:
        return self.elements[key].timeline()

    def copies(self, key: str, text: str) -> int:
        """How many messages with that text the person's phones show."""
        return sum(text in shown for shown in self.texts(key))

    async def receives(self, key: str, text: str, copies: int = 1, seconds: float = 30) -> None:
        """Waits until the person's phones show the text that many times."""

        async def shown() -> bool:
            return self.copies(key, text) == copies

        try:
            await wait_until(shown, f"« {text[:40]} » chez {key}", seconds)
        except StartFailed as late:
            screen = self.timeline(key) if key in self.elements else []
            locked = sum(not seen.readable for seen in screen)
            places = [seen.room for seen in screen if text in seen.text]
            found = f"{self.copies(key, text)} fois, {copies} attendues, {locked} illisibles"
            found += f", sur Element dans {places}" if places else ""
            raise StartFailed(f"{late} ({found})") from None

    def write_demo_json(self, phones: str, guests: Iterable[Guest]) -> None:
        """What the README says that `demo.json` holds."""
        stage = self.stage
        content = {
            "homeserver": stage.homeserver.url,
            "server_name": stage.server_name,
            "bot": stage.homeserver.bot,
            "console": stage.console_url,
            "phones": phones,
            "metrics": stage.metrics_url,
            "service": stage.service_url,
            "console_accounts": [asdict(guest) for guest in guests],
            "accounts": [self._described(key) for key in sorted(self.elements)],
            "rooms": self.scenery.described(stage.server_name),
        }
        path = stage.state / "demo.json"
        fresh = path.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(content, ensure_ascii=False, indent=1), encoding="utf-8")
        fresh.replace(path)

    def _described(self, key: str) -> dict[str, object]:
        person, account = self.people[key], self.accounts[key]
        return {
            "mxid": account.mxid,
            "password": account.password,
            "role": person.role,
            "name": person.name,
            "trade": person.trades[0] if person.trades else None,
            "commune": person.commune or person.zone.partition(":")[2],
        }

    def _named_aci(self, number: str, name: str) -> str:
        return self.stage.signal.world.person(number, name)

    async def account(self, key: str, *, admin: bool = False) -> Account:
        """That person's account on the homeserver; made at the first call, kept for ever."""
        if key not in self.accounts:
            password = secrets.token_urlsafe(9)
            registered = await self.stage.homeserver.register_user(key, password, admin=admin)
            self.accounts[key] = registered
            self._keep_accounts()
        return self.accounts[key]

    async def read_state(self, room: str, kind: str, key: str = "") -> dict[str, Any]:
        """A state event of a room, read as the service's account."""
        return await self._as_bot("GET", room, kind, key)

    async def tamper(self, room: str, kind: str, content: dict[str, Any], key: str = "") -> None:
        """Changes a room behind the service's back, with the service's own account."""
        await self._as_bot("PUT", room, kind, key, content)

    async def _as_bot(
        self, method: str, room: str, kind: str, key: str, content: object = None
    ) -> dict[str, Any]:
        homeserver = self.stage.homeserver
        url = f"{homeserver.url}/_matrix/client/v3/rooms/{room}/state/{kind}/{key}"
        headers = {"Authorization": f"Bearer {homeserver.as_token}"}
        query = {"user_id": homeserver.bot}
        async with (
            aiohttp.ClientSession() as http,
            http.request(method, url, json=content, headers=headers, params=query) as answer,
        ):
            body: dict[str, Any] = await answer.json()
            if answer.status != 200:
                raise StartFailed(f"{method} {kind} : {answer.status} {body}")
            return body

    async def open_element(self, person: Person) -> None:
        """Their phone, with Element signed in."""
        account = await self.account(person.key)
        store = self.stage.state / "element" / person.key
        element = Element(self.stage.homeserver.url, account, store)
        await element.start()
        self.elements[person.key] = element

    def _kept_accounts(self) -> dict[str, Account]:
        path = self.stage.state / "accounts.json"
        if not path.is_file():
            return {}
        kept = json.loads(path.read_text(encoding="utf-8"))
        return {key: Account(**account) for key, account in kept.items()}

    def _keep_accounts(self) -> None:
        path = self.stage.state / "accounts.json"
        fresh = path.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump({key: asdict(account) for key, account in self.accounts.items()}, file)
        fresh.replace(path)
