"""Settings: what is wrong is named, all of it at once, before anything starts."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

from lti_tool.settings import PREFIX, Settings, SettingsError

ROOT = Path(__file__).parent.parent
SECRET = "0123456789abcdef0123456789abcdef"

MALFORMED = [
    ("BASE_URL", "ecvet.example.org"),
    ("BASE_URL", "ftp://ecvet.example.org"),
    ("BASE_URL", "http://ecvet.example.org"),
    ("BASE_URL", "https://ecvet.example.org/tool"),
    ("BASE_URL", "https://ecvet.example.org/?x=1"),
    ("BASE_URL", ""),
    ("DATABASE_URL", "mysql://root@localhost/x"),
    ("DATABASE_URL", "var/lti-tool.sqlite3"),
    ("DATABASE_URL", ""),
    ("SECRET_KEY", "short"),
    ("SECRET_KEY_FILE", "nothing/is/here"),
    ("REGISTRATION", "maybe"),
    ("REGISTRATION", "OPEN"),
    ("SMTP_URL", "mail.example.org"),
    ("SMTP_URL", "http://mail.example.org"),
    ("LOG_FORMAT", "xml"),
    ("REMINDERS", "hourly"),
    ("TRUSTED_PROXIES", "proxy"),
    ("TRUSTED_PROXIES", "10.0.0.1/8"),
    ("TRUSTED_PROXIES", "10.0.0.0/8, nonsense"),
]


def read(tmp_path: Path, **given: str) -> Settings:
    return Settings.read(
        {f"{PREFIX}DATA_DIR": str(tmp_path / "var"), **{PREFIX + name: text for name, text in given.items()}}
    )


@pytest.mark.parametrize(("name", "text"), MALFORMED)
def test_a_malformed_setting_is_named(name: str, text: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"{PREFIX}{name}\\b"):
        read(tmp_path, **{name: text})


@pytest.mark.parametrize(
    ("name", "text", "field", "value"),
    [
        ("BASE_URL", "https://ecvet.example.org/", "base_url", "https://ecvet.example.org"),
        ("BASE_URL", "http://127.0.0.1:8000", "base_url", "http://127.0.0.1:8000"),
        ("BASE_URL", "http://[::1]:8000", "base_url", "http://[::1]:8000"),
        ("DATABASE_URL", "postgresql+psycopg://u@h/d", "database_url", "postgresql+psycopg://u@h/d"),
        ("KEYS_DIR", "/srv/keys", "keys_dir", Path("/srv/keys")),
        ("CONFIG_DIR", "/srv/config", "config_dir", Path("/srv/config")),
        ("LAKE_URL", "s3://bucket/lake", "lake_url", "s3://bucket/lake"),
        ("REGISTRATION", " closed ", "registration", "closed"),
        ("SMTP_URL", "smtps://u:p@h:465", "smtp_url", "smtps://u:p@h:465"),
        ("SMTP_URL", "", "smtp_url", ""),
        ("LOG_FORMAT", "json", "log_format", "json"),
        ("TRUSTED_PROXIES", "10.0.0.0/8, ::1", "trusted_proxies", ("10.0.0.0/8", "::1/128")),
        ("FUNDING_NOTE", "Erasmus+ 1", "funding_note", "Erasmus+ 1"),
        ("CONTACT", "privacy@example.org", "contact", "privacy@example.org"),
    ],
)
def test_a_good_setting_is_taken(name: str, text: str, field: str, value: object, tmp_path: Path) -> None:
    assert getattr(read(tmp_path, **{name: text}), field) == value


def test_every_setting_that_has_a_form_is_tried_malformed_above() -> None:
    free = {"KEYS_DIR", "CONFIG_DIR", "CONTEXTS_DIR", "DATA_DIR", "LAKE_URL", "FUNDING_NOTE", "CONTACT"}
    assert {name for name, _text in MALFORMED} - {"SECRET_KEY_FILE"} == {
        f.name.upper() for f in fields(Settings)
    } - free


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as raised:
        read(tmp_path, BASE_URL="x", REGISTRATION="y", COLOUR="red")
    assert all(f"{PREFIX}{name}" in str(raised.value) for name in ("BASE_URL", "REGISTRATION", "COLOUR"))


@pytest.mark.parametrize("name", ["COLOUR", "BASEURL", "DATABASE", "SECRET", ""])
def test_an_unknown_setting_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=f"{PREFIX}{name} is not a setting"):
        read(tmp_path, **{name: "x"})


def test_other_variables_are_none_of_our_business(tmp_path: Path) -> None:
    variables = {"PATH": "/bin", "BASE_URL": "nonsense", f"{PREFIX}DATA_DIR": str(tmp_path)}
    assert Settings.read(variables).base_url == "http://127.0.0.1:8000"


def test_two_sources_of_the_secret_contradict_each_other(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match=r"SECRET_KEY and .*SECRET_KEY_FILE"):
        read(tmp_path, SECRET_KEY=SECRET, SECRET_KEY_FILE=str(tmp_path / "secret"))


def test_a_secret_comes_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET + "\n", encoding="utf-8")
    assert read(tmp_path, SECRET_KEY_FILE=str(tmp_path / "secret")).secret_key == SECRET
    assert not (tmp_path / "var").exists()


def test_a_short_secret_in_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("short", encoding="utf-8")
    with pytest.raises(SettingsError, match="SECRET_KEY is too short"):
        read(tmp_path, SECRET_KEY_FILE=str(tmp_path / "secret"))


def test_a_secret_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    first = read(tmp_path)
    made = tmp_path / "var" / "secret-key"
    assert stat.S_IMODE(made.stat().st_mode) == 0o600
    assert [path.name for path in made.parent.iterdir()] == ["secret-key"]
    assert len(first.secret_key) >= 32
    assert read(tmp_path).secret_key == first.secret_key


def test_processes_that_start_at_once_have_one_secret(tmp_path: Path) -> None:
    # They spin until all are there, so that they meet at the file and not one after the other.
    code = (
        "import os, sys\nfrom pathlib import Path\nfrom lti_tool.settings import Settings\n"
        "gate = Path(sys.argv[1])\n(gate / f'ready-{os.getpid()}').touch()\n"
        "while len(list(gate.glob('ready-*'))) < int(sys.argv[2]): pass\n"
        "print(Settings.read(os.environ).secret_key)"
    )
    gate, count = tmp_path / "gate", 6
    gate.mkdir()
    environ = {name: text for name, text in os.environ.items() if not name.startswith(PREFIX)}
    environ |= {"PYTHONPATH": str(ROOT), f"{PREFIX}DATA_DIR": str(tmp_path / "var")}
    command = [sys.executable, "-c", code, str(gate), str(count)]
    started = [subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True) for _number in range(count)]
    said = {one.communicate(timeout=60)[0].strip() for one in started}
    assert [one.returncode for one in started] == [0] * count
    assert len(said) == 1
    assert len(said.pop()) >= 32


def test_secrets_are_not_shown() -> None:
    shown = repr(Settings(secret_key=SECRET, smtp_url="smtp://user:password@mail.example.org"))
    assert SECRET not in shown
    assert "password" not in shown


def test_derived_values_follow_the_address_and_the_folder(tmp_path: Path) -> None:
    here = read(tmp_path)
    assert (here.secure, here.loopback) == (False, True)
    assert here.lake_url == str(tmp_path / "var" / "lake")
    there = read(tmp_path, BASE_URL="https://ecvet.example.org")
    assert (there.secure, there.loopback) == (True, False)


def test_settings_are_frozen() -> None:
    with pytest.raises(AttributeError):
        Settings().base_url = "https://other.example"  # type: ignore[misc]  # the very thing that must not work
