"""Names of identifiers, so that a member can't be taken for a room."""

from typing import NewType

MemberId = NewType("MemberId", str)
"""Opaque, made at enrolment; never a name or a number."""

RoomId = NewType("RoomId", str)
"""A Matrix room id (Matrix spec, Appendices, Room IDs)."""

UserId = NewType("UserId", str)
"""A Matrix user id, `@localpart:server` (Matrix spec, Appendices, User Identifiers)."""

AlertId = NewType("AlertId", int)
ReportId = NewType("ReportId", int)
ParcelId = NewType("ParcelId", int)
BlobId = NewType("BlobId", int)

TradeId = NewType("TradeId", str)
"""A slug from the territory's YAML: `buralistes`."""

Insee = NewType("Insee", str)
"""Commune code of the Code officiel géographique: five characters, `2A004` in Corsica."""
