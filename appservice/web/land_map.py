"""A map of communes drawn from their centres: no tile, no server of anybody's, no script."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from appservice.domain.console.reached import Share
from appservice.domain.ids import Insee
from appservice.domain.territory import Commune

WIDTH, MARGIN = 640, 56
_TALLEST = 640
_SMALLEST, _BIGGEST = 5.0, 26.0  # radius of a commune with participants
_LABELS = 12  # names written on the map; the table beside it has them all


@dataclass(frozen=True, slots=True)
class Dot:
    """One commune. Areas are as numbers of people: the inner one is who is reached."""

    name: str
    share: Share
    x: float
    y: float
    outer: float
    inner: float
    is_named: bool
    to_left: bool  # its name, so as not to leave the map


@dataclass(frozen=True, slots=True)
class LandMap:
    """Dots in pixels from the upper left corner; the biggest are drawn first."""

    width: int
    height: int
    dots: tuple[Dot, ...]
    nowhere: tuple[str, ...]  # communes whose centre is not known


def drawn(communes: Iterable[Commune], shares: Mapping[Insee, Share]) -> LandMap | None:
    """The communes where somebody is enrolled among the others; None when none has a centre."""
    known = list(communes)
    placed = [(place, place.centre) for place in known if place.centre is not None]
    nowhere = tuple(p.name for p in known if p.centre is None and p.insee in shares)
    if not placed:
        return None
    points = _projected([centre for _, centre in placed])
    height = int(max(y for _, y in points) + MARGIN)
    most = max((share.total for share in shares.values()), default=0)
    ranked = sorted(shares, key=lambda insee: (-shares[insee].total, insee))[:_LABELS]
    dots = [
        _dot(place, shares.get(place.insee, Share()), x, y, most, named=place.insee in ranked)
        for (place, _), (x, y) in zip(placed, points, strict=True)
    ]
    dots.sort(key=lambda dot: (-dot.outer, dot.name))
    return LandMap(WIDTH, height, tuple(dots), nowhere)


def _projected(centres: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Equirectangular: true enough over a département. North is up."""
    middle = math.radians(sum(lat for lat, _ in centres) / len(centres))
    plane = [(lon * math.cos(middle), -lat) for lat, lon in centres]
    left, top = min(x for x, _ in plane), min(y for _, y in plane)
    wide = max(x for x, _ in plane) - left
    tall = max(y for _, y in plane) - top
    room = WIDTH - 2 * MARGIN
    scale = min(
        room / wide if wide else math.inf, (_TALLEST - 2 * MARGIN) / tall if tall else math.inf
    )
    if not math.isfinite(scale):
        return [(WIDTH / 2, MARGIN) for _ in plane]
    aside = MARGIN + (room - wide * scale) / 2
    return [
        (round(aside + (x - left) * scale, 1), round(MARGIN + (y - top) * scale, 1))
        for x, y in plane
    ]


def _dot(place: Commune, share: Share, x: float, y: float, most: int, *, named: bool) -> Dot:
    outer = 2.0
    if share.total:
        outer = _SMALLEST + (_BIGGEST - _SMALLEST) * math.sqrt(share.total / most)
    inner = outer * math.sqrt(share.reached / share.total) if share.total else 0.0
    return Dot(
        place.name, share, x, y, round(outer, 1), round(inner, 1), named, to_left=x > WIDTH * 0.7
    )
