"""What a route is: a path, who may take it, and what it does."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from aiohttp import web

from appservice.domain.console import Right

SMALL = 16 * 1024
"""Bytes of a form without a file."""


class Access(StrEnum):
    """Who may take a route when no right is asked."""

    PUBLIC = "public"
    SIGNED_IN = "signed-in"


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the route table. Nothing is served that is not in it."""

    method: str
    path: str
    handler: Handler
    access: Access | Right
    dangerous: bool = False  # a code given in the last minutes is asked
    largest: int = SMALL  # bytes of a body
    background: bool = False  # asked by a page left open, not by somebody who is there
    title: str = ""  # a tile of the first page, for whoever has the right
    about: str = ""
