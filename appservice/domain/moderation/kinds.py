"""Which kinds of sentences a message is made of, from K1 (a fact) to K8 (chatter)."""

from dataclasses import dataclass, field

from appservice.domain.moderation.reading import Reading, Slice, covering

# Notions of the lexicons that say the kind of the sentence they are found in.
FACT = "fait"
NOT_A_FACT = "hors_fait"
WEAK_FACT = "fait_faible"
NOT_A_WEAK_FACT = "sauf_faible"
ATTESTED = "constate"
NOT_ATTESTED = "constat_nie"
MATTER = "matiere"
HARM = "mal_fait"
THING = "chose"
DENIAL = "dementi"
MINE = "moi"
WEAKNESS = "faiblesse"
PARKED = "presence_banale"
OFFENCE = ("infraction_nom", "fausse_chose", "auteur")
ODD = ("presence", "presence_passive", "louche", "manege")
_STRONG = {"K6": "hors_sujet_fort", "K7": "promotion_forte"}
KIND_NOTIONS = {
    "K2": "conseil",
    "K3": "service",
    "K4": "soupcon",
    "K5": "non_infraction",
    "K6": "hors_sujet",
    "K7": "promotion",
    "K8": "bavardage",
}
# A call to follow people is its own rule; those it points at are not pointed at twice.
_CALLS, _NOT_CALLS, _SURE_CALLS = ("appel",), ("sauf_appel",), ("appel_sur",)
LABELS = {
    "K1": "fait",
    "K2": "prévention",
    "K3": "vie du dispositif",
    "K4": "soupçon",
    "K5": "pas d'infraction",
    "K6": "hors sujet",
    "K7": "promotion",
    "K8": "bavardage",
}


@dataclass(frozen=True, slots=True)
class Kinds:
    """Per kind, the places that say so; per sentence, its kinds."""

    places: dict[str, list[Slice]]
    sentences: list[list[str]] = field(default_factory=list)

    def has(self, *kinds: str) -> bool:
        """Whether any of the kinds is present."""
        return any(self.places.get(kind) for kind in kinds)

    def beside_suspicion(self, reading: Reading, parts: list[Slice]) -> list[Slice]:
        """Leave out what only describes a suspicion: that sentence is refused as a whole."""
        told = {reading.tokens[start].sentence for start, _ in self.places["K1"]}
        doubted = {reading.tokens[start].sentence for start, _ in self.places["K4"]} - told
        return [part for part in parts if reading.tokens[part[0]].sentence not in doubted]

    @property
    def facts(self) -> list[Slice]:
        """Where an offence is asserted as having happened."""
        return self.places["K1"]


def classify(reading: Reading) -> Kinds:
    """Look for the kinds in every sentence."""
    places = {"K1": _told(reading, reading.free([FACT], [NOT_A_FACT]))}
    for kind, notion in KIND_NOTIONS.items():
        places[kind] = reading.free([notion], [f"sauf_{notion}"])
    called = covering(reading.free(_CALLS, _NOT_CALLS) + reading.slices(_SURE_CALLS))
    places["K4"] = [part for part in places["K4"] if not called.intersection(range(*part))]
    if denials := reading.free([DENIAL], [f"sauf_{DENIAL}"]):
        # What looked like an offence turned out to be none: nothing of it is told.
        places["K1"] = []
        places["K5"] = sorted({*places["K5"], *denials})
    named = {kind for kind, parts in places.items() if parts}
    if named <= {"K2", "K8"}:
        places["K1"] = _attested(reading)
    if named <= {"K8"} and not places["K1"]:
        places["K1"] = _weak(reading)
    if named <= {"K2", "K8"} and not places["K1"]:
        places["K1"] = _harmed(reading, places["K2"])
    _drop_settings(reading, places)
    _drop_parked(reading, places)
    return Kinds(places, _per_sentence(reading, places))


def _attested(reading: Reading) -> list[Slice]:
    """What was found and recorded of a thing taken or broken is a fact, whatever its name."""
    if not reading.free([ATTESTED], [NOT_ATTESTED]):
        return []
    return _told(reading, reading.free([MATTER], [NOT_A_FACT]))


def _weak(reading: Reading) -> list[Slice]:
    """Nothing is named, but something was done to somebody: said badly, it is still a fact."""
    if reading.has(WEAKNESS):
        return []
    return _told(reading, reading.free([WEAK_FACT], [NOT_A_FACT, NOT_A_WEAK_FACT]))


def _harmed(reading: Reading, advice: list[Slice]) -> list[Slice]:
    """Agents write of things and of what was done to them, in any order; advice tells nothing."""
    if reading.submission.author_role == "merchant":
        return []
    where = {reading.tokens[start].sentence for start, _ in reading.slices([THING])}
    where -= {reading.tokens[start].sentence for start, _ in advice}
    done = reading.free([HARM], [NOT_A_FACT, NOT_A_WEAK_FACT])
    return _told(reading, [part for part in done if reading.tokens[part[0]].sentence in where])


def _told(reading: Reading, facts: list[Slice]) -> list[Slice]:
    """Leave out what is only asked: « y a-t-il eu des vols ? » tells of none."""
    mine = {reading.tokens[start].sentence for start, _ in reading.slices([MINE])}
    kept = []
    for part in facts:
        sentence = reading.tokens[part[0]].sentence
        if sentence in mine or not reading.asked(sentence):
            kept.append(part)
    return kept


def _drop_settings(reading: Reading, places: dict[str, list[Slice]]) -> None:
    """A topic in the very sentence of a fact, or of advice against an offence, is its setting."""
    told = {reading.tokens[start].sentence for start, _ in places["K1"]}
    warned = {reading.tokens[start].sentence for start, _ in places["K2"]}
    told |= warned & {reading.tokens[start].sentence for start, _ in reading.slices(OFFENCE)}
    for kind, strong in _STRONG.items():
        kept = reading.slices([strong])
        places[kind] = [
            part
            for part in places[kind]
            if reading.tokens[part[0]].sentence not in told or part in kept or _inside(part, kept)
        ]


def _drop_parked(reading: Reading, places: dict[str, list[Slice]]) -> None:
    """In the very sentence of a fact, a vehicle that is only parked is what it happened to."""
    told = {reading.tokens[start].sentence for start, _ in places["K1"]}
    parked = covering(reading.slices([PARKED]))
    odd = covering(reading.slices(ODD)) - parked
    places["K4"] = [
        part
        for part in places["K4"]
        if reading.tokens[part[0]].sentence not in told
        or odd.intersection(range(*part))
        or not parked.intersection(range(*part))
    ]


def _inside(part: Slice, others: list[Slice]) -> bool:
    return any(start < part[1] and part[0] < end for start, end in others)


def _per_sentence(reading: Reading, places: dict[str, list[Slice]]) -> list[list[str]]:
    count = reading.tokens[-1].sentence + 1 if reading.tokens else 0
    sentences: list[list[str]] = [[] for _ in range(count)]
    for kind, parts in places.items():
        for number in sorted({reading.tokens[start].sentence for start, _ in parts}):
            sentences[number].append(kind)
    return sentences
