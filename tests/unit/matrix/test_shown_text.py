"""What is judged is what people see, wherever the sender wrote it."""

import pytest

from appservice.matrix.shown_text import HTML, clean, poll_text, shown_text


def formatted(body: object, html: object) -> dict[str, object]:
    return {"msgtype": "m.text", "body": body, "format": HTML, "formatted_body": html}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ({"body": "Bonjour"}, "Bonjour"),
        ({"body": 4}, ""),
        ({}, ""),
        (formatted("**Bonjour**", "<strong>Bonjour</strong>"), "**Bonjour**"),
        (formatted("Bonjour", "Un suspect <b>roux</b>"), "Un suspect roux\nBonjour"),
        (formatted("", "caché"), "caché"),
        (formatted("a", '<img src="mxc://x/y" alt="plaque AB-123-CD">'), "plaque AB-123-CD\na"),
        (formatted("vu", "<p>vu</p><p>et noté</p>"), "vu\net noté\nvu"),
        (formatted("x", "&#112;laque"), "plaque\nx"),
        (formatted("Bonjour", ["junk"]), "Bonjour"),
        ({"body": "x", "format": "autre", "formatted_body": "y"}, "x"),
    ],
)
def test_the_text_of_a_message(content: dict[str, object], text: str) -> None:
    assert shown_text(content) == text


def test_a_reply_does_not_repeat_what_it_answers() -> None:
    content = {
        **formatted("> <@a:s> Vol rue Hoche\n> suite\n\nBien reçu", ""),
        "formatted_body": "<mx-reply><blockquote>Vol rue Hoche</blockquote></mx-reply>Bien reçu",
        "m.relates_to": {"m.in_reply_to": {"event_id": "$x"}},
    }
    assert shown_text(content) == "Bien reçu"


def test_a_quotation_that_answers_nothing_is_the_sender_s_own_text() -> None:
    assert shown_text({"body": "> un suspect\n\nbonjour"}) == "> un suspect\n\nbonjour"


def test_a_text_is_fit_for_the_database() -> None:
    assert clean("a\0b\ud83dc") == "ab?c"
    assert len(clean("x" * 100_000)) == 40_000
    assert clean(["x"]) == ""


@pytest.mark.parametrize(
    "content",
    [
        {
            "org.matrix.msc3381.poll.start": {
                "question": {"org.matrix.msc1767.text": "Qui l'a vu ?"},
                "answers": [{"org.matrix.msc1767.text": "Moi"}, {"body": "Un roux"}, 3],
            }
        },
        {
            "m.poll": {
                "question": {"m.text": [{"body": "Qui l'a vu ?"}]},
                "answers": [{"m.text": [{"body": "Moi"}]}, {"m.text": "Un roux"}],
            }
        },
    ],
)
def test_a_poll_is_read_too(content: dict[str, object]) -> None:
    assert poll_text(content) == "Qui l'a vu ?\nMoi\nUn roux"
