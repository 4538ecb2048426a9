"""Words: rules that fire on what the lexicons found, and on patterns of operators."""

from appservice.domain.moderation.checks.scale import weigh
from appservice.domain.moderation.kinds import Kinds
from appservice.domain.moderation.policy import Rule
from appservice.domain.moderation.reading import Reading
from appservice.domain.moderation.verdict import Span

_ELSE = ("K3", "K4", "K6", "K7")  # life of the scheme, suspicion, other topics, promotion


def notions(reading: Reading, kinds: Kinds, rule: Rule) -> tuple[Span, ...] | None:
    """Fires on a notion outside its exceptions; some bind some roles only, some void it."""
    options = rule.options
    weight = weigh(reading, rule)
    if _void(reading, rule) or (weight is not None and weight.over):
        return None
    parts = reading.free(rule.finds, rule.unless) + reading.slices(options.get("always", ()))
    parts += reading.free(options.get("sure", ()), options.get("sure_unless", ()))
    if reading.submission.author_role in options.get("witness_roles", ()):
        excepted = (*rule.unless, *options.get("witness_unless", ()))
        parts += reading.free(options.get("witness_finds", ()), excepted)
        broad = (*excepted, *options.get("broad_unless", ()))
        parts += reading.free(options.get("broad", ()), broad)
    if weight is not None and weight.enough:
        parts += weight.parts
    if rule.fact_only:
        parts = kinds.beside_suspicion(reading, parts)
    if parts:
        return reading.spans(parts)
    # What says that it is past, feigned or feared is like an emergency in all its other words,
    # and what is known to be about something else is like one by chance.
    if kinds.has(*_ELSE) or (weight is not None and weight.now < 0):
        return None
    return _likeness(reading, rule)


def _likeness(reading: Reading, rule: Rule) -> tuple[Span, ...] | None:
    """Fires on a text like those that break the rule, though no word of the rule is in it."""
    learnt = reading.policy.learnt.get(rule.id)
    if learnt is None or learnt.score(reading.folded.text) < float(rule.options["resembles"][0]):
        return None
    return learnt.telling(reading.folded)


def _void(reading: Reading, rule: Rule) -> bool:
    """Whether the message itself says that it was nothing: « en fait, c'était un chat »."""
    denials = rule.options.get("void", ())
    return bool(reading.free(denials, [f"sauf_{name}" for name in denials]))


def regex(reading: Reading, kinds: Kinds, rule: Rule) -> tuple[Span, ...] | None:
    """Fires where a pattern of the operators is found in the folded text."""
    folded = reading.folded
    spans = [
        folded.span(match.start(), match.end())
        for pattern in rule.patterns
        for match in pattern.finditer(folded.text)
    ]
    return tuple(sorted(spans)) if spans else None
