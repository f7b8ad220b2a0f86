"""What an installation is told by its environment: read once at start, frozen, every field documented."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from ipaddress import ip_network
from pathlib import Path
from typing import Final, Literal
from urllib.parse import urlsplit

PREFIX: Final = "LTI_TOOL_"

Registration = Literal["closed", "approval", "open"]


class SettingsError(Exception):
    """A setting is unknown, malformed or contradictory; the text names it and says what to write."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one installation. `config/example.env` shows each as `LTI_TOOL_<NAME>`."""

    base_url: str = "http://127.0.0.1:8000"
    """Address under which browsers and LMSs reach the tool, without a slash at the end."""
    database_url: str = "sqlite:///var/lti-tool.sqlite3"
    """`sqlite:///path` or `postgresql+psycopg://user@host/name`."""
    secret_key: str = field(default="", repr=False)
    """Signs page tokens and sign-in sessions: 32 characters at least, the same for all processes.
    From `SECRET_KEY`, from the file `SECRET_KEY_FILE`, else from `DATA_DIR/secret-key`, made at the first start."""
    keys_dir: Path = Path("keys")
    """Folder of the tool's private signing keys."""
    config_dir: Path = Path("config")
    """Folder with `programmes/` and `modules/`."""
    contexts_dir: Path = Path("contexts")
    """Folder with JSON-LD contexts of others, taken by their SHA-256; with them, badges get a Data Integrity proof."""
    data_dir: Path = Path("var")
    """Folder for what the tool writes: database, secret, lake."""
    lake_url: str = ""
    """Where the columnar copy of the statements goes; default `DATA_DIR/lake`."""
    registration: Registration = "approval"
    """Dynamic registration: `closed` (by invitation only), `approval` (an administrator approves), `open`."""
    smtp_url: str = field(default="", repr=False)
    """`smtp://user:password@host:587` (STARTTLS) or `smtps://…:465`; empty: no mail, links are shown."""
    reminders: Literal["off", "daily"] = "off"
    """`daily`: whoever has a role and an address is told by mail, once a day at most, how much waits for them."""
    log_format: Literal["text", "json"] = "text"
    """How log lines are written to standard error."""
    trusted_proxies: tuple[str, ...] = ()
    """Networks (CIDR, separated by commas) whose X-Forwarded-* headers are believed."""
    funding_note: str = ""
    """Funding line and grant number printed on papers."""

    contact: str = ""
    """Whom people ask about their data, and for a sign-in link where no mail is sent: an e-mail address or a line of
    text, shown at `/privacy` and `/sign-in`."""

    @property
    def secure(self) -> bool:
        """True where the tool is reached by https."""
        return self.base_url.startswith("https://")

    @property
    def loopback(self) -> bool:
        """True where the tool is reached on this machine only, as in the demo and in tests."""
        return urlsplit(self.base_url).hostname in {"127.0.0.1", "localhost", "::1"}

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Settings:
        """Settings from `environ`; raises SettingsError that names every wrong setting at once."""
        given = {name[len(PREFIX) :].lower(): text for name, text in environ.items() if name.startswith(PREFIX)}
        problems: list[str] = []
        known = {f.name for f in fields(cls)} | {"secret_key_file"}
        problems += [
            f"{PREFIX}{name.upper()} is not a setting; see config/example.env"
            for name in sorted(given.keys() - known - {"test_postgres"})
        ]
        if given.get("secret_key") and given.get("secret_key_file"):
            problems.append(f"{PREFIX}SECRET_KEY and {PREFIX}SECRET_KEY_FILE are both set; set one of them")
        values: dict[str, object] = {}
        for name, text in given.items():
            if name in known:
                try:
                    values[name] = _READERS.get(name, str)(text.strip())
                except ValueError as error:
                    problems.append(f"{PREFIX}{name.upper()}: {error}")
        if problems:
            raise SettingsError("; ".join(problems))
        key_file = values.pop("secret_key_file", None)
        settings = cls(**values)  # type: ignore[arg-type]  # the readers give each field its type
        secret = settings.secret_key or _secret(Path(str(key_file)) if key_file else None, settings.data_dir)
        if settings.reminders != "off" and not settings.smtp_url:
            raise SettingsError(f"{PREFIX}REMINDERS needs {PREFIX}SMTP_URL; set it, or leave reminders off")
        if len(secret) < 32:
            raise SettingsError(f"{PREFIX}SECRET_KEY is too short; use 32 characters or more")
        values["secret_key"] = secret
        values.setdefault("lake_url", str(settings.data_dir / "lake"))
        return cls(**values)  # type: ignore[arg-type]  # as above


def _secret(path: Path | None, data_dir: Path) -> str:
    """The secret from its file. Only the default file is made when missing."""
    import os
    import secrets

    if path is not None:
        try:
            return path.read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SettingsError(f"{PREFIX}SECRET_KEY_FILE: {path} can't be read ({error.strerror})") from error
    path = data_dir / "secret-key"
    data_dir.mkdir(parents=True, exist_ok=True)
    # Written aside and linked into place: of several processes one wins, and no other reads half a file.
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    if not path.exists():
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as stream:
            stream.write(secrets.token_urlsafe(48))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text(encoding="utf-8").strip()


def _base_url(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError(f"{text!r} is not an address such as https://ecvet.example.org")
    if parts.scheme == "http" and parts.hostname not in {"127.0.0.1", "localhost", "::1"}:
        raise ValueError("plain http is taken for this machine only (127.0.0.1); use https")
    if parts.path.rstrip("/"):
        raise ValueError("an address without a path is needed; give the tool a host name of its own")
    return text.rstrip("/")


def _database_url(text: str) -> str:
    if not text.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise ValueError("write sqlite:///PATH or postgresql+psycopg://USER@HOST/NAME")
    return text


def _choice(*allowed: str) -> Callable[[str], object]:
    def read(text: str) -> str:
        if text not in allowed:
            raise ValueError(f"{text!r} is none of {', '.join(allowed)}")
        return text

    return read


def _networks(text: str) -> tuple[str, ...]:
    return tuple(str(ip_network(part.strip())) for part in text.split(",") if part.strip())


def _smtp_url(text: str) -> str:
    parts = urlsplit(text)
    if text and (parts.scheme not in {"smtp", "smtps"} or not parts.hostname):
        raise ValueError("write smtp://USER:PASSWORD@HOST:587 or smtps://USER:PASSWORD@HOST:465")
    return text


_READERS: dict[str, Callable[[str], object]] = {
    "base_url": _base_url,
    "database_url": _database_url,
    "keys_dir": Path,
    "config_dir": Path,
    "contexts_dir": Path,
    "data_dir": Path,
    "secret_key_file": Path,
    "registration": _choice("closed", "approval", "open"),
    "reminders": _choice("off", "daily"),
    "log_format": _choice("text", "json"),
    "trusted_proxies": _networks,
    "smtp_url": _smtp_url,
}
