"""What people are told before their participation ends, in their own language."""

from collections.abc import Mapping
from datetime import datetime

from appservice.domain.territory import Territory
from appservice.domain.wording.common import day

_ENDS: Mapping[str, str] = {
    "fr": "Maillage : votre charte prend fin le {day}. Pour rester, signez-la de nouveau",
    "en": "Maillage: your charter ends on {day}. To stay, sign it again",
    "es": "Maillage: su carta termina el {day}. Para seguir, firmela de nuevo",
    "de": "Maillage: Ihre Charta endet am {day}. Um zu bleiben, unterschreiben Sie sie neu",
    "it": "Maillage: la sua carta scade il {day}. Per restare, la firmi di nuovo",
}
_CHANGES: Mapping[str, str] = {
    "fr": "Maillage : la charte a changé. Pour rester après le {day}, signez la nouvelle",
    "en": "Maillage: the charter has changed. To stay after {day}, sign the new one",
    "es": "Maillage: la carta ha cambiado. Para seguir tras el {day}, firme la nueva",
    "de": "Maillage: Die Charta ist neu. Um nach dem {day} zu bleiben, unterschreiben Sie sie",
    "it": "Maillage: la carta è cambiata. Per restare dopo il {day}, firmi la nuova",
}
_BY_LINK: Mapping[str, str] = {
    "fr": "{ends} : {link} (14 jours, une fois). Contact : {contact}.",
    "en": "{ends}: {link} (14 days, once). Contact: {contact}.",
    "es": "{ends}: {link} (14 dias, una vez). Contacto: {contact}.",
    "de": "{ends}: {link} (14 Tage, einmal). Kontakt: {contact}.",
    "it": "{ends}: {link} (14 giorni, una volta). Contatto: {contact}.",
}
_BY_MAIRIE: Mapping[str, str] = {
    "fr": "{ends} : demandez un lien à {contact}. Sinon, vous quitterez les salons ce jour-là.",
    "en": "{ends}: ask {contact} for a link. Otherwise you leave the rooms that day.",
    "es": "{ends}: pida un enlace a {contact}. Si no, saldra de las salas ese dia.",
    "de": "{ends}: Bitten Sie um einen Link bei {contact}. Sonst verlassen Sie die Räume dann.",
    "it": "{ends}: chieda un link a {contact}. Altrimenti lascerà le stanze quel giorno.",
}
_MAIRIE: Mapping[str, str] = {
    "fr": "votre mairie",
    "en": "your town hall",
    "es": "su ayuntamiento",
    "de": "Ihrem Rathaus",
    "it": "il suo comune",
}


def reminder(
    territory: Territory,
    until: datetime,
    language: str,
    link: str = "",
    *,
    is_new: bool = False,
) -> str:
    """The rule, the day, and what mends it; `link` is where they sign, if they may by themselves.

    `is_new`: it ends because the text has changed. Letters are those that keep an SMS short.
    """
    language = language if language in _ENDS else "fr"
    words = _BY_LINK if link else _BY_MAIRIE
    return words[language].format(
        ends=(_CHANGES if is_new else _ENDS)[language].format(day=day(until)),
        link=link,
        contact=territory.contact or _MAIRIE[language],
    )
