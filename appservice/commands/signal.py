"""The Signal account, as the operator mends it: status, link, register, challenge, trust."""

import sys
from argparse import Namespace
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

import segno

from appservice.app import clock, open_office
from appservice.channels import signal_account
from appservice.commands.register import named
from appservice.commands.served import ask_service
from appservice.domain.audit import Act
from appservice.domain.enrolment import OPERATOR
from appservice.domain.errors import PermanentFailure, TemporaryFailure
from appservice.domain.member import Channel
from appservice.files.config import Config, load_config
from bridges.signal.account import (
    EXPIRES,
    PRIMARY,
    Device,
    SignalAccount,
    captcha_rejected,
    captcha_wanted,
    fading,
)
from bridges.signal.errors import CallRefused, InvalidCall, NoAnswer, NotSent, read_refusal

OLDEST = (0, 14, 6)  # what Signal accepts today
UNTRUSTED = "untrusted_identity"
REGISTRATION_CAPTCHA = "https://signalcaptchas.org/registration/generate.html"


async def run(args: Namespace) -> int:
    """0 done, 1 something is wrong: one line says what, the next how to mend it."""
    config = load_config(args.config)
    try:
        async with _account(config) as account:
            return await _VERBS[args.verb](args, config, account)
    except NotSent as down:
        raise TemporaryFailure(
            "signal-cli ne répond pas : démarrez-le (docker compose up -d signal), puis réessayez."
        ) from down
    except NoAnswer as silent:
        raise TemporaryFailure("signal-cli n'a pas répondu à temps : réessayez.") from silent
    except InvalidCall as wrong:
        raise PermanentFailure(f"Ce n'est pas ce que Signal attend ({wrong.code}).") from wrong
    except CallRefused as refused:
        raise PermanentFailure(_why(refused)) from refused


@asynccontextmanager
async def _account(config: Config) -> AsyncIterator[SignalAccount]:
    if config.signal is None:
        raise PermanentFailure("Signal n'est pas configuré : voir « signal » dans maillage.yaml.")
    account = signal_account(config.signal)
    await account.start()
    try:
        yield account
    finally:
        await account.stop()


def _why(refused: CallRefused) -> str:
    if captcha_wanted(refused):
        return (
            f"Signal veut une preuve qu'une personne est là : ouvrez {REGISTRATION_CAPTCHA},"
            " copiez le lien « Ouvrir Signal », puis la même commande avec --captcha LIEN."
        )
    if captcha_rejected(refused):
        return (
            "Signal refuse ce lien : il a servi, il est trop vieux, ou vient d'une autre adresse"
            " que celle de ce serveur. Refaites-en un, et donnez-le dans la minute."
        )
    reading = read_refusal(refused)
    # The operator's own terminal: what signal-cli says may name the number that they typed.
    return f"{reading.advice or 'Signal a refusé.'} [{reading.code}] {refused.message}"


async def _status(_: Namespace, config: Config, account: SignalAccount) -> int:
    version, number = await account.version(), config.signal.account if config.signal else ""
    print(f"signal-cli {version} répond.")
    mend = []
    if _numbers(version) < OLDEST:
        wanted = ".".join(map(str, OLDEST))
        mend.append(f"Cette version est trop ancienne pour Signal : passez à {wanted} au moins.")
    if number not in await account.accounts():
        print(f"Le compte {_masked(number)} n'y est pas.")
        mend.append("Liez-le à un téléphone (maillage signal link), ou inscrivez-le (register).")
    else:
        print(f"Le compte {_masked(number)} est là.")
        mend += _of_devices(await account.devices(), clock())
        mend += await _of_identities(config, account)
        mend += await _of_service(config)
    for line in mend:
        print(f"→ {line}")
    return 1 if mend else 0


