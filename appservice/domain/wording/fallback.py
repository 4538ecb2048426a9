"""What officers read when Signal fails and alerts take the way of SMS."""

from datetime import datetime

from appservice.domain.alert import Alert
from appservice.domain.wording.common import day_and_hour, hour, plural
from appservice.domain.wording.needs import STATUS


def down(since: datetime, *, by_sms: bool) -> str:
    """Once an outage. `by_sms`: there is another way for those who agreed to it."""
    around = (
        "Les alertes partent par SMS chez ceux qui l'ont accepté ; les autres les recevront"
        if by_sms
        else "Les messages attendent et partiront dans l'ordre"
    )
    return f"Signal ne répond plus depuis {hour(since)}. {around} quand Signal reviendra. {STATUS}"


def up(since: datetime, now: datetime) -> str:
    """The end of what `down` said."""
    return f"Signal répond de nouveau (panne du {day_and_hour(since)} à {hour(now)})."


def rerouted(alert: Alert, telephones: int, waiting: int) -> str:
    """How many people were told another way, and how many could not be."""
    told = plural(telephones, "personne prévenue", "personnes prévenues")
    line = f"{alert.reference} : Signal n'a pas pu la remettre à temps, {told} par SMS"
    if not waiting:
        return f"{line}."
    others = plural(waiting, "personne sans secours SMS attend", "personnes sans secours SMS")
    return f"{line} ; {others}{' Signal' if waiting == 1 else ' attendent Signal'}."


def refused(alert: Alert, telephones: int) -> str:
    """Signal said no for good for some."""
    told = plural(telephones, "personne prévenue", "personnes prévenues")
    return f"{alert.reference} : refusée par Signal, {told} par SMS."
