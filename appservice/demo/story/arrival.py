"""Somebody who has just signed and has never used Element: the page that leads them there."""

from ruamel.yaml import YAML

from appservice.demo.cast import Cast
from appservice.demo.people import BRETAGNE, REDON

NUMBER = "+33639980031"
SHOP = "Fournil du Canal"
_ENTRY = {
    "name": "Maud Arzel",
    "role": "merchant",
    "territory": BRETAGNE,
    "channels": ["matrix"],
    "shop": SHOP,
    "trades": ["boulangers"],
    "commune": REDON,
    "phone": NUMBER,
}


async def arrival_page(cast: Cast) -> str:
    """Its address, good for a week; the former one is dead. She is enrolled the first time."""
    if SHOP not in (await cast.maillage("members")).out:
        path = cast.stage.state / "newcomer.yaml"
        with path.open("w", encoding="utf-8") as file:
            YAML(typ="safe", pure=True).dump({"members": [_ENTRY]}, file)
        await cast.maillage("enrol", str(path))
    shown = await cast.maillage("charter", NUMBER)
    await cast.maillage("sign", "--readmit", "--hash", shown.err.split()[2], NUMBER)
    return (await cast.maillage("arrival", NUMBER)).out.strip()
