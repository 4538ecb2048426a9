"""The rules that judge messages, as anybody may read them."""

from collections.abc import Mapping

from appservice.domain.commands.words import closest
from appservice.domain.member import Channel, Role
from appservice.domain.moderation import Decision, Policy, Rule

WHAT_FOLLOWS: Mapping[Decision, str] = {
    Decision.EMERGENCY: "appelez le 17 ou le 112, votre message va aux agents",
    Decision.REJECT: "jamais diffusé",
    Decision.REVISE: "à réécrire par son auteur",
    Decision.HOLD: "attend une deuxième personne",
    Decision.PUBLISH: "diffusé",
}


def listed(policy: Policy, channel: Channel) -> str:
    """One line a rule; on a telephone, what they amount to."""
    count = len(policy.rules)
    if channel is Channel.SMS:
        return (
            "Une alerte dit un fait établi : quoi, où, quand, en 160 lettres. Jamais : nom, "
            f"plaque, origine, mineur, suspect, photo. Détail : écrivez REGLE 1 à {count}."
        )
    lines = (
        f"{number}. {rule.sentences['fr']} → {_mostly(rule)}"
        for number, rule in enumerate(policy.rules.values(), 1)
    )
    return (
        "Les règles qui jugent les messages avant toute diffusion :\n"
        + "\n".join(lines)
        + f"\nUne règle en détail : « règle 1 » à « règle {count} ». "
        f"Version {policy.hash[:12]}."
    )


def one(policy: Policy, rule: Rule, role: Role, channel: Channel) -> str:
    """What it forbids, what follows for whoever asks, the article, what to write instead."""
    number = list(policy.rules).index(rule.id) + 1
    follows = WHAT_FOLLOWS[rule.decision_for(role.voice)]
    if channel is Channel.SMS:
        return f"Règle {number}, {follows}. {rule.sentences['fr']} ({rule.legal_basis})"
    lines = (
        f"Règle {number} ({rule.id}) — {follows}",
        rule.sentences["fr"],
        f"Fondement : {rule.legal_basis} (vérifié le {rule.verified_on:%d/%m/%Y}).",
        f"Conseil : {rule.advice}",
        f"Refusé : « {rule.refused[0].text} »" if rule.refused else "",
        f"Accepté : « {rule.accepted[0].text} »" if rule.accepted else "",
    )
    return "\n".join(line for line in lines if line)


def find(policy: Policy, asked: str) -> Rule | None:
    """By its number in the list, or by its id."""
    if asked.isdecimal():
        rules = list(policy.rules.values())
        number = int(asked)
        return rules[number - 1] if 1 <= number <= len(rules) else None
    return policy.rules.get(asked)


def unknown(policy: Policy, asked: str) -> str:
    """What was probably meant."""
    close = closest(asked, policy.rules)
    hint = f" Vouliez-vous dire « règle {close} » ?" if close else ""
    return (
        f"Pas de règle « {asked} ».{hint} Écrivez « règles », ou « règle 1 » à "
        f"« règle {len(policy.rules)} ». Pour signaler un fait, écrivez-le tel quel."
    )


def _mostly(rule: Rule) -> str:
    """What follows for most authors."""
    decisions = list(rule.decision.values())
    return WHAT_FOLLOWS[max(decisions, key=decisions.count)]
