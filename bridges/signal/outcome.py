"""What a call's answer says of a message: accepted, throttled, rejected or unknown."""

from collections.abc import Mapping, Sequence

from bridges.protocol import Accepted, Outcome, Rejected, Throttled, Unknown
from bridges.signal.errors import Meaning, Reading, read_result, read_results


def outcome_of(reading: Reading) -> Outcome:
    """A failure as the outbox understands it; what needs a human waits, it isn't lost."""
    match reading.meaning:
        case Meaning.PERMANENT:
            return Rejected(reading.code)
        case Meaning.UNKNOWN:
            return Unknown(reading.code)
        case Meaning.TEMPORARY | Meaning.HUMAN:
            return Throttled(reading.after, reading.code, reading.alone)


def read_answer(answer: object) -> Accepted | Reading | Unknown:
    """Looks at every recipient: a success answer may hide that nobody was reached."""
    sent_at = answer.get("timestamp") if isinstance(answer, Mapping) else None
    results = answer.get("results") if isinstance(answer, Mapping) else None
    if not isinstance(sent_at, int) or not isinstance(results, list):
        return Unknown("unreadable_answer")
    people = [result for result in results if isinstance(result, Mapping)]
    failed = [result for result in people if read_result(result) is not None]
    if failed and len(failed) == len(people):
        return read_results(failed)
    return Accepted(str(sent_at), detail=_detail(failed), failed=tuple(map(_name, failed)))


def read_each(answer: object) -> Mapping[str, Reading | None]:
    """What became of each recipient, by ACI or number; None when it went well."""
    results = answer.get("results") if isinstance(answer, Mapping) else None
    people = results if isinstance(results, list) else []
    return {_name(one): read_result(one) for one in people if isinstance(one, Mapping)}


def _detail(failed: Sequence[Mapping[str, object]]) -> str:
    codes = sorted({reading.code for result in failed if (reading := read_result(result))})
    return " ".join(codes)


def _name(result: Mapping[str, object]) -> str:
    address = result.get("recipientAddress")
    if not isinstance(address, Mapping):
        return "?"
    return str(address.get("uuid") or address.get("number") or "?")
