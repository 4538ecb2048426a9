"""Why an alert waits where only a chef de quart sends: said as a rule is, though nobody judged."""

from collections.abc import Mapping
from dataclasses import dataclass

from appservice.domain.wording.common import Explained

CHIEF_SENDS = "chef-de-quart-only"
REFUSAL = "Ici, seul un chef de quart diffuse ou valide une alerte."


@dataclass(frozen=True, slots=True)
class _Order:
    """Of the territory (`senders: chef_de_quart`)."""

    legal_basis: str
    sentences: Mapping[str, str]
    advice: str


ORDERS: Mapping[str, Explained] = {
    CHIEF_SENDS: _Order(
        legal_basis="Consignes d'exploitation (diffusion réservée au chef de quart)",
        sentences={
            "fr": "Seul un chef de quart diffuse une alerte : votre texte lui est proposé.",
            "en": "Only a chief of the watch sends an alert: your text is put to them.",
            "es": "Solo un jefe de turno difunde una alerta: se le propone su texto.",
            "de": "Nur eine Schichtleitung verbreitet eine Warnung: Ihr Text wird ihr vorgelegt.",
            "it": "Solo un capoturno diffonde un'allerta: il vostro testo gli è proposto.",
        },
        advice="",
    )
}
