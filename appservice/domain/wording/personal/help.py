"""« aide »: what this person may do as things stand, and whom to ask."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from appservice.domain.charter import InForce, NotInForce
from appservice.domain.commands.agent import FORMS
from appservice.domain.commands.allowed import VERBS, allows
from appservice.domain.commands.offences import Offence
from appservice.domain.member import Channel, Member, Role
from appservice.domain.telephone.consent import Consent
from appservice.domain.territory import Territory
from appservice.domain.text import SINGLE_SMS_SEPTETS, gsm7_length
from appservice.domain.wording.common import NOT_EMERGENCY_LINE, day
from appservice.domain.wording.talk import training
from appservice.domain.wording.telephone import channels

_FEW = 12  # rooms that are named; an agent of a whole département has more

_REMEDIES: Mapping[str, str] = {
    "never-signed": "Demandez un lien pour le faire.",
    "outdated": "Demandez un lien pour le faire.",
    "expired": "Demandez un lien pour signer.",
    "revoked": "La mairie seule peut vous réadmettre.",
}


@dataclass(frozen=True, slots=True)
class Situation:
    """What help depends on."""

    member: Member
    territory: Territory
    standing: InForce | NotInForce
    channel: Channel
    consent: Consent | None = None
    rooms: Sequence[str] = ()  # where the member sits on that channel, by name

    @property
    def contact(self) -> str:
        """Of the mairie, from the territory's file."""
        return f"Votre mairie : {self.territory.contact}." if self.territory.contact else ""


def help_for(who: Situation) -> str:
    """Two SMS at most by telephone."""
    if isinstance(who.standing, NotInForce):
        return _outside(who, who.standing)
    until = day(who.standing.until)
    if who.channel is Channel.SMS and who.member.role.is_witness:
        return _by_telephone(who, until)
    urgent = f"Urgence : 17 ou 112. {NOT_EMERGENCY_LINE}"
    parts = (urgent, _state(who, until), _may(who), who.contact)
    return "\n".join(part for part in parts if part)


def _outside(who: Situation, standing: NotInForce) -> str:
    remedy = _REMEDIES[standing.reason]
    contact = who.territory.contact or "votre mairie"
    return f"Urgence : 17 ou 112. {standing.french} {remedy} Contact : {contact}."


def _by_telephone(who: Situation, until: str) -> str:
    """What is missing first; the end of the charter when one SMS still holds it."""
    said = training(who.member, who.territory)
    report = "Pour signaler, écrivez quoi, où, quand."
    if _only_receives(who):
        report = f"Formation {said}."
    yes = "" if _is_texted(who) else " Pour recevoir les alertes, répondez OUI."
    asked = f"Urgence : 17 ou 112. {report}{yes}"
    contact = f" Contact : {who.territory.contact}." if who.territory.contact else ""
    rest = f" REGLES, MOI, STOP.{contact}"
    whole = f"{asked} Charte : {until}.{rest}"
    return whole if gsm7_length(whole) <= SINGLE_SMS_SEPTETS else f"{asked}{rest}"


def _state(who: Situation, until: str) -> str:
    """Who they are to the service."""
    member, territory = who.member, who.territory
    lines = [f"Vous êtes {member.attribution}, joint par {channels(member, who.consent)}."]
    lines.append(f"Votre charte est signée et vaut jusqu'au {until}.")
    if said := training(member, territory):
        lines.append(f"Formation : {said}.")
    if who.rooms:
        more = f", et {len(who.rooms) - _FEW} autres" if len(who.rooms) > _FEW else ""
        what = "groupes" if who.channel is Channel.SIGNAL else "salons"
        lines.append(f"Vos {what} : {', '.join(who.rooms[:_FEW])}{more}.")
    return "\n".join(lines)


def _may(who: Situation) -> str:
    role = who.member.role
    if not role.is_witness:
        return _commands(role)
    report = (
        "Pour signaler, écrivez le fait ici : quoi, où, quand. "
        "Une photo ou une vidéo peut suivre.\n"
        "« état S12 » : où en est votre signalement. "
        "« note S12 4 » : votre avis, de 1 à 5, une fois clos. "
        "« signaler » : choisir entre vol, escroquerie, fausse monnaie…\n"
    )
    if _only_receives(who):
        report = "Vous recevez les alertes ; vous signalerez ici une fois formé.\n"
    return (
        f"{report}« charte » : vos engagements. "
        "« règles » : ce qui peut être diffusé, et pourquoi. "
        "« moi » : ce que le service sait de vous."
    )


def _commands(role: Role) -> str:
    forms = "\n".join(f"• {form}" for verb, form in FORMS.items() if allows(VERBS[verb], role))
    legend = (
        "Sans métier : tous. Sans zone : tout le territoire. L'infraction peut suivre "
        f"({', '.join(Offence)}) : « alerte buralistes Liffré, {Offence.COUNTERFEIT} : texte »."
    )
    emoji = (
        "\nEmoji sur une carte : "
        "✅ valider ou fondé, ❌ refuser ou infondé, 👀 je prends, 🏁 clos."
    )
    return f"{forms}\n{legend}{emoji if role.is_officer else ''}"


def _only_receives(who: Situation) -> bool:
    merchant, trained = who.member.role is Role.MERCHANT, who.member.trained is not None
    return who.territory.asks_training_of(merchant=merchant, trained=trained)


def _is_texted(who: Situation) -> bool:
    """Whether alerts reach that telephone: their OUI stands, or they chose another channel."""
    chose = Channel.SMS in who.member.channels
    return not chose or (who.consent is not None and who.consent.allows(who.member.id))
