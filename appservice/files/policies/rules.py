"""Reads the rules of a policy, with their examples."""

import re
from collections.abc import Iterable, Mapping

import re2

from appservice.domain.moderation.checks import CHECKS
from appservice.domain.moderation.policy import Example, Rule, Searcher
from appservice.domain.moderation.verdict import ROLES, Decision
from appservice.files.yaml_source import Line, ProblemList, Table, did_you_mean

LANGUAGES = ("fr", "en", "es", "de", "it")
_KEYS = (
    "id", "check", "decision", "finds", "unless", "fact_only", "options", "patterns",
    "legal_basis", "verified_on", "sentences", "advice", "accepted", "refused",
)  # fmt: skip

_POINTS = re.compile(r"[a-z_]+=-?[0-9]{1,2}")
_SCALES = ("gravity", "present", "present_agents")
_CALM = re.compile(r"-[0-9]{1,2}")
_NUMBER = re.compile(r"-?[0-9]{1,2}")
_NEEDS = ("needed", "needed_agents")
_LEVEL = re.compile(r"-?[0-9](\.[0-9]{1,2})?")


def read_rules(tables: Iterable[Table], problems: ProblemList) -> Mapping[str, Rule]:
    """Every rule of every file, in order."""
    rules: dict[str, Rule] = {}
    for table in tables:
        for entry in table.tables("rules"):
            rule = _rule(entry, problems)
            if rule.id in rules:
                entry.problem("id", f"règle « {rule.id} » écrite deux fois")
            rules[rule.id] = rule
    return rules


def weighed(rule: Rule) -> list[str]:
    """The lexicons that the scale of a rule gives points to."""
    return [entry.partition("=")[0] for key in _SCALES for entry in rule.options.get(key, ())]


def _rule(entry: Table, problems: ProblemList) -> Rule:
    entry.only(*_KEYS)
    rule_id = entry.text("id")
    decisions = _decisions(entry)
    return Rule(
        id=rule_id,
        check=entry.choice("check", CHECKS),
        decision=decisions,
        legal_basis=entry.text("legal_basis"),
        verified_on=entry.day("verified_on"),
        sentences=_sentences(entry),
        advice=entry.text("advice"),
        finds=tuple(entry.text("finds", "").split()),
        unless=tuple(entry.text("unless", "").split()),
        fact_only=entry.flag("fact_only", False),
        options=_options(entry),
        patterns=_patterns(entry, problems),
        accepted=_examples(entry, "accepted", problems),
        refused=_examples(entry, "refused", problems),
        origin=(str(entry.path), entry.start),
    )


def _decisions(entry: Table) -> dict[str, Decision]:
    """One decision for all, or one per role with a `default`."""
    known = [str(decision) for decision in Decision]
    if not entry.is_table("decision"):
        word = entry.choice("decision", known)
        return dict.fromkeys(ROLES, Decision(word) if word in known else Decision.HOLD)
    table = entry.table("decision")
    if table is None:
        return dict.fromkeys(ROLES, Decision.HOLD)
    table.only("default", *ROLES)
    default = table.choice("default", known)
    words = {role: table.choice(role, known, default) for role in ROLES}
    return {r: Decision(w) if w in known else Decision.HOLD for r, w in words.items()}


def _sentences(entry: Table) -> dict[str, str]:
    table = entry.table("sentences")
    if table is None:
        return {}
    table.only(*LANGUAGES)
    return {language: table.text(language) for language in LANGUAGES}


def _options(entry: Table) -> dict[str, tuple[str, ...]]:
    table = entry.table("options", required=False)
    if table is None:
        return {}
    options = {key: tuple(table.text(key).split()) for key in list(table.keys())}
    if "gravity" in options:
        _check_scale(table, options)
    if "resembles" in options and not _LEVEL.fullmatch(" ".join(options["resembles"])):
        table.problem("resembles", "« resembles » : un nombre, comme -0.4")
    return options


def _check_scale(table: Table, options: dict[str, tuple[str, ...]]) -> None:
    """Scales are `lexicon=points`; what is needed is three numbers: gravity, present, both."""
    for key in _SCALES:
        for entry in options.get(key, ("",)):
            if not _POINTS.fullmatch(entry):
                table.problem(key, f"« {key} » : écrire lexique=points, et non « {entry} »")
    for key in _NEEDS:
        needed = options.get(key, ())
        if len(needed) != 3 or not all(map(_NUMBER.fullmatch, needed)):
            table.problem(key, f"« {key} » : trois nombres, gravité, moment et les deux ensemble")
    if not _CALM.fullmatch(" ".join(options.get("calm", ()))):
        table.problem("calm", "« calm » : un nombre négatif")
    witnesses = options.get("witness_roles", ())
    if not witnesses or not set(witnesses) <= set(ROLES):
        table.problem("witness_roles", f"« witness_roles » : parmi {', '.join(ROLES)}")


def _patterns(entry: Table, problems: ProblemList) -> tuple[Searcher, ...]:
    """Patterns of operators, compiled by RE2: no pattern can make a reading slow."""
    compiled = []
    for line in entry.located_texts("patterns"):
        try:
            compiled.append(re2.compile(line.text))
        except re2.error as error:
            problems.add(entry.path, line.line, f"expression refusée : {error}")
    return tuple(compiled)


def _examples(entry: Table, key: str, problems: ProblemList) -> tuple[Example, ...]:
    lines = [line for line in entry.block(key) if line.text.strip()] if key in entry else []
    if not lines:
        entry.problem(key, f"« {key} » : au moins un exemple")
    found = (_example(entry, line, problems) for line in lines)
    return tuple(example for example in found if example is not None)


def _example(entry: Table, line: Line, problems: ProblemList) -> Example | None:
    """`role → decision other-rules : text`."""
    head, colon, text = line.text.partition(" : ")
    role, arrow, outcome = (part.strip() for part in head.partition("→"))
    decision, *rest = outcome.split() or [""]
    others = [word for word in rest if not word.startswith("(")]
    attachments = tuple(word.strip("()") for word in rest if word.startswith("("))
    if not colon or not arrow or not text.strip():
        problems.add(entry.path, line.line, "écrire « rôle → décision autres-règles : texte »")
        return None
    for word, known in ((role, list(ROLES)), (decision, [str(d) for d in Decision])):
        if word not in known:
            hint = did_you_mean(word, known)
            problems.add(entry.path, line.line, f"mot inconnu « {word} »{hint}")
            return None
    return Example(
        text=text.strip(),
        author_role=role,
        decision=Decision(decision),
        rules=tuple(sorted(others)),
        path=str(entry.path),
        line=line.line,
        attachments=attachments,
    )
