"""Loopback ports for the services of the demonstration."""

import random
import socket
from collections.abc import Sequence

from appservice.demo.failure import PortTaken

LOOPBACK = "127.0.0.1"
DEFAULT_BASE = 8800
LAST_PORT = 65535
# Between two bases tried; also the number of services one base leaves room for.
STRIDE = 20
# Below those that the kernel lends to outgoing connections: such a port may be gone while its
# server restarts.
_LASTING = range(12_000, 23_000)


def is_free(port: int) -> bool:
    """Whether a server could listen on this loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As servers do: a port whose last connections are still winding down is not taken.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def ports_from(base: int, services: Sequence[str]) -> dict[str, int]:
    """One port per service, counted from `base`; every one that is taken is named at once."""
    if not 1024 <= base <= LAST_PORT - len(services):
        raise PortTaken(
            f"La base de ports {base} ne convient pas : choisissez un nombre entre 1024 et "
            f"{LAST_PORT - len(services)} avec --port-base."
        )
    ports = {service: base + index for index, service in enumerate(services)}
    taken = [f"{port} (prévu pour {name})" for name, port in ports.items() if not is_free(port)]
    if taken:
        raise PortTaken(
            f"Port déjà utilisé sur cette machine : {', '.join(taken)}. "
            "Libérez-le, ou choisissez d'autres ports avec --port-base."
        )
    return ports


def find_ports(services: Sequence[str], base: int | None = None) -> dict[str, int]:
    """The ports from the asked base, or from the first base whose ports are all free."""
    if base is not None:
        return ports_from(base, services)
    for candidate in range(DEFAULT_BASE, DEFAULT_BASE + 50 * STRIDE, STRIDE):
        try:
            return ports_from(candidate, services)
        except PortTaken:
            continue
    raise PortTaken(
        f"Aucune plage de {len(services)} ports libres à partir de {DEFAULT_BASE} : "
        "choisissez-en une avec --port-base."
    )


def any_free_port() -> int:
    """A port for a server that may stop and start again; tests start several of a kind."""
    for port in random.SystemRandom().sample(_LASTING, 200):
        if is_free(port):
            return port
    raise PortTaken(f"Aucun port libre entre {_LASTING.start} et {_LASTING.stop}.")
