"""What the flows need from the outside, in verbs of the trade.

`Store.transaction()` is the heart: a step of a story reads, decides, writes and queues its
parcels in one transaction, so a process may die between any two steps and lose nothing.
"""

from appservice.flows.ports.arrival import (
    Accounts,
    Arrivals,
    Claims,
    Closings,
    Introductions,
)
from appservice.flows.ports.console import (
    Codes,
    Console,
    KeyChecks,
    MadeKey,
    NotProved,
    Passwords,
)
from appservice.flows.ports.mail import Journal, Outbox, Queue, Recall, Wake
from appservice.flows.ports.outside import (
    Chain,
    Clock,
    Counted,
    Guichets,
    Homeserver,
    Media,
    NewId,
    Probe,
    Seals,
    Watched,
)
from appservice.flows.ports.ratings import Ratings
from appservice.flows.ports.registers import (
    Acts,
    Alerts,
    Blobs,
    Cases,
    Links,
    Members,
    Protocols,
    Reports,
    Roll,
    Rooms,
    Signatures,
    SigningLinks,
)
from appservice.flows.ports.telephone import Consents, Strangers, Telephone, Texts, Threads
from appservice.flows.ports.transaction import Archive, Store, Transaction

__all__ = [
    "Accounts",
    "Acts",
    "Alerts",
    "Archive",
    "Arrivals",
    "Blobs",
    "Cases",
    "Chain",
    "Claims",
    "Clock",
    "Closings",
    "Codes",
    "Consents",
    "Console",
    "Counted",
    "Guichets",
    "Homeserver",
    "Introductions",
    "Journal",
    "KeyChecks",
    "Links",
    "MadeKey",
    "Media",
    "Members",
    "NewId",
    "NotProved",
    "Outbox",
    "Passwords",
    "Probe",
    "Protocols",
    "Queue",
    "Ratings",
    "Recall",
    "Reports",
    "Roll",
    "Rooms",
    "Seals",
    "Signatures",
    "SigningLinks",
    "Store",
    "Strangers",
    "Telephone",
    "Texts",
    "Threads",
    "Transaction",
    "Wake",
    "Watched",
]
