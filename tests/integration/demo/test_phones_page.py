"""The phones page over HTTP: what it shows, what it takes, and from whom."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace

import aiohttp
import pytest
import pytest_asyncio
from support.phone import ListPhone

from appservice.demo.phone import Thread
from appservice.demo.phones import PhonesPage
from bridges.protocol import Attachment


class Rig:
    """The page, one phone on it, and a visitor."""

    page: PhonesPage
    phone: ListPhone
    http: aiohttp.ClientSession

    async def get(self, path: str = "", **headers: str) -> tuple[aiohttp.ClientResponse, str]:
        async with self.http.get(self.page.url + path, headers=headers) as answer:
            return answer, await answer.text()

    async def say(self, origin: str | None = None, **fields: object) -> tuple[int, str]:
        headers = {"Origin": self.page.url[:-1] if origin is None else origin}
        form = aiohttp.FormData()
        for name, value in {"thread": "guichet", **fields}.items():
            form.add_field(name, value)
        url = f"{self.page.url}phones/{self.phone.id}/messages"
        async with self.http.post(
            url, data=form, headers=headers, allow_redirects=False
        ) as answer:
            place = answer.headers.get("Location", "")
            return answer.status, place or await answer.text()


@pytest_asyncio.fixture
async def rig() -> AsyncIterator[Rig]:
    rig = Rig()
    rig.phone = ListPhone()
    rig.page = PhonesPage([rig.phone])
    await rig.page.start()
    async with aiohttp.ClientSession() as rig.http:
        yield rig
    await rig.page.stop()


async def test_everything_is_on_the_page_without_a_script(rig: Rig) -> None:
    rig.phone.receives("Signalement S12 reçu")
    rig.phone.bubbles.append(
        replace(rig.phone.receives("avant"), id="e", text="après", edited=True)
    )
    rig.phone.receives("ne se lit plus", deleted=True)
    _, text = await rig.get()
    assert "Signalement S12 reçu" in text
    assert "après" in text
    assert "Modifié" in text
    assert "Ce message a été supprimé." in text
    assert "ne se lit plus" not in text
    assert '<form method="post"' in text


async def test_the_kinds_stand_side_by_side(rig: Rig) -> None:
    for name, kind in (("element-2", "element"), ("signal-1", "signal"), ("sms-1", "sms")):
        rig.page.add(ListPhone(name, kind))
    _, text = await rig.get()
    found = re.findall(r'<section class="phone \w+" id="([^"]+)"', text)
    assert found == ["element-1", "signal-1", "sms-1", "element-2"]


async def test_only_conversations_that_take_words_are_offered(rig: Rig) -> None:
    rig.phone.open.append(Thread("echanges", "Échanges"))
    _, text = await rig.get()
    assert '<option value="guichet">' in text
    assert '<option value="echanges">' in text
    assert '<option value="alertes">' not in text
    rig.phone.open = [Thread("alertes", "Alertes", False)]
    _, text = await rig.get()
    assert "<form" not in text
    assert "ne peut que lire" in text


async def test_what_people_write_stays_text(rig: Rig) -> None:
    rig.phone.receives('<script>alert(1)</script> & "guillemets"')
    _, text = await rig.get()
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &#34;guillemets&#34;" in text
    assert "Claire &lt;Bijouterie&gt;" in text
    assert "<script>" not in text


async def test_nothing_foreign_may_run_on_the_page(rig: Rig) -> None:
    for path in ("", "static/phones.css", "static/phones.js", "phones/element-1", "nowhere"):
        answer, text = await rig.get(path)
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "http://" not in text.replace("http://127.0.0.1", "")
        assert "style=" not in text
        assert "onclick=" not in text


async def test_saying_something_reaches_the_phone_and_leads_back(rig: Rig) -> None:
    assert await rig.say(text="  Vol à l'étalage ") == (303, "/#element-1")
    assert rig.phone.said == [("guichet", "Vol à l'étalage", None)]


async def test_a_photo_goes_with_it(rig: Rig) -> None:
    form = aiohttp.FormData({"thread": "guichet", "text": ""})
    form.add_field("photo", b"\x89PNG...", filename="v.png", content_type="image/png")
    url = f"{rig.page.url}phones/element-1/messages"
    async with rig.http.post(url, data=form, headers={"Referer": rig.page.url}) as answer:
        assert answer.status == 200
    assert rig.phone.said == [("guichet", "", Attachment("image/png", b"\x89PNG...", "v.png"))]


@pytest.mark.parametrize(
    ("fields", "status", "words"),
    [
        ({"text": ""}, 400, "Écrivez un message"),
        ({"text": "x" * 4001}, 400, "4000"),
        ({"text": "x", "thread": "alertes"}, 409, "écrire dans cette conversation"),
        ({"text": "x", "thread": "ailleurs"}, 409, "écrire dans cette conversation"),
    ],
)
async def test_what_cannot_be_said_is_explained_in_french(
    rig: Rig, fields: dict[str, object], status: int, words: str
) -> None:
    code, text = await rig.say(**fields)
    assert code == status
    assert words in text
    assert rig.phone.said == []


async def test_the_phone_may_refuse(rig: Rig) -> None:
    rig.phone.refuse = "Dans ce groupe, seul le service écrit."
    assert await rig.say(text="x") == (409, "Dans ce groupe, seul le service écrit.")


async def test_a_file_that_is_no_picture_is_refused(rig: Rig) -> None:
    form = aiohttp.FormData({"thread": "guichet", "text": "voici"})
    form.add_field("photo", b"<svg/>", filename="v.svg", content_type="image/svg+xml")
    url = f"{rig.page.url}phones/element-1/messages"
    async with rig.http.post(url, data=form, headers={"Referer": rig.page.url}) as answer:
        assert answer.status == 400
    assert rig.phone.said == []


@pytest.mark.parametrize("origin", ["https://example.org", "null", "", "http://127.0.0.1:1"])
async def test_another_site_cannot_speak_for_a_phone(rig: Rig, origin: str) -> None:
    status, text = await rig.say(origin, text="faux")
    assert status == 403
    assert "ne vient pas de cette page" in text
    assert rig.phone.said == []


async def test_another_name_of_this_machine_is_not_answered(rig: Rig) -> None:
    answer, _ = await rig.get(Host="maillage.example.org")
    assert answer.status == 403


async def test_pictures_are_shown_and_nothing_else(rig: Rig) -> None:
    rig.phone.photos = {
        "m0": Attachment("image/jpeg", b"\xff\xd8"),
        "m1": Attachment("text/html", b"<script>"),
    }
    async with rig.http.get(rig.page.url + "phones/element-1/photos/m0") as answer:
        assert (answer.content_type, await answer.read()) == ("image/jpeg", b"\xff\xd8")
    for path in ("phones/element-1/photos/m1", "phones/element-1/photos/m9", "phones/nobody"):
        answer, text = await rig.get(path)
        assert answer.status == 404
        assert "n'existe pas" in text


async def test_news_come_live_and_only_of_the_phone_that_changed(rig: Rig) -> None:
    other = ListPhone("sms-1", "sms")
    rig.page.add(other)
    async with asyncio.timeout(10), rig.http.get(rig.page.url + "live") as live:
        assert live.content_type == "text/event-stream"
        seen = [await _news(live), await _news(live)]
        assert seen == ["element-1", "sms-1"]
        other.receives("ALERTE A7")
        assert await _news(live) == "sms-1"
    _, text = await rig.get("phones/sms-1")
    assert "ALERTE A7" in text


async def _news(live: aiohttp.ClientResponse) -> str:
    while line := await live.content.readline():
        if line.startswith(b"data: "):
            return line[6:].decode().strip()
    raise AssertionError("the page hung up")


async def test_stopping_does_not_wait_for_visitors(rig: Rig) -> None:
    async with asyncio.timeout(10), rig.http.get(rig.page.url + "live") as live:
        await _news(live)
        await rig.page.stop()
        await live.content.read()
    await rig.page.start()


async def test_an_id_that_does_not_fit_an_address_is_refused(rig: Rig) -> None:
    with pytest.raises(ValueError, match="not an id"):
        rig.page.add(ListPhone("../etc"))
