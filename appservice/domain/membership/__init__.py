"""Membership by charter: a pure plan from what must be and what is to ordered steps."""

from appservice.domain.membership.desired import (
    Desired,
    Right,
    desired,
    desired_by_territory,
    desired_guichet,
)
from appservice.domain.membership.land import ALIAS_PREFIX, guichet_key
from appservice.domain.membership.people_steps import REASONS
from appservice.domain.membership.phases import Phase
from appservice.domain.membership.plan import in_order, plan
from appservice.domain.membership.steps import Step

__all__ = [
    "ALIAS_PREFIX",
    "REASONS",
    "Desired",
    "Phase",
    "Right",
    "Step",
    "desired",
    "desired_by_territory",
    "desired_guichet",
    "guichet_key",
    "in_order",
    "plan",
]
