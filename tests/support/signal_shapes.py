"""Recorded shapes of signal-cli, and how to compare another shape with them."""

import copy
import json
from pathlib import Path
from typing import Any

SHAPES: dict[str, Any] = json.loads(
    (Path(__file__).parent / "shapes" / "signal-cli.json").read_text(encoding="utf-8")
)


def differences(real: object, ours: object, place: str = "") -> list[str]:
    """Where two JSON values are not built alike; values themselves don't matter."""
    if isinstance(real, dict) and isinstance(ours, dict):
        found = [f"{place}.{key} is missing" for key in real.keys() - ours.keys()]
        found += [f"{place}.{key} is invented" for key in ours.keys() - real.keys()]
        for key in real.keys() & ours.keys():
            found += differences(real[key], ours[key], f"{place}.{key}")
        return found
    if isinstance(real, list) and isinstance(ours, list):
        pairs = zip(real[:1], ours[:1], strict=False)
        return [line for a, b in pairs for line in differences(a, b, f"{place}[]")]
    # Null stands for a number or name that is not known.
    if real is None or ours is None or type(real) is type(ours):
        return []
    return [f"{place} is {type(ours).__name__}, was {type(real).__name__}"]


def envelope(kind: str, **source: object) -> dict[str, Any]:
    """A recorded event's content in a whole envelope."""
    base = copy.deepcopy(SHAPES["event: message"]["result"]["envelope"])
    del base["dataMessage"]
    return {**base, **copy.deepcopy(SHAPES[f"event: {kind}"]), **source}
