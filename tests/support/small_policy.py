"""A handful of rules, one of each kind: what the flows are tested with, whatever ships."""

from datetime import date

from appservice.domain.moderation import Decision, Policy, Rule
from appservice.domain.moderation.grammar import Grammar
from appservice.domain.moderation.pattern import parse
from appservice.domain.moderation.policy import Names
from appservice.domain.moderation.spelling import Spelling
from appservice.domain.moderation.verdict import ROLES

_WORDS = {
    "fait": "vol vols cambriolage effraction",
    "hors_fait": "fauxvol",
    "conseil": "pensez fermez",
    "service": "dispositif",
    "soupcon": "louche suspect",
    "non_infraction": "rumeur",
    "hors_sujet": "radar",
    "promotion": "promo",
    "bavardage": "bonjour merci livraison",
    "urgence": "arme secours",
    "plaque": "immatriculation",
    "personne": "dupont",
    "apparence": "barbu",
    "atteste": "constate constates",
    "doute": "apparemment",
    "refus_atteste": "pasconstate",
}


def _rule(
    rule_id: str,
    check: str,
    decision: Decision,
    sentence: str,
    *,
    finds: tuple[str, ...] = (),
    fact_only: bool = False,
    options: dict[str, tuple[str, ...]] | None = None,
) -> Rule:
    return Rule(
        id=rule_id,
        check=check,
        decision=dict.fromkeys(ROLES, decision),
        legal_basis=f"article de {rule_id}",
        verified_on=date(2026, 1, 1),
        sentences={"fr": sentence},
        advice="",
        finds=finds,
        fact_only=fact_only,
        options=options or {},
    )


def small_policy() -> Policy:
    """« vol » is a fact, « armé » a danger, « louche » a suspicion, « Dupont » a person."""
    rules = (
        _rule(
            "emergency-in-progress",
            "notions",
            Decision.EMERGENCY,
            "Danger en cours : appelez le 17 ou le 112.",
            finds=("urgence",),
        ),
        _rule(
            "suspicion-only",
            "topic",
            Decision.REJECT,
            "Un soupçon n'est pas un fait.",
            options={"kinds": ("K4",)},
        ),
        _rule(
            "identifies-person",
            "notions",
            Decision.REJECT,
            "Ne désignez personne.",
            finds=("personne",),
        ),
        _rule(
            "licence-plate",
            "notions",
            Decision.REVISE,
            "Retirez l'immatriculation.",
            finds=("plaque",),
        ),
        _rule(
            "over-length-gsm7",
            "length",
            Decision.REVISE,
            "160 caractères maximum.",
            options={"septets": ("160",)},
        ),
        _rule(
            "unverified-source",
            "source",
            Decision.HOLD,
            "Fait non encore constaté.",
            finds=("doute",),
            fact_only=True,
            options={
                "never_trusted": ("merchant",),
                "on_attestation": ("municipal_police", "mairie"),
                "attestation": ("atteste",),
                "denied": ("refus_atteste",),
            },
        ),
        _rule(
            "person-description",
            "notions",
            Decision.HOLD,
            "Une description de personne doit être validée.",
            finds=("apparence",),
            fact_only=True,
        ),
        _rule("chatter", "chatter", Decision.REJECT, "Réservé aux alertes."),
    )
    lexicons = {name: [parse(word) for word in words.split()] for name, words in _WORDS.items()}
    grammar = Grammar(lexicons)
    return Policy({rule.id: rule for rule in rules}, grammar, Spelling(), Names(), "small")
