"""Everything that comes in: who wrote, where, and which story it belongs to."""

from appservice.flows.inbound.door import Inbound
from appservice.flows.inbound.inbox import Inbox, decode, encode

__all__ = ["Inbound", "Inbox", "decode", "encode"]
