"""Migration files, read without a database: two of one number are seen by the quickest check."""

from importlib.resources import files

from appservice.store.migrate import migrations


def test_the_files_follow_each_other() -> None:
    folder = files("appservice.store") / "migrations"
    written = sorted(file.name for file in folder.iterdir() if file.name.endswith(".sql"))
    assert [migration.name for migration in migrations()] == written
