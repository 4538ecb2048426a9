"""The key files: made once, read with care, refused with every mistake named."""

import base64
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from appservice.domain.charter import proof_bytes
from appservice.files.keys import (
    FILES,
    BadKeys,
    add_master_key,
    load_keys,
    make_keys,
    retire_master_keys,
)

ROOM, USER = "!salle:exemple.fr", "@lea:exemple.fr"


def test_keys_are_made_once_and_for_us_alone(tmp_path: Path) -> None:
    made = make_keys(tmp_path / "cles")
    assert {path.name for path in (tmp_path / "cles").iterdir()} == set(FILES)
    for path in (tmp_path / "cles").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    again = make_keys(tmp_path / "cles")
    assert (again.master, again.index, again.pickle) == (made.master, made.index, made.pickle)
    assert again.public_key_b64 == made.public_key_b64


def test_a_proof_is_verified_with_the_public_key(tmp_path: Path) -> None:
    keys = make_keys(tmp_path)
    proof = keys.proof(ROOM, USER, "2026-1", 1_800_000_000)
    assert (proof["version"], proof["until"]) == ("2026-1", 1_800_000_000)
    public = Ed25519PublicKey.from_public_bytes(base64.b64decode(keys.public_key_b64 + "="))
    signature = base64.b64decode(str(proof["sig"]) + "==")
    public.verify(signature, proof_bytes(ROOM, USER, "2026-1", 1_800_000_000))


def test_keys_never_show_themselves(tmp_path: Path) -> None:
    keys = make_keys(tmp_path)
    for secret in (keys.index, keys.pickle, *keys.master.values()):
        assert repr(secret) not in repr(keys)
        assert secret.hex() not in repr(keys)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_others_may_read_is_refused(tmp_path: Path, name: str) -> None:
    make_keys(tmp_path)
    (tmp_path / name).chmod(0o640)
    with pytest.raises(BadKeys, match=f"{name} est lisible par d'autres comptes : chmod 600"):
        load_keys(tmp_path)


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    "content",
    [b"", b"bonjour\n", b"m1 AAAA\n", b"\xff\xfe", base64.b64encode(b"k" * 31) + b"\n"],
)
def test_a_malformed_file_is_refused_by_name(tmp_path: Path, name: str, content: bytes) -> None:
    make_keys(tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadKeys, match=name):
        load_keys(tmp_path)


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    make_keys(tmp_path)
    (tmp_path / "index.key").chmod(0o604)
    (tmp_path / "pickle.key").unlink()
    with pytest.raises(BadKeys) as refused:
        load_keys(tmp_path)
    assert "index.key est lisible" in refused.value.message
    assert "pickle.key n'existe pas" in refused.value.message


def test_a_secret_is_never_quoted_in_a_mistake(tmp_path: Path) -> None:
    make_keys(tmp_path)
    path = tmp_path / "master.key"
    secret = path.read_text().split()[1]
    path.write_text(f"m1 {secret}\nm1 {secret}\n")
    with pytest.raises(BadKeys, match=r"master\.key:2") as refused:
        load_keys(tmp_path)
    assert secret not in refused.value.message


def test_a_set_that_lost_a_key_is_not_completed(tmp_path: Path) -> None:
    make_keys(tmp_path)
    (tmp_path / "master.key").unlink()
    with pytest.raises(BadKeys, match=r"Il manque master\.key .* sauvegarde"):
        make_keys(tmp_path)
    assert not (tmp_path / "master.key").exists()


@pytest.mark.parametrize("named", range(len(FILES) + 1))
def test_a_making_that_was_killed_half_way_is_finished(tmp_path: Path, named: int) -> None:
    made = make_keys(tmp_path)
    for name in FILES[named:]:
        (tmp_path / name).rename(tmp_path / f"{name}.new")
    again = make_keys(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == set(FILES)
    if named:
        assert again.master == made.master


def test_drafts_that_were_cut_short_are_made_anew(tmp_path: Path) -> None:
    (tmp_path / "signing.key.new").write_text("AAA")
    made = make_keys(tmp_path)
    assert load_keys(tmp_path).index == made.index
    assert not list(tmp_path.glob("*.new"))


def test_a_new_master_key_seals_and_the_old_one_still_opens(tmp_path: Path) -> None:
    before = make_keys(tmp_path)
    after = add_master_key(tmp_path)
    assert list(after.master) == ["m2", "m1"]
    assert after.master["m1"] == before.master["m1"]
    assert stat.S_IMODE((tmp_path / "master.key").stat().st_mode) == 0o600


def test_a_retired_master_key_is_gone_and_its_name_never_comes_back(tmp_path: Path) -> None:
    make_keys(tmp_path)
    turned = add_master_key(tmp_path)
    left = retire_master_keys(tmp_path)
    assert dict(left.master) == {"m2": turned.master["m2"]}
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FILES)
    assert (tmp_path / "master.key").stat().st_mode & 0o077 == 0
    # A second key under a name that already sealed something would open none of it.
    assert list(add_master_key(tmp_path).master) == ["m3", "m2"]


def test_a_retirement_that_was_killed_half_way_is_finished(tmp_path: Path) -> None:
    make_keys(tmp_path)
    add_master_key(tmp_path)
    # Killed after the former file was set aside, before the new one took its name.
    (tmp_path / "master.key.old").hardlink_to(tmp_path / "master.key")
    assert list(load_keys(tmp_path).master) == ["m2", "m1"]
    assert list(retire_master_keys(tmp_path).master) == ["m2"]
    assert not (tmp_path / "master.key.old").exists()
