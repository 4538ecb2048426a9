"""Why somebody can't sign now, and what mends it: one sentence each, translated by the console."""

from collections.abc import Mapping

from appservice.domain.signing import State
from appservice.flows.console.entry import LinkIsOver


class LinkWasUsed(LinkIsOver):
    """Ce lien a déjà servi : il ne sert qu'une fois. Pour signer de nouveau, demandez-en un autre à la mairie."""  # noqa: E501 - the sentence that people read

    code = "lien-utilise"


class LinkWasRevoked(LinkIsOver):
    """Ce lien a été annulé ou remplacé par la mairie : servez-vous du plus récent, ou demandez-lui-en un autre."""  # noqa: E501 - the sentence that people read

    code = "lien-annule"


class LinkHasExpired(LinkIsOver):
    """Ce lien a expiré : il vaut quatorze jours. Demandez-en un autre à la mairie."""

    code = "lien-expire"


class LinkIsLocked(LinkIsOver):
    """Trop de codes faux ou demandés : ce lien est bloqué. Demandez-en un autre à la mairie."""

    code = "lien-bloque"


_ENDED: Mapping[State, type[LinkIsOver]] = {
    "used": LinkWasUsed,
    "revoked": LinkWasRevoked,
    "expired": LinkHasExpired,
    "locked": LinkIsLocked,
}


def refusal(state: State) -> LinkIsOver | None:
    """None for a link that is open."""
    ended = _ENDED.get(state)
    return ended() if ended is not None else None


NO_CODE_YET = "Demandez d'abord un code : il arrive par SMS sur votre mobile."
WRONG_CODE = "Ce code n'est pas le bon : recopiez les six chiffres."
VOID_CODE = "Ce code ne vaut plus : trop vieux, ou essayé trop souvent. Demandez-en un autre."
TOO_SOON = "Un code vient de partir : attendez une minute avant d'en demander un autre."
NO_MORE_CODES = "Cinq codes sont déjà partis : servez-vous du dernier, ou demandez un autre lien."
HANDED = "La mairie vous a remis le code avec ce lien : recopiez-le."
SILENCED = (
    "Ce numéro a répondu STOP : aucun SMS n'y part. Demandez à la mairie un lien avec son code."
)
TICK = "Cochez cette case : sans elle, la charte ne peut pas être signée."
NOT_THE_NAME = (
    "Ce n'est pas le nom que la mairie a inscrit : écrivez-le comme en haut de la page, ou "
    "demandez-lui de le corriger."
)
SENTENCES = (
    NO_CODE_YET, WRONG_CODE, VOID_CODE, TOO_SOON, NO_MORE_CODES, HANDED, SILENCED, TICK,
    NOT_THE_NAME,
)  # fmt: skip
