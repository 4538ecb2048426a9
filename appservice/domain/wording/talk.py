"""What is said in conversations: attribution, removals, help, strangers."""

from collections.abc import Iterable, Mapping

from appservice.domain.charter import Charter, InForce, NotInForce
from appservice.domain.member import Channel, Member, Role
from appservice.domain.report import Unfit
from appservice.domain.telephone.consent import Consent
from appservice.domain.territory import Territory
from appservice.domain.text import DOUBLE_SMS_SEPTETS, gsm7_length
from appservice.domain.wording.common import Explained, day, reasons, said
from appservice.domain.wording.reports import refused_files
from appservice.domain.wording.telephone import channels

PHOTO_TO_POSTE = (
    "Photos et vidéos ne circulent pas entre membres. La vôtre a été remise aux agents seulement."
)
PHOTO_REMOVED = "Photos et vidéos ne circulent pas entre membres."
FILE_REMOVED = "Aucun fichier ne circule ici : votre message a été retiré."
FILE_IGNORED = "Une commande ne prend pas de fichier : il n'a été ni diffusé ni conservé."
UNVERIFIED = (
    "Cet appareil n'est pas vérifié : la commande n'a pas été exécutée. Dans Element, ouvrez "
    "Paramètres, Sessions, puis « Vérifier cette session », et recommencez."
)
REFUSED_IN_GROUP = (
    "Votre demande d'entrer dans « {group} » est refusée : ce groupe est réservé aux personnes "
    "inscrites par leur mairie qui ont signé la charte. Contact : votre mairie. "
    "Urgence : 17 ou 112."
)
PARKED = (
    "Un message reçu par {channel} n'a pas pu être traité après plusieurs essais "
    "(entrée {entry}). Prévenez l'exploitant."
)


def crossed(author: Member, channel: Channel, text: str) -> str:
    """« Bijouterie Martin (Signal) : … »."""
    return f"{author.attribution} ({channel.label}) : {said(text)}"


def removed(rules: Iterable[str], known: Mapping[str, Explained], channel: Channel) -> str:
    """Why a message does not circulate, to its author alone."""
    what = (
        "Votre message a été retiré des échanges."
        if channel is Channel.MATRIX
        else "Votre message n'a pas été relayé. Supprimez-le du groupe."
    )
    end = "Pour un fait ou un doute, écrivez aux agents ici même."
    return f"{what}\n{reasons(rules, known)}\n{end}"


def file_removed(reasons: Iterable[Unfit]) -> str:
    """To whoever put a file among members that officers can't be given either."""
    return f"{FILE_REMOVED}\n{refused_files(reasons)}"


def charter_missing(standing: NotInForce, territory: Territory | None) -> str:
    """To somebody who is enrolled but may not take part."""
    contact = territory.contact if territory and territory.contact else "votre mairie"
    return f"Urgence : 17 ou 112. {standing.french} Contact : {contact}."


def untrained(territory: Territory) -> str:
    """To somebody who receives, and may not report yet. It says 17 before anything else."""
    contact = territory.contact or "votre mairie"
    return (
        "Urgence : 17 ou 112. Rien n'a été transmis : ici, on signale après la formation. "
        f"Vous recevez déjà les alertes. Contact : {contact}."
    )


def stranger(contacts: Iterable[str]) -> str:
    """To somebody whom the service does not know: as many contacts as two SMS hold."""
    begins = "Urgence : 17 ou 112. Ce service est réservé à ses membres. Contact : "
    names = " ou ".join(contacts)
    if not names or gsm7_length(f"{begins}{names}.") > DOUBLE_SMS_SEPTETS:
        names = "votre mairie"
    return f"{begins}{names}."


def charter(text: Charter, standing: InForce | NotInForce, channel: Channel) -> str:
    """The charter in force, and until when the member's signature holds."""
    until = (
        f"Votre signature vaut jusqu'au {day(standing.until)}."
        if isinstance(standing, InForce)
        else standing.french
    )
    title = f"{text.title}, version {text.version}. {until}"
    return title if channel is Channel.SMS else f"{title}\n\n{text.text}"


def training(member: Member, territory: Territory) -> str:
    """Followed, to be followed, or nothing where nobody asks for it."""
    if member.trained is not None:
        return f"suivie le {member.trained:%d/%m/%Y}"
    asked = territory.asks_training_of(merchant=member.role is Role.MERCHANT, trained=False)
    return "à suivre avant de signaler" if asked else ""


def me(
    member: Member,
    territory: Territory,
    standing: InForce | NotInForce,
    consent: Consent | None,
    called: str = "",
) -> str:
    """What the service knows of the person who asks."""
    place = territory.communes.get(member.commune)
    trades = ", ".join(territory.trades[t].name for t in member.trades if t in territory.trades)
    until = (
        f"en vigueur jusqu'au {day(standing.until)}"
        if isinstance(standing, InForce)
        else standing.french
    )
    lines = {
        "Nom": member.name,
        "Rôle": called or member.role.french,
        "Commerce": member.shop,
        "Métier": trades,
        "Commune": place.name if place else "",
        "Canaux": channels(member, consent),
        "Charte": until,
        "Formation": training(member, territory),
    }
    return "\n".join(f"{name} : {value}" for name, value in lines.items() if value)
