"""A page in Markdown for each rule, made from the policy: what members and jurists read."""

from collections.abc import Iterator, Mapping

from appservice.domain.member import Role
from appservice.domain.moderation import ROLES, Decision, Policy, Rule
from appservice.domain.moderation.policy import Example
from appservice.domain.wording.rules import WHAT_FOLLOWS

INDEX = "README.md"
_LANGUAGES = {"en": "English", "es": "Español", "de": "Deutsch", "it": "Italiano"}
_MADE = "<!-- Écrit par « maillage policy pages » à partir de policies/*.yaml. -->\n"


def rule_pages(policy: Policy) -> Mapping[str, str]:
    """Name of each page and its text; the index lists the others."""
    pages = {f"{rule.id}.md": _MADE + "\n".join(_page(rule)) for rule in policy.rules.values()}
    return {INDEX: _MADE + "\n".join(_index(policy)), **pages}


def _index(policy: Policy) -> Iterator[str]:
    yield "# Les règles qui jugent les messages\n"
    yield (
        "Aucun message n'est diffusé sans être jugé. Plusieurs règles peuvent parler ; la plus "
        "forte décide, dans l'ordre urgence, refus, réécriture, attente. Un texte où rien de "
        "licite n'est reconnu n'est jamais diffusé, et celui d'un commerçant ne l'est jamais sans "
        "l'accord d'un agent. Un membre lit ces règles en écrivant « règles » dans son guichet, "
        "sur Signal ou par SMS.\n"
    )
    yield "| | règle | ce qui suit |"
    yield "| --- | --- | --- |"
    for number, rule in enumerate(policy.rules.values(), 1):
        follows = " ; ".join(dict.fromkeys(_followed(rule).values()))
        yield f"| {number} | [{rule.sentences['fr']}]({rule.id}.md) | {follows} |"
    yield "\nPour en écrire une : [ecrire-une-regle.md](ecrire-une-regle.md).\n"


def _page(rule: Rule) -> Iterator[str]:
    yield f"# {rule.id}\n"
    yield f"**{rule.sentences['fr']}**\n"
    yield f"Conseil : {rule.advice}\n"
    yield f"Fondement : {rule.legal_basis} (vérifié le {rule.verified_on:%d/%m/%Y}).\n"
    yield "| auteur | ce qui suit |"
    yield "| --- | --- |"
    yield from (f"| {who} | {follows} |" for who, follows in _followed(rule).items())
    if rule.fact_only:
        yield "\nNe parle qu'à côté d'un fait établi."
    yield from _examples("Elle refuse", rule.refused)
    yield from _examples("Elle laisse passer", rule.accepted)
    yield "\n## Dans les autres langues\n"
    yield from (f"- {name} : {rule.sentences[code]}" for code, name in _LANGUAGES.items())
    yield ""


def _followed(rule: Rule) -> Mapping[str, str]:
    """What follows, by author; one line for all when it is the same."""
    by_role = {Role(name).french: WHAT_FOLLOWS[rule.decision_for(name)] for name in ROLES}
    return by_role if len(set(by_role.values())) > 1 else {"tous": by_role[Role.MERCHANT.french]}


def _examples(title: str, examples: tuple[Example, ...]) -> Iterator[str]:
    yield f"\n## {title}\n"
    for example in examples:
        said = "" if example.decision is Decision.PUBLISH else f" ({', '.join(example.rules)})"
        said = said if example.rules else ""
        who = Role(example.author_role).french
        yield f"- {who} : « {example.text} » → {WHAT_FOLLOWS[example.decision]}{said}"
