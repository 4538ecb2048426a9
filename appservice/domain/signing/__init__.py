"""Signing a charter in the browser: the link, the code, the record, the page that follows."""

from appservice.domain.signing.arrival import (
    AFTER_SIGNING,
    ON_PAPER,
    Arrival,
    account_name,
    password_of,
)
from appservice.domain.signing.claim import CLAIM_LASTS, Claim, as_shown, code_of
from appservice.domain.signing.evidence import BOXES, Evidence, evidence_from, is_same_name
from appservice.domain.signing.link import (
    CODE_EVERY,
    CODE_LASTS,
    DONE_LASTS,
    LINK_LASTS,
    MOST_CODES,
    MOST_TRIES,
    Code,
    SigningLink,
    State,
    code_digest,
    six_digits,
)

__all__ = [
    "AFTER_SIGNING",
    "BOXES",
    "CLAIM_LASTS",
    "CODE_EVERY",
    "CODE_LASTS",
    "DONE_LASTS",
    "LINK_LASTS",
    "MOST_CODES",
    "MOST_TRIES",
    "ON_PAPER",
    "Arrival",
    "Claim",
    "Code",
    "Evidence",
    "SigningLink",
    "State",
    "account_name",
    "as_shown",
    "code_digest",
    "code_of",
    "evidence_from",
    "is_same_name",
    "password_of",
    "six_digits",
]
