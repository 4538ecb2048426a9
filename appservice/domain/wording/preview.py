"""What a telephone will show, its price in segments, and what the rules say of it beforehand."""

from collections.abc import Mapping

from appservice.domain.moderation import Decision, Verdict
from appservice.domain.telephone.shown import Shown
from appservice.domain.wording.common import Explained, plural, quoted, reasons

_VERDICTS = {
    Decision.PUBLISH: "Cette alerte serait diffusée.",
    Decision.HOLD: "Cette alerte attendrait une deuxième personne.",
    Decision.REVISE: "Cette alerte serait refusée en l'état.",
    Decision.REJECT: "Cette alerte serait refusée.",
    Decision.EMERGENCY: "C'est un danger en cours : il irait au poste, pas en alerte.",
}


def preview(
    text: str, seen: Shown, telephones: int, verdict: Verdict, known: Mapping[str, Explained]
) -> str:
    """Nothing is published; an officer reads what would be."""
    why = f"\n{reasons(verdict.rules, known)}" if verdict.rules else ""
    return (
        f"Aperçu, rien n'est diffusé.\n{on_telephone(text, seen)}\n"
        f"{price(seen, telephones)}\n{_VERDICTS[verdict.decision]}{why}"
    )


def on_telephone(text: str, seen: Shown) -> str:
    """The text as it will be shown, its length, and which letters give way."""
    room = 160 if seen.gsm7 else 70
    kind = "caractères" if seen.gsm7 else "caractères, accents gardés"
    lost = "".join(dict.fromkeys(c for c in text if not c.isspace() and c not in seen.text))
    changed = f" Remplacés : {' '.join(lost)}" if lost else ""
    return f"Sur téléphone : {quoted(seen.text)} ({seen.units}/{room} {kind}).{changed}"


def price(seen: Shown, telephones: int) -> str:
    """« 2 SMS par téléphone, 12 téléphones : 24 SMS comptés. »."""
    each = plural(seen.segments, "SMS", "SMS")
    to = plural(telephones, "téléphone")
    return f"{each} par téléphone, {to} : {seen.segments * telephones} SMS comptés."