def _of_devices(devices: Sequence[Device], now: datetime) -> list[str]:
    mend = []
    for device in devices:
        main = device.id == PRIMARY
        what = "téléphone ou appareil principal" if main else f"appareil {device.id}"
        if device.seen is None:
            print(f"{what} : jamais vu")
            continue
        absent = now - device.seen
        print(f"{what} : vu il y a {absent.days} jour(s)")
        if fading([device], now):
            left = max(EXPIRES.days - absent.days, 0)
            mend.append(f"L'{what} sera délié par Signal dans {left} jour(s) s'il ne sert pas.")
    return mend


async def _of_identities(config: Config, account: SignalAccount) -> list[str]:
    untrusted = [one for one in await account.identities() if not one.trusted]
    if not untrusted:
        return []
    async with open_office(config) as office, office.store.transaction() as tx:
        members = {member.signal: member for member in await tx.members.everyone()}
    mend = []
    for one in untrusted:
        member = members.get(one.aci)
        if member is None:
            continue  # a stranger's phone: nothing of ours goes there
        mend.append(
            f"{member.attribution} a changé de téléphone : joignez cette personne, comparez le"
            f" numéro de sécurité, puis « maillage signal trust {member.id} »."
        )
    return mend


async def _of_service(config: Config) -> list[str]:
    """What it met while sending; of new telephones, signal-cli itself says whose they are."""
    served = await ask_service(config)
    parts = served.parts if served is not None else ()
    return [
        part.advice
        for part in parts
        if part.name == Channel.SIGNAL.value and part.advice and part.code != UNTRUSTED
    ]


async def _link(args: Namespace, config: Config, account: SignalAccount) -> int:
    def show(uri: str) -> None:
        print("Sur le téléphone : Signal, Paramètres, Appareils associés, « + ».")
        segno.make(uri, error="l").terminal(out=sys.stdout, compact=True)
        sys.stdout.flush()

    number = await account.link(args.name, show)
    print(f"Lié au compte {_masked(number)}.")
    expected = config.signal.account if config.signal else number
    if number != expected:
        print("→ Ce n'est pas le numéro de maillage.yaml : corrigez « signal.account ».")
        return 1
    return 0


async def _register(args: Namespace, _: Config, account: SignalAccount) -> int:
    if args.code is not None:
        await account.verify(args.code, args.pin)
        print("Le compte est inscrit. Suite : maillage signal status.")
        return 0
    await account.register(args.captcha, voice=args.voice)
    print("Signal envoie un code : maillage signal register --code CODE.")
    return 0


async def _challenge(args: Namespace, _: Config, account: SignalAccount) -> int:
    await account.challenge(args.token, args.captcha)
    print("Signal accepte : ce qui attendait part dans les deux minutes, dans l'ordre.")
    return 0


async def _trust(args: Namespace, config: Config, account: SignalAccount) -> int:
    """Held until somebody who knows the member says so; the register keeps who and when."""
    async with open_office(config) as office:
        member = await named(office, args.member)
        if member.signal is None:
            raise PermanentFailure("Cette personne n'a pas de compte Signal connu.")
        known = await account.identities(member.signal)
        if not known:
            raise PermanentFailure("Signal ne connaît encore aucune clé de cette personne.")
        if args.number is None and not args.accept:
            print(f"Numéro de sécurité avec {member.attribution} :\n{known[-1].safety_number}")
            print(
                "→ Le même sur son téléphone ? --number « ce numéro ». Sinon, reconnu : --accept."
            )
            return 1
        await account.trust(member.signal, args.number)
        async with office.store.transaction() as tx:
            how = "signal.trust-compared" if args.number else "signal.trust"
            await tx.acts.append(
                Act(OPERATOR, how, member.id, clock(), territory=member.territory)
            )
    print(
        f"Le téléphone de {member.attribution} est accepté : ce qui attendait part dans la minute."
    )
    return 0


_Verb = Callable[[Namespace, Config, SignalAccount], Awaitable[int]]
_VERBS: dict[str, _Verb] = {
    "status": _status,
    "link": _link,
    "register": _register,
    "challenge": _challenge,
    "trust": _trust,
}


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdecimal())


def _masked(number: str) -> str:
    return number[:3] + "…" + number[-2:]
