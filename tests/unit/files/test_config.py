"""The configuration of the service, read whole."""

import re
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from appservice.app import clock
from appservice.channels import make_bridges
from appservice.domain.console import Position
from appservice.domain.member import Channel
from appservice.files.config import Address, load_config
from appservice.files.config.sms import GammuConfig, OvhConfig
from appservice.files.world import shipped_paths
from appservice.files.yaml_source import BadFiles

GOOD = Path(__file__).parent / "good" / "maillage.yaml"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    (tmp_path / "registration.yaml").write_text("as_token: x", "utf-8")
    (tmp_path / "dsn").write_text("postgresql:///maillage\n", "utf-8")
    (tmp_path / "keys").mkdir()
    return Path(shutil.copy(GOOD, tmp_path))


def test_a_whole_configuration_is_read(path):
    config = load_config(path)
    assert config.homeserver.server_name == "maillage.example"
    assert config.homeserver.bot_localpart == "maillage"
    assert config.homeserver.registration == path.parent / "registration.yaml"
    assert config.listen == Address("127.0.0.1", 29320)
    assert config.signal is not None
    assert (config.signal.port, config.signal.account) == (7583, "+33639980000")
    assert config.sms is not None
    assert config.sms.gateway.listen == Address("127.0.0.1", 29400)
    assert config.world == shipped_paths()
    assert config.settings.sms_expires_after == timedelta(minutes=45)
    assert config.settings.photo_kept == timedelta(hours=24)
    assert config.settings.photo_follows_within == timedelta(minutes=15)
    assert config.time_stamps is not None
    assert config.time_stamps.url == "http://tsa.example.fr/"
    assert config.time_stamps.certificates == path.parent / "dsn"


def test_who_makes_people_s_accounts_is_named_by_a_file(path):
    assert load_config(path).homeserver.admin_token is None
    text = path.read_text("utf-8")
    named = text.replace("homeserver:\n", "homeserver:\n  admin_token: dsn\n", 1)
    path.write_text(named, "utf-8")
    assert load_config(path).homeserver.admin_token == path.parent / "dsn"
    path.write_text(named.replace("admin_token: dsn", "admin_token: nowhere"), "utf-8")
    with pytest.raises(BadFiles, match="nowhere"):
        load_config(path)


@pytest.mark.parametrize(
    ("gateway", "kind"),
    [
        (
            "transport: ovh, service: sms-ma12345-1, application_key: k, "
            "application_secret_file: dsn, consumer_key_file: dsn, replies: true",
            OvhConfig,
        ),
        ("transport: gammu, dsn_file: dsn, window: 1", GammuConfig),
    ],
)
def test_another_gateway_has_its_own_keys(path, gateway, kind):
    text = path.read_text("utf-8")
    start, end = text.index("sms:\n"), text.index("alerts:\n")
    common = "sender: LIFFRE, secret_file: dsn, rate: 5"
    path.write_text(f"{text[:start]}sms: {{{gateway}, {common}}}\n{text[end:]}", "utf-8")
    sms = load_config(path).sms
    assert sms is not None
    assert isinstance(sms.gateway, kind)
    assert sms.rate == 5
    assert set(make_bridges(load_config(path), clock)) == {Channel.SIGNAL, Channel.SMS}


@pytest.mark.parametrize("sender", ["LIFFRE", "PMmantes78", "38200", "Redon35"])
def test_a_name_that_says_who_writes_is_taken(path, sender):
    path.write_text(path.read_text("utf-8").replace("sender: LIFFRE", f"sender: {sender}"))
    sms = load_config(path).sms
    assert sms is not None
    assert sms.sender == sender


@pytest.mark.parametrize("sender", ["Alerte", "INFO", "police municipale", "PM", "38", "Liffré"])
def test_a_name_that_operators_refuse_is_refused_here_first(path, sender):
    path.write_text(path.read_text("utf-8").replace("sender: LIFFRE", f"sender: '{sender}'"))
    with pytest.raises(BadFiles, match="« sender »"):
        load_config(path)


def test_the_dsn_is_read_from_its_file_when_it_is_needed(path):
    assert load_config(path).database.resolve() == "postgresql:///maillage"


def test_a_channel_that_is_left_out_is_not_served(path):
    lines = path.read_text("utf-8").split("signal:\n")[0]
    path.write_text(lines, "utf-8")
    config = load_config(path)
    assert config.signal is None
    assert config.sms is None


def test_a_configuration_that_is_not_there_is_said(tmp_path):
    with pytest.raises(BadFiles, match=r"absent\.yaml:1: fichier illisible"):
        load_config(tmp_path / "absent.yaml")


def test_figures_are_shown_on_the_loopback_unless_said_otherwise(path):
    assert load_config(path).metrics == Address("127.0.0.1", 29322)
    with path.open("a", encoding="utf-8") as file:
        file.write("metrics: {host: 0.0.0.0, port: 9100}\n")
    assert load_config(path).metrics == Address("0.0.0.0", 9100)


