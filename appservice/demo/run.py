"""`maillage demo`: starts everything, plays the story, shows where to look, stays up."""

import asyncio
import contextlib
import shutil
import signal
from argparse import Namespace
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from rich.console import Console

from appservice.demo.cast import Cast
from appservice.demo.element import ElementFailed
from appservice.demo.element_phone import ElementPhone, Surroundings
from appservice.demo.failure import DiskFull, StartFailed
from appservice.demo.guests import GUESTS, Guest
from appservice.demo.phones import PhonesPage
from appservice.demo.ports import find_ports
from appservice.demo.stage import SERVICES, Stage
from appservice.demo.standins.phones import BasicPhone, SignalPhone
from appservice.demo.story import play
from appservice.demo.story.arrival import arrival_page
from appservice.demo.table import StepTable
from appservice.domain.errors import MaillageError
from appservice.domain.room import Kind

ENOUGH = 400 * 1024 * 1024  # bytes: what a first start writes, twice


async def run(args: Namespace) -> int:
    """0 when the story held, 1 when it didn't or something could not start."""
    console = Console()
    stop = _stop_when_asked()
    task = asyncio.ensure_future(_demonstrate(args, console, stop))
    stopped = asyncio.ensure_future(stop.wait())
    await asyncio.wait({task, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if not task.done():
        task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        console.print("\nArrêt. « make demo » reprendra là où on en est.")
        return 130
    except (StartFailed, ElementFailed, MaillageError, OSError) as error:
        console.print(f"\n[bold red]{type(error).__name__}[/] ", end="")
        console.print(str(error), markup=False, highlight=False)
        console.print(f"Journaux : {args.state}", markup=False, highlight=False)
        return 1
    finally:
        stopped.cancel()
    return 0


async def _demonstrate(args: Namespace, console: Console, stop: asyncio.Event) -> None:
    _need_room(args.state)
    ports = find_ports(SERVICES, args.port_base)
    stage = Stage(args.state, ports)
    cast = Cast(stage)
    page = PhonesPage(port=ports["page des téléphones"])
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(stage.stop)
        stack.push_async_callback(cast.leave)
        stack.push_async_callback(page.stop)
        with StepTable(console) as table:
            await _start(stage, table)
            with table.step("Les téléphones s'allument", "Element"):
                await cast.enter()
                await page.start()
            await play(cast, table)
        _show_phones(cast, page)
        guests = await cast.invited(GUESTS)
        newcomer = await arrival_page(cast)
        cast.write_demo_json(page.url, guests)
        _say_what_to_try(console, cast, page, guests, newcomer)
        if not args.once:
            await stop.wait()


async def _start(stage: Stage, table: StepTable) -> None:
    parts: tuple[tuple[str, str, Callable[[], Awaitable[None]]], ...] = (
        ("Base de données embarquée", "PostgreSQL", stage.start_database),
        ("Serveur Matrix, avec la barrière de charte", "Synapse", stage.start_homeserver),
        ("Doublures de signal-cli et de Kannel", "ponts", stage.start_standins),
        ("Configuration et tables du service", "maillage", stage.prepare_service),
    )
    for what, part, start in parts:
        with table.step(what, part):
            await start()


def _show_phones(cast: Cast, page: PhonesPage) -> None:
    titles = cast.scenery.titles()
    names = {cast.mxid(p.key): p.title for p in cast.people.values() if p.on_element}
    names[cast.stage.homeserver.bot] = "Maillage"
    quiet = frozenset(room for key, room in cast.scenery.rooms.items() if key.kind is Kind.ALERTES)
    around = Surroundings(titles, names, quiet)
    for key in ("aurore", "perrin", "tanguy", "kerboul"):
        page.add(ElementPhone(cast.elements[key], cast.people[key].title, around))
    for key in ("fabre", "legoff", "colin"):
        page.add(SignalPhone(cast.stage.signal.world, cast.aci(key), cast.people[key].title))
    for key in ("levain", "riou"):
        person = cast.people[key]
        page.add(BasicPhone(cast.stage.kannel, person.number, person.title))


def _say_what_to_try(
    console: Console, cast: Cast, page: PhonesPage, guests: Sequence[Guest], newcomer: str
) -> None:
    stage = cast.stage
    lines = [
        "",
        f"Téléphones à essayer :  {page.url}",
        "Console, un lien par personne, qui sert une fois (il faut une application de codes) :",
        *(f"  {guest.name:<20} {guest.link}" for guest in guests),
        "Premiers pas d'une boulangère qui vient de signer et n'a jamais ouvert Element :",
        f"  {newcomer}",
        f"Serveur Matrix :        {stage.homeserver.url}   (nom : {stage.server_name})",
        f"Comptes et salons :     {stage.state / 'demo.json'}",
        f"Commandes :             maillage --config {stage.config} plan",
        "",
        "À essayer : sur le téléphone de Lucie, écrivez au guichet « Vol de bijoux constaté ce",
        "matin » ; sur celui du Major Perrin, au poste, « alerte bijoutiers Mantes-la-Jolie : Vol",
        "par ruse constaté ce matin, faux plombier » ; puis regardez les autres téléphones.",
    ]
    for key in ("perrin", "aurore", "kerboul", "tanguy"):
        account = cast.accounts[key]
        lines.append(f"  {account.mxid:<28} {account.password:<14} {cast.people[key].title}")
    console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)


def _need_room(state: Path) -> None:
    """Said before anything is half written."""
    place = next(folder for folder in (state, *state.absolute().parents) if folder.is_dir())
    free = shutil.disk_usage(place).free
    if free < ENOUGH:
        raise DiskFull(
            f"Il reste {free // 2**20} Mio sur le disque de {place}, il en faut "
            f"{ENOUGH // 2**20} : libérez-en, ou choisissez un autre dossier avec --state."
        )


def _stop_when_asked() -> asyncio.Event:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for asked in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(asked, stop.set)
    return stop
