"""Debian's Kannel between the operator in small and our own ledger."""

from support.homeserver import fresh_database, postgres
from support.real_sms import gateway, gateway_of_the_session
from support.sms_ledger import ledger

__all__ = ["fresh_database", "gateway", "gateway_of_the_session", "ledger", "postgres"]
