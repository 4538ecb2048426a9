"""An alert as an officer composes it in the console, before it is judged."""

from dataclasses import dataclass
from enum import StrEnum

from appservice.domain.audience import Audience
from appservice.domain.commands.offences import Offence, with_offence


class Witness(StrEnum):
    """Which service established the fact; never a person (RGPD art. 10, loi 78-17 art. 46)."""

    GENDARMERIE = "la gendarmerie"
    NATIONAL_POLICE = "la police nationale"
    MUNICIPAL_POLICE = "la police municipale"


@dataclass(frozen=True, slots=True)
class Draft:
    """What was chosen and typed. Nothing is chosen where the text says it already."""

    audience: Audience
    text: str
    offence: Offence | None = None
    witness: Witness | None = None
    urgent: bool = False

    @property
    def said(self) -> str:
        """The very text that is judged, counted and published: the choices are words of it."""
        text = self.text.strip()
        if not text:
            return ""
        if self.witness is not None:
            stop = "" if text[-1] in ".!?…" else "."
            text = f"{text}{stop} Constaté par {self.witness}."
        return text if self.offence is None else with_offence(self.offence, text)
