"""All that is kept about telephones, in one transaction."""

from dataclasses import dataclass

from appservice.flows import ports
from appservice.store.session import Session
from appservice.store.telephone.consents import PgConsents
from appservice.store.telephone.strangers import PgStrangers
from appservice.store.telephone.texts import PgTexts
from appservice.store.telephone.threads import PgThreads


@dataclass(frozen=True, slots=True)
class PgTelephone:
    """Implements `ports.Telephone`."""

    consents: ports.Consents
    texts: ports.Texts
    strangers: ports.Strangers
    threads: ports.Threads


def telephone(session: Session) -> PgTelephone:
    """Everything reads and writes through that session."""
    return PgTelephone(
        PgConsents(session), PgTexts(session), PgStrangers(session), PgThreads(session)
    )
