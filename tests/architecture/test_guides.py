"""The guides of people: their pictures are there, small, described; their links lead somewhere."""

import re

import pytest
from PIL import Image
from support.pictures import DOCS, PICTURES, guides, shown

LINK = re.compile(r"(?<!!)\[[^\]]+\]\((?!https?:)(?P<path>[^)#]+)")
HEAVIEST = 96 * 1024  # bytes
WIDTHS = {"phone": 390, "desk": 1280}
AUDIENCES = {"guide-mairie.md", "guide-commercant.md", "guide-forces.md"}


def test_each_public_has_its_guide():
    assert {guide.name for guide in guides()} == AUDIENCES


@pytest.mark.parametrize(("guide", "path", "said"), shown(), ids=lambda value: str(value)[-40:])
def test_a_picture_is_there_small_and_described(guide, path, said):
    assert path.is_file(), f"{guide}: make screenshots"
    assert len(said) > 8, "for whoever does not see it"
    if path.parent == PICTURES:
        size = path.stem.rpartition("-")[2]
        with Image.open(path) as picture:
            assert picture.width == WIDTHS[size]
        assert path.stat().st_size <= HEAVIEST


def test_no_picture_is_kept_that_no_guide_shows():
    assert {path.name for path in PICTURES.glob("*")} == {
        path.name for _, path, _ in shown() if path.parent == PICTURES
    }


@pytest.mark.parametrize("guide", guides(), ids=lambda guide: guide.name)
def test_a_guide_says_what_does_not_exist_and_leads_nowhere_wrong(guide):
    text = guide.read_text("utf-8")
    assert "## Ce qui n'existe pas encore" in text
    assert "17" in text
    assert "112" in text
    for found in LINK.finditer(text):
        assert (DOCS / found["path"]).exists(), found["path"]
