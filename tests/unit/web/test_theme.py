"""The State's design system: for a body of the State that asks for it, for nobody else."""

import re
from dataclasses import replace

from support.console import ConsoleTown, Page

AUTHORITY = "Préfecture <d'Essai>"


async def looked(town: ConsoleTown) -> tuple[Page, str]:
    """A page, and its style sheet."""
    page = await town.visitor().get("/droits")
    found = re.search(r'href="(/style\.css\?v=\w+)"', page.text)
    assert found is not None
    return page, (await town.visitor().get(found[1])).text


async def test_nothing_of_the_state_is_served_unless_its_body_is_named(town: ConsoleTown):
    page, style = await looked(town)
    assert "Console" in page.text
    for mark in ("blue-france", "DSFR", "Marianne"):
        assert mark not in page.text + style


async def test_the_body_that_is_named_is_shown_over_its_own_colours(town: ConsoleTown):
    _, plain = await looked(town)
    assert town.server is not None
    town.server.desk = replace(town.server.desk, authority=AUTHORITY)
    await town.server.close()
    await town.server.open("127.0.0.1", int(town.url.rpartition(":")[2]))
    page, style = await looked(town)
    assert "<small>Préfecture &lt;d&#39;Essai&gt;</small>" in page.text
    assert style.startswith(plain)
    assert "var(--text-action-high-blue-france)" in style
    assert "@font-face" not in style, "no font of the State, nothing from elsewhere"
    assert not re.search(r"url\((?!\"?data:)", style[len(plain) :])
