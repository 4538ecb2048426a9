"""The `maillage` command: which words run what, and how a failure is said."""

import argparse
import asyncio
import importlib
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from appservice.domain.errors import MaillageError
from appservice.files.yaml_source import BadFiles

Run = Callable[[argparse.Namespace], Awaitable[int]]
CONFIG = Path("maillage.yaml")
OUTSIDERS = ("prefecture", "association", "auditor", "operator")
BENCHES = (
    "share",
    "alert",
    "provision",
    "plan",
    "intake",
    "fanout",
    "sms",
    "signal",
    "memory",
    "moderate",
    "console",
)


def _lazily(module: str, function: str) -> Run:
    """A command is imported when it runs: `--help` and `moderate` start at once."""

    async def run(args: argparse.Namespace) -> int:
        found: Run = getattr(importlib.import_module(f"appservice.{module}"), function)
        return await found(args)

    return run


def parser() -> argparse.ArgumentParser:
    """Every command, with one line of help."""
    top = argparse.ArgumentParser(
        prog="maillage",
        description="Alertes entre commerçants et forces de l'ordre, sur Element, Signal et SMS.",
    )
    top.add_argument("--config", type=Path, default=None, help="défaut : maillage.yaml")
    words = top.add_subparsers(dest="command", required=True, metavar="COMMANDE")

    def add(name: str, help_text: str, run: Run) -> argparse.ArgumentParser:
        word = words.add_parser(name, help=help_text, description=help_text)
        word.set_defaults(run=run)
        return word

    _running(add)
    _register(add)
    _protocol(add)
    _console(add)
    _installing(add)
    _judging(add)
    _signal(add)
    return top


Add = Callable[[str, str, Run], argparse.ArgumentParser]


def _running(add: Add) -> None:
    demo = add("demo", "joue toute l'histoire sur cette machine", _lazily("demo.run", "run"))
    demo.add_argument("--once", action="store_true", help="joue, puis sort avec 0 ou 1")
    demo.add_argument("--state", type=Path, default=Path(".state/demo"), help="dossier d'état")
    demo.add_argument("--port-base", type=int, default=None, help="premier port (loopback)")
    bench = add("bench", "mesure le service contre son plancher", _lazily("bench.run", "run"))
    bench.add_argument("name", choices=BENCHES, metavar="NOM", help=", ".join(BENCHES))
    bench.add_argument("--json", action="store_true", help="un objet JSON")
    bench.add_argument("--quick", action="store_true", help="petites tailles, pour essayer")
    serve = add("serve", "fait tourner le service", _lazily("commands.service", "run"))
    serve.add_argument("--safe", action="store_true", help="lit et répond, ne diffuse rien")
    add("plan", "montre ce qui manque ou a dévié", _lazily("commands.rooms", "plan"))
    apply = add("apply", "fait ce que montre plan", _lazily("commands.rooms", "apply"))
    apply.add_argument("--dry-run", action="store_true", help="montre, et ne change rien")
    add("doctor", "dit ce qui ne va pas et comment y remédier", _lazily("commands.doctor", "run"))


def _protocol(add: Add) -> None:
    said = "versions des règles, chartes et réglages : les lire, en rétablir une"
    words = add("protocol", said, _lazily("commands.protocol", "history")).add_subparsers(
        dest="what", required=True, metavar="history|rollback"
    )
    words.add_parser("history", help="chaque version et ce qu'elle change")
    back = words.add_parser("rollback", help="remet les fichiers d'une version")
    back.set_defaults(run=_lazily("commands.protocol", "rollback"))
    back.add_argument("number", type=int, metavar="N")


def _register(add: Add) -> None:
    enrol = add(
        "enrol", "inscrit les personnes d'un fichier", _lazily("commands.register", "enrol")
    )
    enrol.add_argument("file", type=Path, metavar="FICHIER")
    charter = add("charter", "montre la charte à signer", _lazily("commands.register", "charter"))
    charter.add_argument("member", metavar="MEMBRE", help="id, compte Matrix, numéro ou Signal")
    sign = add(
        "sign", "enregistre la signature de la charte", _lazily("commands.register", "sign")
    )
    sign.add_argument("members", nargs="+", metavar="MEMBRE")
    sign.add_argument("--hash", required=True, help="empreinte du texte montré par « charter »")
    sign.add_argument("--readmit", action="store_true", help="réadmet après un retrait")
    link = add("link", "fait un lien pour signer la charte", _lazily("commands.register", "link"))
    link.add_argument("member", metavar="MEMBRE")
    arrival = add(
        "arrival",
        "fait une page de premiers pas pour qui a signé",
        _lazily("commands.register", "arrival"),
    )
    arrival.add_argument("member", metavar="MEMBRE")
    revoke = add("revoke", "retire de partout", _lazily("commands.register", "revoke"))
    revoke.add_argument("member", metavar="MEMBRE")
    consent = add(
        "consent",
        "enregistre un OUI ou un STOP reçu en mairie",
        _lazily("commands.texts", "consent"),
    )
    consent.add_argument("member", metavar="MEMBRE")
    consent.add_argument("answer", choices=("oui", "stop"), metavar="oui|stop")
    members = add("members", "liste le registre", _lazily("commands.register", "members"))
    members.add_argument("--territory", default=None, metavar="TERRITOIRE")


