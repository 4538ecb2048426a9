"""What is said about alerts: to the audience, in the poste, and to their author."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from html import escape
from typing import assert_never

from appservice.domain.alert import Alert, Cancelled, Held, Published, Turned
from appservice.domain.audience import Audience, Route
from appservice.domain.delivery import State, Tally
from appservice.domain.member import Channel, Member
from appservice.domain.telephone.shown import Shown, shown
from appservice.domain.territory import Territory
from appservice.domain.text import SINGLE_SMS_SEPTETS, gsm7_length
from appservice.domain.wording.common import (
    NOT_EMERGENCY_LINE,
    Explained,
    day_and_hour,
    elapsed,
    hour,
    plural,
    quoted,
    reasons,
)

REPLACES = "ANNULE ET REMPLACE : "
NOBODY = "Aucun commerçant dont la charte est en vigueur n'est concerné : rien n'a été diffusé."
MERCHANT_SUBMITS = (
    "Seuls les agents et la mairie diffusent une alerte. "
    "Pour signaler un fait, écrivez-le tel quel."
)
HELD_CORRECTION = (
    "Cette rédaction doit être validée par une deuxième personne : annulez l'alerte, puis "
    "soumettez le nouveau texte comme une alerte."
)

SUSPENDED = (
    "Les alertes sont suspendues : rien n'est diffusé. Gardez votre texte et renvoyez-le quand le "
    "service dira que la suspension est levée. Danger en cours : 17 ou 112."
)
STILL_SUSPENDED = (
    "Les alertes sont suspendues (mode sûr) : aucune n'est diffusée, celles qui attendaient "
    "attendent toujours. Les signalements arrivent comme d'habitude. Rappel chaque jour, tant "
    "que le service n'est pas relancé sans --safe."
)
RESUMED = "La suspension est levée : les alertes sont de nouveau diffusées."


def body(alert: Alert, author: Member) -> str:
    """What Element and Signal show: who speaks, then the text as it was judged."""
    return f"⚠️ {_headline(alert, author)}\n{alert.text}\n{NOT_EMERGENCY_LINE}"


def html(alert: Alert, author: Member) -> str:
    """The same for Element, headline in bold."""
    lines = (
        f"<strong>⚠️ {escape(_headline(alert, author))}</strong>",
        escape(alert.text).replace("\n", "<br>"),
        f"<em>{NOT_EMERGENCY_LINE}</em>",
    )
    return "<br>".join(lines)


def _headline(alert: Alert, author: Member) -> str:
    corrected = isinstance(alert.stage, Published) and alert.stage.revision > 1
    return f"Alerte {alert.reference}{' corrigée' if corrected else ''} — {author.role.french}"


def sms(alert: Alert, *, gsm7_only: bool) -> Shown:
    """What a telephone shows: the text that was judged, in the letters in which it was counted.

    One « ô » left in would make three SMS of an alert that was judged to be one: a territory
    may choose so.
    """
    return shown(alert.text, gsm7_only=gsm7_only)


def sms_correction(alert: Alert, *, gsm7_only: bool) -> Shown:
    """A telephone can't replace what it shows: it is told in words."""
    return shown(REPLACES + alert.text, gsm7_only=gsm7_only)


def sms_cancellation(at: datetime) -> str:
    """Without the text: it may be what was wrong."""
    return f"ANNULATION : l'alerte de {hour(at)} est retirée, n'en tenez pas compte."


def audience(who: Audience, territory: Territory) -> str:
    """« buralistes, bijoutiers — Liffré »."""
    names = sorted(territory.trades[t].name if t in territory.trades else t for t in who.trades)
    return f"{', '.join(names) or 'tous les métiers'} — {territory.zone_name(who.zone)}"


def rejected(rules: Iterable[str], known: Mapping[str, Explained]) -> str:
    """Rule, sentence and article; a text that attacks somebody's rights is not kept."""
    end = "Le texte n'est pas conservé. Relisez la charte : écrivez « charte »."
    return f"Alerte non diffusée.\n{reasons(rules, known)}\n{end}"


def to_revise(rules: Iterable[str], known: Mapping[str, Explained], better: str | None) -> str:
    """Rule, sentence and article, and a text that would do."""
    end = f"Proposition : {better}" if better else "Corrigez le texte et renvoyez-le."
    return f"Alerte non diffusée.\n{reasons(rules, known)}\n{end}"


def length(text: str) -> str:
    """« 134/160 »: septets once transliterated, as the gateway counts them."""
    return f"{gsm7_length(text)}/{SINGLE_SMS_SEPTETS}"


def waiting(alert: Alert) -> str:
    """To the author."""
    return f"{alert.reference} attend la validation d'une deuxième personne."


