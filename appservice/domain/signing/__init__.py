"""Signing a charter in the browser: the link, the code, and what is kept of who signed."""

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
    "BOXES",
    "CODE_EVERY",
    "CODE_LASTS",
    "DONE_LASTS",
    "LINK_LASTS",
    "MOST_CODES",
    "MOST_TRIES",
    "Code",
    "Evidence",
    "SigningLink",
    "State",
    "code_digest",
    "evidence_from",
    "is_same_name",
    "six_digits",
]
