"""Registered tools."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from urllib.parse import urlsplit

from lti_tool.practice.vocabulary import AGS_SCOPES


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a registration says of a tool. `custom` is given with every launch and wins over an activity's own."""

    name: str
    initiate_login_uri: str
    redirect_uris: tuple[str, ...]
    jwks_uri: str
    target_link_uri: str
    domain: str
    deep_link_uri: str | None = None
    description: str = ""
    logo_uri: str = ""
    custom: Mapping[str, str] = field(default_factory=dict)
    scopes: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    messages: tuple[Mapping[str, object], ...] = ()
    container: str = "iframe"

    @property
    def gives_name(self) -> bool:
        return bool({"name", "given_name", "family_name"} & set(self.claims))

    @property
    def gives_email(self) -> bool:
        return "email" in self.claims

    @property
    def accepts_grades(self) -> bool:
        return bool(set(AGS_SCOPES) & set(self.scopes))


@dataclass(frozen=True, slots=True)
class Tool:
    """`id` is the deployment id too (as text), as in Moodle. A tool that is not active can do nothing."""

    id: int
    client_id: str
    active: bool
    configuration: Configuration

    @property
    def deployment_id(self) -> str:
        return str(self.id)

    @property
    def origins(self) -> list[str]:
        """The origins its pages may have."""
        return sorted(
            {find_origin(uri) for uri in (*self.configuration.redirect_uris, self.configuration.target_link_uri)}
        )


def find_origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _tool(row: sqlite3.Row) -> Tool:
    stored = json.loads(row["configuration"])
    for name in ("redirect_uris", "scopes", "claims", "messages"):
        stored[name] = tuple(stored[name])
    return Tool(row["id"], row["client_id"], bool(row["active"]), Configuration(**stored))


def add_tool(db: sqlite3.Connection, client_id: str, configuration: Configuration, now: float, *, active: bool) -> Tool:
    done = db.execute(
        "INSERT INTO tools (client_id, active, made, configuration) VALUES (?, ?, ?, ?)",
        (client_id, active, now, json.dumps(asdict(configuration))),
    )
    return Tool(int(done.lastrowid or 0), client_id, active, configuration)


def update_tool(db: sqlite3.Connection, tool_id: int, configuration: Configuration) -> None:
    db.execute("UPDATE tools SET configuration = ? WHERE id = ?", (json.dumps(asdict(configuration)), tool_id))


def activate(db: sqlite3.Connection, tool_id: int, *, active: bool = True) -> None:
    db.execute("UPDATE tools SET active = ? WHERE id = ?", (active, tool_id))


def delete_tool(db: sqlite3.Connection, tool_id: int) -> None:
    """Its activities, line items and grades go with it."""
    db.execute("DELETE FROM tools WHERE id = ?", (tool_id,))


def list_tools(db: sqlite3.Connection) -> list[Tool]:
    return [_tool(row) for row in db.execute("SELECT * FROM tools ORDER BY id")]


def get_tool(db: sqlite3.Connection, tool_id: int) -> Tool | None:
    row = db.execute("SELECT * FROM tools WHERE id = ?", (tool_id,)).fetchone()
    return None if row is None else _tool(row)


def find_by_client(db: sqlite3.Connection, client_id: str) -> Tool | None:
    row = db.execute("SELECT * FROM tools WHERE client_id = ?", (client_id,)).fetchone()
    return None if row is None else _tool(row)