def published(alert: Alert, routes: Iterable[Route], text: Shown) -> str:
    """How many conversations it leaves for."""
    sent = list(routes)
    matrix, signal, sms = (
        [route for route in sent if route.channel is channel]
        for channel in (Channel.MATRIX, Channel.SIGNAL, Channel.SMS)
    )
    groups = sum(route.to_group for route in signal)
    counts = (
        (len(matrix), "conversation Element", "conversations Element"),
        (groups, "groupe Signal", "groupes Signal"),
        (len(signal) - groups, "personne sur Signal", "personnes sur Signal"),
        (len(sms), "SMS", "SMS"),
    )
    parts = ", ".join(plural(n, one, many) for n, one, many in counts if n)
    price = f" {len(sms) * text.segments} SMS comptés, {text.segments} par téléphone."
    return f"{alert.reference} publiée : {parts}.{price if sms and text.segments > 1 else ''}"


def corrected(alert: Alert, by: Member, telephones: int, text: Shown) -> str:
    """Tells how long the correction is by SMS: the words in front of it weigh too."""
    line = f"{alert.reference} corrigée par {by.attribution} sur chaque canal."
    if not telephones:
        return line
    price = f"{text.units} caractères, {text.segments} SMS"
    return f"{line} Par SMS, avec « {REPLACES.strip()} » : {price}."


def approved(alert: Alert, by: Member) -> str:
    """In the poste and to the author."""
    return f"{alert.reference} validée par {by.attribution}."


def turned_down(alert: Alert, by: Member, reason: str) -> str:
    """In the poste and to the author."""
    return f"{alert.reference} refusée par {by.attribution} : {quoted(reason)}"


def cancelled(alert: Alert, by: Member, reason: str) -> str:
    """In the poste."""
    why = f" : {quoted(reason)}" if reason else "."
    return f"{alert.reference} annulée par {by.attribution}, retirée de chaque canal{why}"


def finished(alert: Alert, tally: Tally, now: datetime) -> str:
    """The last line about a publication, with how long it took."""
    took = f" en {elapsed(now - alert.stage.at)}" if isinstance(alert.stage, Published) else ""
    return f"{alert.reference}, bilan{took} : {counted(tally)}."


def receipts(alert: Alert, tally: Tally, now: datetime) -> str:
    """The last line again, as phones acknowledge."""
    return f"{alert.reference}, bilan à {hour(now)} : {counted(tally)}."


def under_way(alert: Alert, tally: Tally, now: datetime) -> str:
    """The line that is edited while an alert leaves."""
    line = f"{alert.reference} part, à {hour(now)} : {counted(tally)}."
    return f"{line} « urgent {alert.reference} » envoie les différés." if tally.deferred else line


def all_left(alert: Alert) -> str:
    """What that line becomes."""
    return f"{alert.reference} : plus rien n'attend, voir le bilan."


def counted(tally: Tally) -> str:
    """« Element 3 remis ; SMS 11 reçus, 1 échec »."""
    parts = []
    for channel in Channel:
        counts = {state: n for (c, state), n in tally.counts.items() if c is channel}
        deferred = tally.deferred if channel is Channel.SMS else 0
        if counts:
            parts.append(f"{channel.label} {_outcome(counts, deferred)}")
    return " ; ".join(parts)


def _outcome(counts: Mapping[State, int], deferred: int) -> str:
    """`deferred` of those queued wait for the morning."""
    counts = {**counts, State.QUEUED: counts.get(State.QUEUED, 0) - deferred}
    words = (
        (State.QUEUED, "en attente", "en attente"),
        (State.SUBMITTING, "en cours", "en cours"),
        (State.DELIVERED, "reçu", "reçus"),
        (State.ACCEPTED, "remis", "remis"),
        (State.FAILED, "échec", "échecs"),
        (State.EXPIRED, "périmé", "périmés"),
        (State.UNKNOWN, "sort inconnu", "sorts inconnus"),
    )
    said = [plural(counts[state], one, many) for state, one, many in words if counts.get(state)]
    if deferred:
        said.insert(0, plural(deferred, "différé", "différés"))
    return ", ".join(said)


def state(alert: Alert, tally: Tally) -> str:
    """Answers « état A7 »."""
    match alert.stage:
        case Held():
            return waiting(alert)
        case Turned(at=at):
            return f"{alert.reference} refusée le {day_and_hour(at)}."
        case Published(at=at):
            sent = counted(tally)
            return (
                f"{alert.reference} publiée le {day_and_hour(at)}{f' : {sent}' if sent else ''}."
            )
        case Cancelled(at=at):
            return f"{alert.reference} annulée le {day_and_hour(at)}."
        case _:
            assert_never(alert.stage)


def unknown(number: int) -> str:
    """No such alert in the member's territory."""
    return f"A{number} n'existe pas."


def uncertain(reference: str, channel: Channel) -> str:
    """A parcel whose fate nobody knows: a person decides, never a blind resend."""
    return (
        f"{reference} : un envoi par {channel.label} a un sort inconnu, il n'est pas refait. "
        "Prévenez la personne par un autre moyen si c'est important."
    )


def unchanged(reference: str, channel: Channel) -> str:
    """A correction or a removal that the channel refused: the former text is still shown."""
    return (
        f"{reference} : {channel.label} a refusé une correction ou un retrait, l'ancien texte y "
        "reste affiché. Prévenez les personnes par un autre moyen."
    )
