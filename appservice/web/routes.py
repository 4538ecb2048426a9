"""The route table: each path, and who may take it. What is not here is not served."""

from appservice.web.pages import doors, start
from appservice.web.routing import Access, Route

GET, POST = "GET", "POST"

ROUTES: tuple[Route, ...] = (
    Route(GET, "/", start.first_page, Access.SIGNED_IN),
    Route(GET, "/style.css", start.stylesheet, Access.PUBLIC),
    Route(GET, "/maillage.svg", start.emblem, Access.PUBLIC),
    Route(
        *(GET, "/droits", start.rights_page, Access.PUBLIC),
        title="Qui a le droit de faire quoi",
        about="Le tableau des droits, tel que la console l'applique.",
    ),
    Route(GET, "/connexion", doors.sign_in_page, Access.PUBLIC),
    Route(POST, "/connexion", doors.sign_in, Access.PUBLIC),
    Route(POST, "/deconnexion", doors.sign_out, Access.SIGNED_IN),
    Route(GET, "/confirmer", doors.confirm_page, Access.SIGNED_IN),
    Route(POST, "/confirmer", doors.confirm, Access.SIGNED_IN),
    Route(GET, "/invitation/{token}", doors.invitation_page, Access.PUBLIC),
    Route(POST, "/invitation/{token}", doors.accept_invitation, Access.PUBLIC),
)
