"""What may stop the demonstration from starting, each said to a person in one French sentence."""


class StartFailed(Exception):
    """Something the demonstration needs could not start."""


class PortTaken(StartFailed):
    """A loopback port is already in use."""


class DatabaseFailed(StartFailed):
    """The embedded database did not start."""


class HomeserverFailed(StartFailed):
    """The Matrix homeserver did not start, or refused an order."""
