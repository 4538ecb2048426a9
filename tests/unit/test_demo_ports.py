"""The ports of the demonstration: found, or refused with a name."""

import socket

import pytest

from appservice.demo.failure import PortTaken
from appservice.demo.ports import LOOPBACK, find_ports, ports_from


def test_a_taken_port_is_named_with_the_service_that_wanted_it() -> None:
    with socket.socket() as neighbour:
        neighbour.bind((LOOPBACK, 0))
        neighbour.listen()
        base = neighbour.getsockname()[1] - 1
        with pytest.raises(PortTaken, match=rf"{base + 1} \(prévu pour console\).*--port-base"):
            ports_from(base, ["homeserver", "console"])


def test_without_a_base_the_first_free_range_is_found() -> None:
    ports = find_ports(["homeserver", "console"])
    assert ports["console"] == ports["homeserver"] + 1


def test_a_base_out_of_range_is_refused() -> None:
    with pytest.raises(PortTaken, match="--port-base"):
        ports_from(80, ["homeserver"])
