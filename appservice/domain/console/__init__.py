"""The console: who may open which page, and how somebody comes in."""

from appservice.domain.console.account import (
    Account,
    AccountId,
    Credential,
    Invitation,
    Opened,
    Visitor,
    password_mistake,
)
from appservice.domain.console.draft import Draft, Witness
from appservice.domain.console.organisation import Organisation, Vouched
from appservice.domain.console.rights import HOLDERS, Position, Right, position_of

__all__ = [
    "HOLDERS",
    "Account",
    "AccountId",
    "Credential",
    "Draft",
    "Invitation",
    "Opened",
    "Organisation",
    "Position",
    "Right",
    "Visitor",
    "Vouched",
    "Witness",
    "password_mistake",
    "position_of",
]