def _console(add: Add) -> None:
    invite = add("console", "invite quelqu'un à la console", _lazily("commands.console", "invite"))
    invite.add_argument("what", choices=("invite",))
    invite.add_argument("login", metavar="IDENTIFIANT", help="une adresse électronique convient")
    whose = invite.add_mutually_exclusive_group(required=True)
    whose.add_argument("--member", metavar="MEMBRE", help="mairie, forces : id, compte, numéro")
    whose.add_argument("--role", choices=OUTSIDERS, help="qui n'est pas du registre")
    invite.add_argument("--name", default="", metavar="NOM", help="avec --role")
    invite.add_argument("--territory", default="", metavar="TERRITOIRE", help="défaut : tous")


def _installing(add: Add) -> None:
    add(
        "check",
        "lit tous les YAML et nomme chaque erreur",
        _lazily("commands.installation", "check"),
    )
    keys = add(
        "keys", "fait les clés, ou change la clé maîtresse", _lazily("commands.keys", "run")
    )
    keys.add_argument("what", metavar="make|rotate", help="fait celles d'un dossier, ou change")
    keys.add_argument("folder", type=Path, nargs="?", metavar="DOSSIER", help="pour make")
    shred = add("shred", "efface une personne ou un dossier", _lazily("commands.keys", "shred"))
    shred.add_argument("what", choices=("member", "case"), metavar="member|case")
    shred.add_argument("name", metavar="NOM", help="id, compte ou numéro ; A7 ou S12")
    public = add(
        "public-key", "montre la clé publique", _lazily("commands.installation", "public_key")
    )
    public.add_argument("--receipts", action="store_true", help="le certificat des reçus (PEM)")
    add("migrate", "met la base à jour", _lazily("commands.installation", "migrate"))
    register = add(
        "registration",
        "écrit l'enregistrement pour le serveur Matrix",
        _lazily("commands.installation", "register"),
    )
    register.add_argument("--server-name", required=True)
    register.add_argument("--url", required=True, help="où le serveur Matrix joint le service")
    register.add_argument("--bot", default="maillage")
    audit = add("audit", "signe et exporte, ou vérifie, la chaîne d'audit", _audit)
    audit.add_argument("what", choices=("export", "verify"))
    audit.add_argument("file", nargs="?", metavar="FICHIER")
    audit.add_argument("--key", help="clé publique, en base64")
    receipt = add(
        *("receipt", "vérifie un reçu de signature, hors ligne"),
        _lazily("commands.receipt", "check"),
    )
    receipt.add_argument("file", metavar="RECU.pdf")
    receipt.add_argument("--key", required=True, help="clé publique, en base64")
    receipt.add_argument("--authority", metavar="PEM", help="certificats de l'horodatage")


def _signal(add: Add) -> None:
    signal = add(
        "signal",
        "le compte Signal : état, liaison, captcha, téléphones qui ont changé",
        _lazily("commands.signal", "run"),
    )
    verbs = signal.add_subparsers(dest="verb", required=True, metavar="VERBE")
    verbs.add_parser("status", help="dit si Signal marche, et comment y remédier")
    link = verbs.add_parser("link", help="lie à un téléphone par un code QR")
    link.add_argument("--name", default="Maillage", help="nom de l'appareil sur le téléphone")
    register = verbs.add_parser("register", help="inscrit le numéro, puis avec --code le confirme")
    register.add_argument("--captcha", metavar="LIEN", help="copié de la page de Signal")
    register.add_argument("--voice", action="store_true", help="le code par un appel")
    register.add_argument("--code", help="reçu de Signal")
    register.add_argument("--pin", help="si le compte en a un")
    challenge = verbs.add_parser("challenge", help="prouve à Signal qu'une personne est là")
    challenge.add_argument("token", metavar="JETON")
    challenge.add_argument("captcha", metavar="LIEN")
    trust = verbs.add_parser("trust", help="accepte le nouveau téléphone d'un membre")
    trust.add_argument("member", metavar="MEMBRE", help="id, numéro ou compte Signal")
    trust.add_argument("--number", metavar="NUMÉRO", help="numéro de sécurité comparé avec lui")
    trust.add_argument("--accept", action="store_true", help="sans comparer, l'ayant reconnu")


def _judging(add: Add) -> None:
    moderate = add(
        "moderate", "juge des messages (JSON Lines)", _lazily("commands.judging", "run")
    )
    moderate.add_argument("--explain", action="store_true", help="pour une personne")
    preview = add(
        "preview",
        "montre ce qu'un téléphone affichera, et le nombre de SMS",
        _lazily("commands.texts", "preview"),
    )
    preview.add_argument("territory", metavar="TERRITOIRE")
    preview.add_argument("text", metavar="TEXTE", nargs="?", help="défaut : l'entrée standard")
    policy = add(
        "policy",
        "mesure les règles sur un corpus, ou en écrit les pages",
        _lazily("commands.judging", "policy"),
    )
    policy.add_argument("what", choices=("test", "pages"))
    policy.add_argument("file", type=Path, metavar="CORPUS|DOSSIER")
    policy.add_argument("--html", type=Path, default=None, help="écrit aussi une page")


async def _audit(args: argparse.Namespace) -> int:
    if args.what == "export":
        return await _lazily("commands.audit", "export")(args)
    if not args.file or not args.key:
        print("usage : maillage audit verify FICHIER --key CLÉ", file=sys.stderr)
        return 2
    return await _lazily("commands.audit", "check")(args)


def main(words: Sequence[str] | None = None) -> int:
    """0 done, 1 refused or failed, 2 bad input; a person reads one message per mistake."""
    args = parser().parse_args(words)
    args.config_given = args.config is not None
    args.config = args.config or CONFIG
    try:
        run: Run = args.run
        return asyncio.run(run(args))  # type: ignore[arg-type] # every Run is a coroutine
    except BadFiles as bad:
        print(bad, file=sys.stderr)
        return 2
    except MaillageError as error:
        print(error.message, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return 1
