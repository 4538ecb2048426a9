"""How SMS leave and come back: the text, the sender, the pace, and each kind of gateway."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class SmsSettings:
    """What is decided above every gateway. Times are in seconds.

    `secret` keys the ids that gateways see, so that nobody can guess a number from them.
    """

    sender: str  # at most 11 letters, or a short code that can receive
    secret: str
    name: str = "sms"
    region: str = "FR"  # of numbers written without a prefix
    gsm7_only: bool = False
    max_segments: int = 3
    validity_minutes: int = 30
    timeout: float = 20
    throttle: float = 2  # first wait after "try later"; each refusal in a row doubles it
    throttle_longest: float = 120
    window: int = 8  # texts whose answer is awaited, at most
    rate: float = 0  # texts a second, at most; 0: as fast as answers come


@dataclass(frozen=True, slots=True, kw_only=True)
class KannelSettings(SmsSettings):
    """One Kannel `sendsms-user`, and the small server that Kannel calls back.

    `callback` is how Kannel reaches that server (default: where it listens), without the path.
    `secret` is also a path segment that only Kannel's configuration knows.
    """

    url: str  # http://127.0.0.1:13013/cgi-bin/sendsms
    username: str
    password: str
    check_url: str | None = None  # bearerbox's status page, when we may read it
    host: str = "127.0.0.1"
    port: int = 0  # 0: any free one
    callback: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OvhSettings(SmsSettings):
    """One SMS account at OVHcloud, and the three keys of an application that may use it.

    With `replies` texts leave from a short number that can be answered, which then stands
    where the sender's name would.
    """

    service: str  # sms-ab12345-1
    application_key: str
    application_secret: str
    consumer_key: str
    url: str = "https://eu.api.ovh.com/1.0"
    replies: bool = False
    poll: float = 10
    batch: int = 50  # messages looked at in one round


@dataclass(frozen=True, slots=True, kw_only=True)
class GammuSettings(SmsSettings):
    """The database of a gammu-smsd. Its modem sends one text in some seconds."""

    dsn: str
    window: int = 2
    backlog: int = 20  # texts that may wait in its outbox, where nothing overtakes them
    poll: float = 2
    partial_after: float = 3600  # a long SMS that never becomes complete is read as it is
