"""What may stop the demonstration from starting, each said to a person in French."""

from appservice.domain.errors import MaillageError


class StartFailed(MaillageError):
    """La démonstration n'a pas pu démarrer."""

    code = "demarrage"


class PortTaken(StartFailed):
    """Un port est déjà utilisé sur cette machine."""

    code = "port-pris"


class DatabaseFailed(StartFailed):
    """La base de données embarquée n'a pas démarré."""

    code = "base-de-donnees"


class HomeserverFailed(StartFailed):
    """Le serveur Matrix n'a pas démarré, ou a refusé un ordre."""

    code = "serveur-matrix"


class DiskFull(StartFailed):
    """Too little room is left for the state folder."""
