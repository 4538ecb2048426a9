"""The authority of time, in the configuration: nobody is asked when the section is left out."""

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from appservice.files.config.fields import path_of, url_of
from appservice.files.yaml_source import Table


@dataclass(frozen=True, slots=True)
class TimeStampConfig:
    """Where it answers, and the certificates (PEM) that its answers are believed by."""

    url: str
    certificates: Path

    def resolve(self) -> list[x509.Certificate]:
        """Read from their file. Raises OSError, ValueError."""
        return certificates_in(self.certificates)


def certificates_in(path: Path) -> list[x509.Certificate]:
    """Raises OSError, ValueError."""
    return x509.load_pem_x509_certificates(path.read_bytes())


def time_stamps_of(table: Table) -> TimeStampConfig:
    """By http as well, as most authorities are: a hash travels, and answers are signed."""
    table.only("url", "certificates")
    return TimeStampConfig(url_of(table, "url"), path_of(table, "certificates"))
