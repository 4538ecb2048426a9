"""What officers read when Signal waits for a person, by the bridge's codes."""

from collections.abc import Mapping

from appservice.domain.member import Member

_STATUS = "L'exploitant : « maillage signal status » dit quoi faire."
_ASKED: Mapping[str, str] = {
    "challenge_required": (
        "Signal veut une preuve qu'une personne est là (captcha) : ses messages attendent et "
        f"partiront dans l'ordre. {_STATUS}"
    ),
    "captcha_rejected": (
        f"Signal refuse la preuve donnée (captcha) : ses messages attendent encore. {_STATUS}"
    ),
    "account_not_registered": (
        f"Signal ne connaît plus notre compte : rien ne part ni n'arrive par Signal. {_STATUS}"
    ),
}


def asked(code: str) -> str:
    """Of the account as a whole; a code that nobody foresaw is told all the same."""
    return _ASKED.get(code, f"Signal attend quelqu'un ({code}). {_STATUS}")


def over(code: str) -> str:
    """The end of what `asked` said."""
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
