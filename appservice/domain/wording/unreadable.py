"""What a person is told when their message did not get through."""

from collections.abc import Mapping

UNREADABLE: Mapping[str, str] = {
    "undecryptable": (
        "Votre message n'a pas pu être déchiffré, les agents ne l'ont pas lu. Renvoyez-le. "
        "En cas d'urgence, appelez le 17 ou le 112."
    ),
    "attachment-too-large": "Votre fichier est trop lourd : il n'a pas été transmis.",
    "attachment-broken": "Votre fichier n'a pas pu être ouvert : il n'a pas été transmis.",
    "refused": (
        "Votre message n'a pas pu être traité, un agent en est averti. "
        "En cas d'urgence, appelez le 17 ou le 112."
    ),
}
PARKED = "⚠️ Un message de {who} n'a pas pu être traité : contactez cette personne."
