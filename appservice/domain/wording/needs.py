"""What officers read when Signal waits for a person, by the bridge's codes."""

from collections.abc import Mapping

from appservice.domain.member import Member

STATUS = "L'exploitant : « maillage signal status » dit quoi faire."
_ASKED: Mapping[str, str] = {
    "challenge_required": (
        "Signal veut une preuve qu'une personne est là (captcha) : ses messages attendent et "
        f"partiront dans l'ordre. {STATUS}"
    ),
    "captcha_rejected": (
        f"Signal refuse la preuve donnée (captcha) : ses messages attendent encore. {STATUS}"
    ),
    "account_not_registered": (
        f"Signal ne connaît plus notre compte : rien ne part ni n'arrive par Signal. {STATUS}"
    ),
    "rate_limited": (
        "Signal nous demande de ralentir : la file se vide dans l'ordre, au rythme qu'il accepte."
    ),
    "device_fades": (
        "Un appareil lié à notre compte Signal n'a pas servi depuis 20 jours : Signal le déliera "
        f"à 30. {STATUS}"
    ),
}
_PASSED: Mapping[str, str] = {
    "rate_limited": "Signal ne nous demande plus de ralentir.",
    "device_fades": "Signal : l'appareil lié a servi de nouveau.",
}


def asked(code: str) -> str:
    """Of the account as a whole; a code that nobody foresaw is told all the same."""
    return _ASKED.get(code, f"Signal attend quelqu'un ({code}). {STATUS}")


def over(code: str) -> str:
    """The end of what `asked` said."""
    if code in _PASSED:
        return _PASSED[code]
    what = {
        "challenge_required": "la preuve est acceptée",
        "captcha_rejected": "la preuve est acceptée",
        "account_not_registered": "notre compte est reconnu",
    }.get(code, "c'est réglé")
    return f"Signal : {what}, ce qui attendait part."


def new_phone(member: Member) -> str:
    """Somebody's key changed: it may be them, or somebody who has their number."""
    return (
        f"{member.attribution} : nouveau téléphone, ou Signal réinstallé. Rien ne lui parvient "
        "par Signal tant que personne ne l'a reconnu. Joignez cette personne autrement ; si c'est "
        f"bien elle, l'exploitant tape « maillage signal trust {member.id} »."
    )


def phone_accepted(member: Member) -> str:
    """The end of what `new_phone` said."""
    return f"{member.attribution} : nouveau téléphone reconnu, ce qui attendait part."
