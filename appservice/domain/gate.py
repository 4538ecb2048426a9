"""What the homeserver's charter gate did when it was tried."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GateTrial:
    """Each is what should be: True on an installation that is in order."""

    refuses_strangers_room: bool  # a room that claims to be governed, made by somebody else
    knows_bot: bool  # a governed room made by the bot
    refuses_bare_invite: bool  # an invitation that carries no proof
    accepts_our_proof: bool  # an invitation with a proof under our key
