"""The route table: each path, and who may take it. What is not here is not served."""

from appservice.domain.console import Right
from appservice.web.pages import (
    alerts,
    compose,
    correct,
    doors,
    enrol,
    links,
    openid,
    reach,
    register,
    reports,
    signing,
    start,
)
from appservice.web.routing import Access, Route

GET, POST = "GET", "POST"

ROUTES: tuple[Route, ...] = (
    Route(GET, "/", start.first_page, Access.SIGNED_IN),
    Route(GET, "/style.css", start.stylesheet, Access.PUBLIC),
    Route(GET, "/script.js", start.scripts, Access.PUBLIC),
    Route(GET, "/maillage.svg", start.emblem, Access.PUBLIC),
    Route(
        *(GET, "/inscrire", enrol.form_page, Right.ENROL),
        title="Inscrire un commerçant",
        about="Une personne et son commerce, en une page.",
    ),
    Route(POST, "/inscrire", enrol.enrol, Right.ENROL),
    Route(GET, "/inscrit/{member}", enrol.enrolled_page, Right.ENROL),
    Route(
        *(GET, "/importer", enrol.import_page, Right.ENROL),
        title="Importer un fichier",
        about="Beaucoup de commerçants à la fois, depuis un tableur.",
    ),
    Route(GET, "/importer/modele.csv", enrol.template_file, Right.ENROL),
    Route(POST, "/importer", enrol.look_at_sheet, Right.ENROL, largest=enrol.LARGEST_SHEET),
    Route(
        *(POST, "/importer/inscrire", enrol.enrol_sheet, Right.ENROL),
        largest=enrol.LARGEST_SHEET,
    ),
    Route(
        *(GET, "/participants", register.list_page, Right.READ_REGISTER),
        title="Participants",
        about="Qui est inscrit, sur quels canaux, et l'état de chaque charte.",
    ),
    Route(GET, "/participants.csv", register.export, Right.READ_REGISTER, dangerous=True),
    Route(GET, "/participants/{member}", register.member_page, Right.READ_REGISTER),
    Route(POST, "/participants/{member}/lien", links.make_link, Right.ENROL),
    Route(POST, "/participants/{member}/lien/annuler", links.revoke_link, Right.ENROL),
    Route(
        *(GET, "/participants/{member}/readmettre", links.readmission_page, Right.REVOKE),
        dangerous=True,
    ),
    Route(
        *(POST, "/participants/{member}/readmettre", links.readmit, Right.REVOKE),
        dangerous=True,
    ),
    Route(GET, "/signer/{token}", signing.signing_page, Access.PUBLIC),
    Route(POST, "/signer/{token}", signing.sign, Access.PUBLIC),
    Route(GET, "/signer/{token}/charte", signing.charter_file, Access.PUBLIC),
    Route(GET, "/signer/{token}/fait", signing.signed_page, Access.PUBLIC),
    Route(GET, "/signer/{token}/recu.pdf", signing.receipt, Access.PUBLIC),
    Route(GET, "/participants/{member}/recu.pdf", links.receipt, Right.READ_REGISTER),
    Route(
        *(GET, "/participants/{member}/retirer", register.removal_page, Right.REVOKE),
        dangerous=True,
    ),
    Route(
        *(POST, "/participants/{member}/retirer", register.remove, Right.REVOKE),
        dangerous=True,
    ),
    Route(
        *(GET, "/portee", reach.reach_page, Right.SUBMIT_ALERT),
        title="Qui recevrait une alerte",
        about="Par zone et métier : joints sur chaque canal, et ce qui retient les autres.",
    ),
    Route(
        *(GET, "/alertes/nouvelle", compose.form_page, Right.SEND_ALERT),
        title="Rédiger une alerte",
        about="Jugée pendant que vous écrivez, avec l'aperçu de chaque canal.",
    ),
    Route(POST, "/alertes/nouvelle", compose.send, Right.SEND_ALERT),
    Route(POST, "/alertes/verifier", compose.check, Right.SEND_ALERT),
    Route(POST, "/alertes/apercu", compose.foresee, Right.SEND_ALERT),
    Route(
        *(GET, "/validations", reports.queue_page, Right.APPROVE_ALERT),
        title="À valider",
        about="Alertes et signalements qui attendent que quelqu'un lève le doute.",
    ),
    Route(
        *(GET, "/alertes", alerts.list_page, Right.READ_ALERTS),
        title="Alertes",
        about="Leur état et leur diffusion, en direct ; corriger, annuler.",
    ),
    Route(GET, "/alertes/{alert}", alerts.alert_page, Right.READ_ALERTS),
    Route(GET, "/alertes/{alert}/etat", alerts.state_part, Right.READ_ALERTS, background=True),
    Route(POST, "/alertes/{alert}/valider", alerts.approve, Right.APPROVE_ALERT),
    Route(POST, "/alertes/{alert}/refuser", alerts.refuse, Right.APPROVE_ALERT),
    Route(GET, "/alertes/{alert}/corriger", correct.form_page, Right.SEND_ALERT),
    Route(POST, "/alertes/{alert}/corriger", correct.send, Right.SEND_ALERT),
    Route(POST, "/alertes/{alert}/corriger/verifier", correct.check, Right.SEND_ALERT),
    Route(POST, "/alertes/{alert}/corriger/apercu", correct.foresee, Right.SEND_ALERT),
    Route(POST, "/alertes/{alert}/annuler", alerts.cancel, Right.APPROVE_ALERT),
    Route(POST, "/alertes/{alert}/urgence", alerts.hasten, Right.APPROVE_ALERT),
    Route(
        *(GET, "/signalements/{report}/etat", reports.state_part, Right.READ_REPORTS),
        background=True,
    ),
    Route(POST, "/signalements/{report}/prendre", reports.take, Right.READ_REPORTS),
    Route(POST, "/signalements/{report}/lever", reports.settle, Right.READ_REPORTS),
    Route(
        *(GET, "/droits", start.rights_page, Access.PUBLIC),
        title="Qui a le droit de faire quoi",
        about="Le tableau des droits, tel que la console l'applique.",
    ),
    Route(GET, "/connexion", doors.sign_in_page, Access.PUBLIC),
    Route(POST, "/connexion", doors.sign_in, Access.PUBLIC),
    Route(GET, "/connexion/organisme/{organisation}", openid.leave, Access.PUBLIC),
    Route(GET, "/connexion/organisme/{organisation}/retour", openid.come_back, Access.PUBLIC),
    Route(POST, "/deconnexion", doors.sign_out, Access.SIGNED_IN),
    Route(GET, "/confirmer", doors.confirm_page, Access.SIGNED_IN),
    Route(POST, "/confirmer", doors.confirm, Access.SIGNED_IN),
    Route(GET, "/invitation/{token}", doors.invitation_page, Access.PUBLIC),
    Route(POST, "/invitation/{token}", doors.accept_invitation, Access.PUBLIC),
)
