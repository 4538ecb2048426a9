"""The register: enrol, show the charter, sign, list, revoke."""

import sys
from argparse import Namespace

import aiohttp
from rich.console import Console
from rich.table import Table

from appservice.app import Office, clock, open_office, provisioning
from appservice.domain.charter import InForce, NotInForce
from appservice.domain.enrolment import OPERATOR, EnrolmentRefused
from appservice.domain.errors import PermanentFailure
from appservice.domain.ids import MemberId
from appservice.domain.member import Channel, Member
from appservice.domain.wording import telephone as words
from appservice.files.config import load_config
from appservice.files.seed import read_seed
from appservice.flows.arrival.handing import Handing
from appservice.flows.reconciliation import TOPIC


async def enrol(args: Namespace) -> int:
    """Everybody in the file, or nobody and every mistake at its line."""
    async with open_office(load_config(args.config)) as office:
        seed = read_seed(args.file, office.world, office.config.homeserver.server_name)
        try:
            people = await office.enrolment.enrol_all(seed.people, OPERATOR)
        except EnrolmentRefused as refused:
            raise seed.located(refused.mistakes) from refused
    for person in people:
        print(f"{person.id}\t{person.role.value}\t{person.attribution}")
    print(f"{len(people)} personne(s) inscrite(s).", file=sys.stderr)
    return 0


async def charter(args: Namespace) -> int:
    """The text that this person has to sign, to the byte; its hash on the error output."""
    async with open_office(load_config(args.config)) as office:
        person = await named(office, args.member)
        shown = await office.signing.shown_to(person.id)
    sys.stdout.write(shown.text)
    sys.stdout.flush()
    print(f"{shown.id} {shown.version} {shown.hash}", file=sys.stderr)
    return 0


async def sign(args: Namespace) -> int:
    """Records that these people signed the text with that hash."""
    by = OPERATOR if args.readmit else None
    async with open_office(load_config(args.config)) as office:
        for name in args.members:
            person = await named(office, name)
            signature = await office.signing.sign(person.id, args.hash, by)
            print(f"{person.id}\tsigné jusqu'au {signature.valid_until:%d/%m/%Y}")
        await office.store.wake.ring(TOPIC)
    return 0


async def link(args: Namespace) -> int:
    """Prints an address to sign at, once; and the code to say aloud, where no text can go."""
    async with open_office(load_config(args.config)) as office:
        if office.config.console is None:
            raise PermanentFailure("La configuration n'a pas de section « console ».")
        person = await named(office, args.member)
        made = await office.signing_links.make_as_operator(person.id)
    print(f"{office.config.console.url}/signer/{made.token}")
    if made.code:
        print(f"Code à dire de vive voix, identité vérifiée : {made.code}", file=sys.stderr)
    print(f"Ce lien sert une fois, jusqu'au {made.link.until:%d/%m/%Y}.", file=sys.stderr)
    return 0


async def arrival(args: Namespace) -> int:
    """Prints the address of a page that leads to a first message; the former one is dead."""
    async with open_office(load_config(args.config)) as office, aiohttp.ClientSession() as http:
        if office.config.console is None:
            raise PermanentFailure("La configuration n'a pas de section « console ».")
        person = await named(office, args.member)
        handed = await Handing(office.arriving(http)).hand_as_operator(person.id)
    print(f"{office.config.console.url}/arrivee/{handed.token}")
    print(f"Cette page vaut jusqu'au {handed.arrival.until:%d/%m/%Y}.", file=sys.stderr)
    return 0


async def revoke(args: Namespace) -> int:
    """Takes the right away and removes from every room and group, at once."""
    async with open_office(load_config(args.config)) as office:
        person = await named(office, args.member)
        async with provisioning(office) as membership:
            applied = await membership.revoke(person.id, OPERATOR)
        await office.store.wake.ring(TOPIC)
    print(f"Participation retirée : {applied.done} retrait(s) effectué(s).")
    for failure in applied.failures:
        print(f"à refaire : {failure.step.describe()} ({failure.code})", file=sys.stderr)
    return 0 if applied.complete else 1


async def members(args: Namespace) -> int:
    """Who is enrolled, on which channels, and whether the charter is in force."""
    async with open_office(load_config(args.config)) as office:
        async with office.store.transaction() as tx:
            people = await tx.members.everyone(args.territory)
            signatures = await tx.signatures.all_latest()
            consents = await tx.telephone.consents.held_by()
        table = Table(box=None, pad_edge=False)
        for title in ("id", "rôle", "nom", "commerce", "territoire", "canaux", "charte"):
            table.add_column(title)
        for person in sorted(people, key=lambda p: (p.territory, p.role, p.shop, p.name)):
            standing = office.world.standing(person, signatures.get(person.id), clock())
            channels = words.channels(person, consents.get(person.id))
            table.add_row(
                *(person.id, person.role.french, person.name, person.shop),
                *(person.territory, channels, _french(standing)),
            )
    Console(width=None if sys.stdout.isatty() else 200).print(table)
    return 0


def _french(standing: InForce | NotInForce) -> str:
    if isinstance(standing, InForce):
        return f"en vigueur jusqu'au {standing.until:%d/%m/%Y}"
    return standing.french


async def named(office: Office, name: str) -> Member:
    """By id, Matrix id, phone number or Signal account."""
    async with office.store.transaction() as tx:
        person = await tx.members.get(MemberId(name))
        for channel in Channel:
            person = person or await tx.members.at(channel, name)
    if person is None:
        raise PermanentFailure(f"« {name} » n'est pas dans le registre.")
    return person
