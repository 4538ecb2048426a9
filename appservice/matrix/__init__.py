"""The only place that knows Matrix events: the door, the rooms, the posts, the keys."""

# First of all: it puts vodozemac where mautrix looks for libolm.
import appservice.matrix.crypto as crypto

__all__ = ["crypto"]
