"""The log of acts as auditors and officers read it; each reading is an act of the log."""

import re
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from appservice.domain.audit import Act, Entry, Question
from appservice.domain.console import AccountId, Right, Visitor
from appservice.domain.console.log import Extract, Line
from appservice.domain.enrolment import OPERATOR
from appservice.domain.errors import NotAllowed
from appservice.domain.ids import MemberId
from appservice.flows.ports import Chain, Clock, Seals, Store, Transaction

PAGE = 50
_BATCH = 500
_ACCOUNT = "account:"
_CASE = re.compile(r"[AS][1-9][0-9]{0,17}")
_READINGS = frozenset(
    {"alert.read", "report.read-waiting", "audit.read-case"}
)  # nobody is on a case for having looked
_OURSELVES = {OPERATOR: "exploitant", "service": "service"}


@dataclass(frozen=True, slots=True)
class Log:
    """Whoever has a land reads the acts of that land only. Raises NotAllowed."""

    store: Store
    chain: Chain
    seals: Seals
    clock: Clock

    async def read(self, visitor: Visitor, asked: Question) -> Extract:
        """A page; that it was read, and by which filters, is written before it is answered."""
        asked = self._within(visitor, asked)
        async with self.store.transaction() as tx:
            entries = await tx.acts.read(asked, PAGE + 1)
            await self._note(tx, visitor, "audit.read", asked)
            return await _extract(tx, entries)

    async def of_case(self, visitor: Visitor, reference: str) -> Extract | None:
        """The acts on one alert or report, for an officer who took part in it; else None."""
        if not visitor.may(Right.READ_REPORTS):
            raise NotAllowed
        land, me = visitor.account.territory, visitor.account.member
        if not _CASE.fullmatch(reference) or not land:
            return None
        async with self.store.transaction() as tx:
            entries = await tx.acts.read(Question(land, subject=reference), _BATCH)
            acts = [entry.act for entry in entries if entry.act is not None]
            if not any(act.actor == me and act.verb not in _READINGS for act in acts):
                return None
            act = Act(visitor.account.actor, "audit.read-case", reference, self.clock(), (), land)
            await tx.acts.append(act)
            return Extract(tuple(await _lines(tx, entries)))

    async def taken_out(self, visitor: Visitor, asked: Question) -> AsyncIterator[Sequence[Line]]:
        """All that the filters leave, some at a time, latest first, for a spreadsheet."""
        asked = self._within(visitor, asked)
        async with self.store.transaction() as tx:
            await self._note(tx, visitor, "audit.export", asked)
        return self._batches(asked)

    async def sealed(self, visitor: Visitor) -> AsyncIterator[str]:
        """The chain itself, signed where it stands now, for `maillage audit verify`."""
        asked = self._within(visitor, Question())
        async with self.store.transaction() as tx:
            await self._note(tx, visitor, "audit.chain", asked)
        await self.chain.checkpoint(self.seals, self.clock())
        return self.chain.export(asked.territory)

    def _within(self, visitor: Visitor, asked: Question) -> Question:
        if not visitor.may(Right.READ_AUDIT):
            raise NotAllowed
        return replace(asked, territory=visitor.account.territory)

    async def _note(self, tx: Transaction, visitor: Visitor, verb: str, asked: Question) -> None:
        who, land = visitor.account.actor, asked.territory
        await tx.acts.append(Act(who, verb, land or "journal", self.clock(), asked.codes, land))

    async def _batches(self, asked: Question) -> AsyncIterator[Sequence[Line]]:
        while True:
            async with self.store.transaction() as tx:
                entries = await tx.acts.read(asked, _BATCH)
                lines = await _lines(tx, entries)
            if lines:
                yield lines
            if len(entries) < _BATCH:
                return
            asked = replace(asked, before=entries[-1].number)


async def _extract(tx: Transaction, entries: Sequence[Entry]) -> Extract:
    more = len(entries) > PAGE
    shown = entries[:PAGE] if more else entries
    return Extract(tuple(await _lines(tx, shown)), shown[-1].number if more else None)


async def _lines(tx: Transaction, entries: Sequence[Entry]) -> list[Line]:
    acts = [(entry.number, entry.act) for entry in entries if entry.act is not None]
    functions = await _functions(tx, {act.actor for _, act in acts})
    return [Line(number, act, functions.get(act.actor, "")) for number, act in acts]


async def _functions(tx: Transaction, actors: Collection[str]) -> Mapping[str, str]:
    """What each actor is, in French: their names are nobody's business here."""
    found = {actor: _OURSELVES[actor] for actor in actors if actor in _OURSELVES}
    for actor in actors:
        if actor.startswith(_ACCOUNT):
            account = await tx.console.accounts.get(AccountId(actor.removeprefix(_ACCOUNT)))
            found[actor] = account.position.french.lower() if account else ""
    members = [MemberId(actor) for actor in actors if actor not in found]
    people = await tx.roll.of(members) if members else ()
    return found | {person.id: person.role.french for person in people}
