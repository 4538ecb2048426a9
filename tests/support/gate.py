"""The Synapse module and what it needs of Synapse, importable where warnings are errors."""

import warnings

with warnings.catch_warnings():
    # Twisted warns about itself when Synapse imports it.
    warnings.simplefilter("ignore", DeprecationWarning)
    from charter_gate import CharterGate, parse_config, vouched
    from synapse.api.room_versions import RoomVersions
    from synapse.events import EventBase, make_event_from_dict
    from synapse.module_api.errors import ConfigError, SynapseError

__all__ = [
    "CharterGate",
    "ConfigError",
    "EventBase",
    "RoomVersions",
    "SynapseError",
    "make_event_from_dict",
    "parse_config",
    "vouched",
]
