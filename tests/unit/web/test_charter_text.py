"""A charter laid out for reading keeps every letter of what is signed."""

import html
import re

from hypothesis import given
from hypothesis import strategies as st

from appservice.domain.world import World
from appservice.web.charter_text import laid_out


@given(st.text(alphabet=st.sampled_from("#*- \nab<&>\"'é\u2028")))
def test_every_letter_is_kept(text: str):
    assert html.unescape(re.sub(r"<[^>]+>", "", laid_out(text))) == text


def test_headings_and_bold_are_seen(world: World):
    for charter in world.charters.values():
        page = html.unescape(laid_out(charter.text))
        assert f'aria-hidden="true"># </span>{charter.title}\n</h2>' in page
        assert "<strong>Ne remplace pas le 17 ni le 112.</strong>" in page