def test_figures_and_the_homeserver_come_in_by_two_doors(path):
    with path.open("a", encoding="utf-8") as file:
        file.write("metrics: {port: 29320}\n")
    with pytest.raises(BadFiles, match="« metrics » et « listen » : il faut deux ports"):
        load_config(path)


def _with_alerts(path: Path, line: str) -> None:
    text = path.read_text("utf-8")
    path.write_text(text.replace("alerts:\n", f"alerts:\n  {line}\n"), "utf-8")


def test_a_card_for_each_report_may_be_wanted(path):
    assert load_config(path).settings.same_event_within == timedelta(minutes=10)
    _with_alerts(path, "same_event_minutes: 0")
    assert load_config(path).settings.same_event_within == timedelta(0)


def test_no_window_goes_backwards(path):
    _with_alerts(path, "same_event_minutes: -1")
    with pytest.raises(BadFiles, match="« same_event_minutes » doit être positif ou nul, pas -1"):
        load_config(path)


def _with_console(path: Path, section: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(f"console: {section}\n")


def test_without_its_section_there_is_no_console(path):
    assert load_config(path).console is None


def test_the_console_is_dressed_as_the_state_s_for_whoever_says_which_body_it_is(path):
    _with_console(path, "{url: 'https://c.example.fr', state_authority: Préfecture d'Essai}")
    console = load_config(path).console
    assert console is not None
    assert console.authority == "Préfecture d'Essai"


@pytest.mark.parametrize("name", ["''", "'   '", "x" * 81])
def test_a_body_of_the_state_has_a_name(path, name):
    _with_console(path, f"{{url: 'https://c.example.fr', state_authority: {name}}}")
    with pytest.raises(BadFiles, match="state_authority"):
        load_config(path)


def test_the_console_listens_on_the_loopback_unless_said_otherwise(path):
    _with_console(path, "{url: 'https://console.example.fr/'}")
    console = load_config(path).console
    assert console is not None
    assert console.url == "https://console.example.fr"
    assert console.authority == "", "nobody is dressed as the State by default"
    assert console.listen == Address("127.0.0.1", 29323)
    assert not console.behind_proxy


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("{url: 'http://console.example.fr'}", "« url » : https, sauf sur la machine même"),
        ("{url: 'https://example.fr/console'}", "un nom de site à elle, sans chemin"),
        ("{url: 'https://example.fr', port: 29322}", "« console » : il lui faut un port à elle"),
        ("{url: 'https://example.fr', secure: no}", "clé inconnue « secure »"),
    ],
)
def test_a_console_that_would_be_unsafe_is_refused(path, section, said):
    _with_console(path, section)
    with pytest.raises(BadFiles, match=said):
        load_config(path)


ORGANISATION = (
    "id: liffre, name: Mairie de Liffré, territory: ille-et-vilaine, client_id: maillage, "
    "issuer: 'https://sso.exemple.fr', roles: {agents: mairie}"
)


def _with_organisations(path: Path, *organisations: str) -> None:
    listed = ", ".join(f"{{{one}}}" for one in organisations)
    _with_console(path, f"{{url: 'https://console.example.fr', organisations: [{listed}]}}")


def test_an_organisation_says_who_its_people_are(path):
    (path.parent / "oidc.secret").write_text("s3cret\n", "utf-8")
    _with_organisations(path, f"{ORGANISATION}, client_secret_file: oidc.secret")
    console = load_config(path).console
    assert console is not None
    [one] = console.organisations
    assert one.organisation.roles == {"agents": Position.MAIRIE}
    assert (one.organisation.login_claim, one.organisation.role_claim) == ("email", "roles")
    assert one.organisation.secret == ""
    assert one.resolve().secret == "s3cret"
    assert "s3cret" not in repr(one.resolve())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"https:": "http:"}, "« issuer » : https, sauf sur la machine même"),
        ({".fr'": ".fr/?a=b'"}, "« issuer » : une adresse sans"),
        ({"liffre,": "Li/ffré,"}, "« id » : minuscules, chiffres et tirets"),
        ({": mairie}": ": maire}"}, "valeur inconnue « maire », vouliez-vous dire « mairie »"),
        ({": mairie}": ": merchant}"}, "valeur inconnue « merchant »"),
        ({"{agents: mairie}": "{}"}, "« roles » est vide"),
        ({"client_id": "client"}, "« client_id » manque"),
        ({"name:": "nom:"}, "clé inconnue « nom »"),
    ],
    ids=lambda value: str(value)[:30],
)
def test_an_organisation_that_would_be_unsafe_is_refused(path, changes, said):
    text = ORGANISATION
    for old, new in changes.items():
        text = text.replace(old, new)
    _with_organisations(path, text)
    with pytest.raises(BadFiles, match=re.escape(said)):
        load_config(path)


def test_two_organisations_have_two_names(path):
    _with_organisations(path, ORGANISATION, ORGANISATION)
    with pytest.raises(BadFiles, match="« liffre » est donné deux fois"):
        load_config(path)
