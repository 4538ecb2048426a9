"""What is said when several reports tell of one event."""

from collections.abc import Mapping, Sequence

from appservice.domain.commands.reactions import HINTS
from appservice.domain.ids import MemberId, ReportId
from appservice.domain.member import Member
from appservice.domain.report import Report, Taken
from appservice.domain.territory import Territory
from appservice.domain.wording.common import day_and_hour, hour, quoted

_NAMED = 15  # places on a card; the rest is a number
_LAST = 3  # last words on a card

Authors = Mapping[MemberId, Member]


def card(case: Sequence[Report], authors: Authors, territory: Territory) -> str:
    """The leader's card once others have told of the same event: how many, where, who."""
    leader, last = case[0], case[-1]
    sign = "🆘 URGENCE" if any(report.emergency for report in case) else "🔔"
    pictures = sum(len(report.blobs) for report in case)
    words = "\n".join(_said(report, authors) for report in case[1:][-_LAST:])
    return (
        f"{sign} {leader.reference} — {len(case)} signalements du même fait\n"
        f"Qui : {_who(case, authors)}\n"
        f"Où : {_where(case, authors, territory)}\n"
        f"Quand : {day_and_hour(leader.received_at)}, le dernier à {hour(last.received_at)}\n"
        f"Quoi : {quoted(leader.text) if leader.text else '(sans texte)'}"
        f"{f' — photos ou vidéos : {pictures}' if pictures else ''}\n"
        f"{words}\n"
        f"{HINTS['report']} — ou « prends {leader.reference} » ; tout lire : "
        f"« état {leader.reference} » ; autre fait : « détache {last.reference} »"
    )


def _who(case: Sequence[Report], authors: Authors) -> str:
    names = list(dict.fromkeys(_name(report, authors) for report in case))
    more = f" et {len(names) - _NAMED} autres" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _where(case: Sequence[Report], authors: Authors, territory: Territory) -> str:
    communes = {authors[r.author].commune for r in case if r.author in authors}
    names = sorted(territory.communes[c].name for c in communes if c in territory.communes)
    return ", ".join(names) or territory.name


def _name(report: Report, authors: Authors) -> str:
    author = authors.get(report.author)
    return author.attribution if author is not None else "(effacé)"


def _said(report: Report, authors: Authors) -> str:
    what = quoted(report.text) if report.text else "(sans texte)"
    return f"↳ {report.reference}, {_name(report, authors)}, {hour(report.received_at)} : {what}"


def listed(case: Sequence[Report], authors: Authors) -> str:
    """Every report of the event in full, for an officer who asks."""
    return "\n".join(_said(report, authors) for report in case)


def urgent(report: Report, leader: Report, authors: Authors) -> str:
    """A danger that joins a card already there is said at once all the same."""
    return f"🆘 {report.reference} (même fait que {leader.reference}) : {_said(report, authors)}"


def pictured(report: Report, leader: Report, authors: Authors) -> str:
    """A card's pictures can't be changed: those of a report that joins it come beside."""
    return f"➕ Photo ou vidéo pour {leader.reference} : {_said(report, authors)}"


def also(leader: Report) -> str:
    """To somebody who reports what others have reported."""
    line = "D'autres l'ont signalé aussi."
    return f"{line} Un agent s'en charge déjà." if isinstance(leader.stage, Taken) else line


def several(count: int) -> str:
    """After the reference, in the poste."""
    return f" ({count} signalements)" if count > 1 else ""


def detached(report: Report, leader: ReportId | None) -> str:
    """In the poste."""
    return f"{report.reference} n'est plus regroupé avec S{leader}."


def parted(leader: Report, count: int) -> str:
    """In the poste: each report is on its own again."""
    return f"{leader.reference} : {count} signalements dissociés, chacun a sa fiche."


def leads(leader: Report) -> str:
    """Why the first report can't be taken out of the others."""
    name = leader.reference
    return f"{name} ouvre la fiche : détachez les autres, ou écrivez « dissocie {name} »."
