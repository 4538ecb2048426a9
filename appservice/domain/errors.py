"""The error tree of the product.

MaillageError            stable `code`, French `message` for people
├── Refused              a rule says no; the author is told which
│   ├── NotAllowed       the role may not do this
│   ├── CharterMissing   no charter in force
│   └── InvalidTransition  the alert or report is no longer at that stage
├── NotUnderstood        a command we can't read; the message says what we expected
├── TemporaryFailure     try again later
└── PermanentFailure     trying again is useless
"""


class MaillageError(Exception):
    """Une erreur est survenue."""

    code = "erreur"

    def __init__(self, message: str = "") -> None:
        self.message = message or (type(self).__doc__ or "").strip()
        super().__init__(self.message)


class Refused(MaillageError):
    """Cette action est refusée."""

    code = "refus"


class NotAllowed(Refused):
    """Votre rôle ne permet pas cette action."""

    code = "role-insuffisant"


class CharterMissing(Refused):
    """Aucune charte en vigueur : signez-la avant de participer."""

    code = "charte-absente"


class InvalidTransition(Refused):
    """Cette étape est déjà passée."""

    code = "etape-passee"


class NotUnderstood(MaillageError):
    """Commande non comprise. Écrivez « aide »."""

    code = "incompris"


class TemporaryFailure(MaillageError):
    """Service momentanément indisponible, un nouvel essai est prévu."""

    code = "temporaire"


class PermanentFailure(MaillageError):
    """L'opération ne peut pas aboutir."""

    code = "definitif"
