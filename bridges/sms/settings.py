"""How SMS leave and come back: the gateway, the sender, the text."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SmsSettings:
    """One Kannel `sendsms-user`, and the small server that Kannel calls back.

    `callback` is how Kannel reaches that server (default: where it listens), without the path.
    `secret` is a path segment that only Kannel's configuration knows. Times are in seconds.
    """

    url: str  # http://127.0.0.1:13013/cgi-bin/sendsms
    username: str
    password: str
    sender: str  # at most 11 letters, or a short code that can receive
    secret: str
    name: str = "sms"
    check_url: str | None = None  # bearerbox's status page, when we may read it
    host: str = "127.0.0.1"
    port: int = 0  # 0: any free one
    callback: str | None = None
    region: str = "FR"  # of numbers written without a prefix
    gsm7_only: bool = False
    max_segments: int = 3
    validity_minutes: int = 30
    timeout: float = 20
    throttle: float = 30  # wait after "try later"
    workers: int = 8
