"""A delivery report, as the address that we gave Kannel tells it."""

import re
from collections.abc import Mapping

from bridges.protocol import Receipt, ReceiptState

_STATES: Mapping[str, tuple[ReceiptState, str]] = {
    "1": (ReceiptState.DELIVERED, ""),
    "2": (ReceiptState.FAILED, "undelivered"),
    "16": (ReceiptState.FAILED, "smsc_rejected"),
    "34": (ReceiptState.EXPIRED, "validity_over"),  # a failure, and Kannel's mark of the expired
}
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


def read_report(fields: Mapping[str, str]) -> Receipt | None:
    """A delivery report; None for the states on the way (buffered, submitted)."""
    message_id, state = fields.get("id", ""), fields.get("state", "")
    if state not in _STATES or not _ID.fullmatch(message_id):
        return None
    meaning, code = _STATES[state]
    return Receipt(message_id, meaning, code=code)
