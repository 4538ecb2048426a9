"""What signal-cli's failures mean: one table of codes, one of per-recipient results.

SignalFailure
├── InvalidCall                 a parameter of ours is wrong; nothing was sent
├── SignalDown (ConnectionError)
│   ├── NotSent                 nothing was written: try again
│   └── NoAnswer                written, then silence: it may have been done
└── CallRefused                 signal-cli answered with an error
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum


class Meaning(StrEnum):
    """What can be done about a failure."""

    TEMPORARY = "temporary"  # try again later
    PERMANENT = "permanent"  # the same call will never work
    UNKNOWN = "unknown"  # it may have been done
    HUMAN = "human"  # somebody must act before it works again


@dataclass(frozen=True, slots=True)
class Reading:
    """A failure as we read it. `code` is stable; `after` is in seconds.

    `alone`: it says nothing of other conversations.
    """

    code: str
    meaning: Meaning
    after: float = 0
    advice: str = ""
    alone: bool = False


class SignalFailure(Exception):
    """Base of what goes wrong with signal-cli."""


class InvalidCall(SignalFailure, ValueError):
    """A parameter is not what signal-cli takes; nothing was sent."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class SignalDown(SignalFailure, ConnectionError):
    """signal-cli can't be talked to."""


class NotSent(SignalDown):
    """The connection was down before the call was written."""


class NoAnswer(SignalDown):
    """The call was written and no answer came: it may have been done."""


class CallRefused(SignalFailure):
    """signal-cli answered with an error. Its message may hold numbers: never log it."""

    def __init__(self, code: int, message: str = "", data: object = None) -> None:
        super().__init__(f"signal-cli error {code}")
        self.code = code
        self.message = message
        self.data = data

    @property
    def results(self) -> Sequence[Mapping[str, object]]:
        """Per-recipient results, when the failure is about recipients."""
        response = self.data.get("response") if isinstance(self.data, dict) else None
        results = response.get("results") if isinstance(response, dict) else None
        return [r for r in results if isinstance(r, dict)] if isinstance(results, list) else []


# Seconds. Whether a person has mended it is asked again: of signal-cli itself, or of Signal.
SOON, LATER = 30, 120

CAPTCHA_PAGE = "https://signalcaptchas.org/challenge/generate.html"
_CAPTCHA = (
    "Signal demande de prouver qu'une personne est là : ouvrez "
    + CAPTCHA_PAGE
    + ", copiez le lien"
    " « Ouvrir Signal », puis « maillage signal challenge {token} LIEN »."
)
_TRUST = (
    "Le téléphone d'un membre a changé de clé : ses messages attendent. Joignez-le, puis"
    " « maillage signal trust MEMBRE »."
)
_ACCOUNT = (
    "Signal ne connaît plus notre compte : « maillage signal status », puis « link » ou"
    " « register »."
)
_AWAY = (
    "Signal est hors d'atteinte de ce serveur : vérifiez qu'il accède à Internet"
    " (chat.signal.org, port 443). Ce qui attend partira ensuite, dans l'ordre."
)

# https://github.com/AsamK/signal-cli/blob/master/man/signal-cli-jsonrpc.5.adoc, and 0.13.19's
# answers as recorded on the test rig.
_CODES: Mapping[int, Reading] = {
    -1: Reading("refused", Meaning.PERMANENT),
    -2: Reading("unexpected", Meaning.UNKNOWN),
    -3: Reading("io", Meaning.UNKNOWN, advice=_AWAY),
    -4: Reading("untrusted_identity", Meaning.HUMAN, SOON, _TRUST, alone=True),
    -5: Reading("rate_limited", Meaning.TEMPORARY, 60),
    -6: Reading("captcha_rejected", Meaning.HUMAN, LATER, _CAPTCHA.replace("{token}", "JETON")),
    -32600: Reading("invalid_request", Meaning.PERMANENT),
    -32601: Reading("unknown_method", Meaning.PERMANENT),
    -32602: Reading("invalid_params", Meaning.PERMANENT),
    -32603: Reading("internal", Meaning.UNKNOWN),
    -32700: Reading("parse", Meaning.PERMANENT),
}
_NEW_CODE = Reading("unexpected", Meaning.UNKNOWN)

SUCCESS = "SUCCESS"

# NETWORK_FAILURE also covers an answer that never came back from Signal: not safe to repeat.
_RESULTS: Mapping[str, Reading] = {
    "UNREGISTERED_FAILURE": Reading("unregistered", Meaning.PERMANENT),
    "IDENTITY_FAILURE": Reading("untrusted_identity", Meaning.HUMAN, SOON, _TRUST, alone=True),
    "RATE_LIMIT_FAILURE": Reading("rate_limited", Meaning.TEMPORARY, 60),
    "NETWORK_FAILURE": Reading("network", Meaning.UNKNOWN),
}
_CHALLENGE = Reading("challenge_required", Meaning.HUMAN, LATER, _CAPTCHA)
OUT_OF_REACH = Reading("signal_unreachable", Meaning.TEMPORARY, SOON, _AWAY)
ACCOUNT_GONE = Reading("account_not_registered", Meaning.HUMAN, LATER, _ACCOUNT)

# Code -1 says everything that is the caller's fault; these words name what matters to us.
_WORDS: Sequence[tuple[str, Reading]] = (
    ("not a member in group", Reading("not_in_group", Meaning.PERMANENT)),
    ("Group not found", Reading("unknown_group", Meaning.PERMANENT)),
    ("Invalid group id", Reading("invalid_group", Meaning.PERMANENT)),
    # Said of a recipient as "The user … is not registered.", of our account as "User …".
    ("The user ", Reading("unregistered", Meaning.PERMANENT)),
    ("is not registered", ACCOUNT_GONE),
    ("not allowed to send", Reading("not_allowed", Meaning.PERMANENT)),
)

# The worst first: what is true of the whole call when nobody was reached.
_WORST = (Meaning.UNKNOWN, Meaning.HUMAN, Meaning.TEMPORARY, Meaning.PERMANENT)


def read_result(result: Mapping[str, object]) -> Reading | None:
    """What one recipient's result means; None when it went well."""
    kind = result.get("type")
    if kind == SUCCESS:
        return None
    if kind == "RATE_LIMIT_FAILURE" and result.get("token"):
        return replace(_CHALLENGE, advice=_CAPTCHA.replace("{token}", str(result["token"])))
    reading = _RESULTS.get(kind, _NEW_CODE) if isinstance(kind, str) else _NEW_CODE
    after = result.get("retryAfterSeconds")
    if reading.after and isinstance(after, int | float) and after > 0:
        return replace(reading, after=float(after))
    return reading


def read_results(results: Sequence[Mapping[str, object]]) -> Reading:
    """What a call means in which every recipient failed."""
    readings = [reading for result in results if (reading := read_result(result))]
    if not readings:
        return _NEW_CODE
    worst = min(readings, key=lambda reading: _WORST.index(reading.meaning))
    waits = max(r.after for r in readings if r.meaning is worst.meaning)
    return replace(worst, after=waits)


def read_refusal(refused: CallRefused) -> Reading:
    """What an error answer means."""
    if refused.results:
        return read_results(refused.results)
    if refused.code == -32602 and "account does not exist" in refused.message:
        return ACCOUNT_GONE
    if refused.code == -1:
        for words, reading in _WORDS:
            if words in refused.message:
                return reading
    return _CODES.get(refused.code, _NEW_CODE)
