"""The practice LMS as one object: what every page and service needs to do its work."""

import json
import secrets
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from flask import current_app

from lti_tool.practice import jose
from lti_tool.practice.settings import FetchFailed, PracticeSettings
from lti_tool.practice.store import Store, read_fact, write_fact


@dataclass(frozen=True, slots=True)
class Switches:
    """What can be changed while it runs."""

    auto_activate: bool
    platform_storage: bool
    login_by_get: bool
    token_as_html: bool
    groups: bool
    """The course groups service is offered (registrations made before have no scope for it)."""
    token_seconds: int


@dataclass(frozen=True, slots=True)
class Practice:
    settings: PracticeSettings
    store: Store
    key_sets: dict[str, object] = field(default_factory=dict)

    def now(self) -> float:
        """Seconds since 1970."""
        return self.settings.clock().timestamp()

    @property
    def issuer(self) -> str:
        return self.settings.base_url.rstrip("/")

    def url(self, path: str) -> str:
        """The public address of a path."""
        return self.issuer + path

    def rotate_key(self, *, keep_old: bool = True) -> str:
        """The new kid. The old keys stay published for tokens on their way, unless they are to be dropped."""
        kid, key = secrets.token_hex(8), self.settings.make_key()
        with self.store.transaction() as db:
            jose.new_key(db, kid, key, self.now(), keep_old=keep_old)
        return kid

    def verify_by_tool(self, token: str, client_id: str, jwks_uri: str) -> dict[str, Any]:
        """The claims of a token signed by a tool. The key set is kept, as Moodle keeps it, and read again when a
        token does not verify with it. To be called outside any transaction: it uses the network."""
        kid = jose.read_kid(token)
        kept = self.key_sets.get(client_id)
        if kept is not None:
            key = jose.find_key(kept, kid)
            if key is not None:
                try:
                    return jose.verify(token, key)
                except jose.Untrusted:
                    self.key_sets.pop(client_id, None)
        try:
            fresh = self.settings.fetch(jwks_uri)
        except FetchFailed as error:
            raise jose.Untrusted(f"the tool's key set: {error}") from error
        key = jose.find_key(fresh, kid)
        if key is None:
            raise jose.Untrusted(f"the tool's key set {jwks_uri} has no key with kid {kid!r}")
        claims = jose.verify(token, key)
        self.key_sets[client_id] = fresh
        return claims


def current_lms() -> Practice:
    lms: Practice = current_app.extensions["practice"]
    return lms


def read_switches(db: sqlite3.Connection, settings: PracticeSettings) -> Switches:
    first = {f.name: getattr(settings, f.name) for f in fields(Switches)}
    return Switches(**{**first, **json.loads(read_fact(db, "switches") or "{}")})


def turn_switches(db: sqlite3.Connection, changes: Mapping[str, object]) -> None:
    """ValueError where a switch is unknown or its value has the wrong type; then none is turned."""
    kinds = {f.name: int if f.name == "token_seconds" else bool for f in fields(Switches)}
    for name, value in changes.items():
        if name not in kinds:
            raise ValueError(f"there is no switch {name!r}; there are {', '.join(kinds)}")
        if type(value) is not kinds[name]:
            raise ValueError(f"{name} has to be a {kinds[name].__name__}")
        if type(value) is int and value < 0:
            raise ValueError(f"{name} has to be 0 or more")
    write_fact(db, "switches", json.dumps({**json.loads(read_fact(db, "switches") or "{}"), **changes}))
