"""Where the data that ships with the product is: in the wheel, or in the checkout."""

from pathlib import Path

import appservice

_PACKAGE = Path(appservice.__file__).parent


def shipped(name: str) -> Path:
    """The folder `policies`, `room-templates` or `synapse-config`."""
    in_the_wheel = _PACKAGE / "_shipped" / name
    return in_the_wheel if in_the_wheel.is_dir() else _PACKAGE.parent / name
