"""What the running service says of itself, to commands beside it."""

from dataclasses import dataclass

import aiohttp

from appservice.files.config import Config
from appservice.operations.readiness import Part


@dataclass(frozen=True, slots=True)
class Served:
    """As `/readyz` says it."""

    safe: bool
    parts: tuple[Part, ...]


async def ask_service(config: Config) -> Served | None:
    """None when nobody answers there, or somebody else does."""
    url = f"http://{config.metrics.host}:{config.metrics.port}/readyz"
    try:
        async with aiohttp.ClientSession() as http, http.get(url) as answer:
            said = await answer.json()
        failing, advice = said["failing"], said["advice"]
        parts = [
            Part(name, name not in failing, code, advice.get(name, ""))
            for name, code in said["parts"].items()
        ]
        return Served(said["mode"] == "safe", tuple(parts))
    except (aiohttp.ClientError, TimeoutError, ValueError, LookupError, TypeError):
        return None
