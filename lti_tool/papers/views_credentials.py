"""What whoever checks a credential asks for: keys, issuers, the status list. Open to all."""

from __future__ import annotations

import json

from flask import Blueprint, Response, jsonify
from sqlalchemy import Connection

from lti_tool.db import reading
from lti_tool.ecvet import store
from lti_tool.ecvet.terms import Institution
from lti_tool.errors import N_, NotFound
from lti_tool.papers import register, status_list
from lti_tool.papers.keys import open_keys
from lti_tool.wiring import Wiring

KEPT: dict[str, str] = {"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"}
"""What is withdrawn or superseded is seen so everywhere after five minutes. Checks run in browsers of others too."""


def add_pages(pages: Blueprint, wiring: Wiring) -> None:
    """`/credentials/keys…`, `/credentials/issuers/<institution>`, `/credentials/status/<number>`."""
    settings = wiring.settings

    @pages.get("/credentials/keys")
    def key_set() -> Response:
        answer = jsonify(keys=[dict(one) for one in open_keys(settings.keys_dir).public])
        answer.headers.update(KEPT)
        return answer

    @pages.get("/credentials/keys/<kid>")
    def key(kid: str) -> Response:
        found = next((one for one in open_keys(settings.keys_dir).public if one["kid"] == kid), None)
        if found is None:
            raise NotFound("PAPERS-KEY", N_("This tool never signed with such a key."), whom="nobody")
        return Response(json.dumps(dict(found)), mimetype="application/jwk+json", headers=KEPT)

    @pages.get("/credentials/issuers/<id>")
    def issuer(id: str) -> Response:
        with reading(wiring.engine) as conn:
            found = institution(conn, id)
        if found is None:
            raise NotFound("PAPERS-ISSUER", N_("No such institution awards here."), whom="nobody")
        profile = {
            "@context": ["https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"],
            "id": f"{settings.base_url}/credentials/issuers/{found.id}",
            "type": ["Profile"],
            "name": str(found.title),
            "url": settings.base_url,
        }
        return Response(json.dumps(profile, ensure_ascii=False), mimetype="application/ld+json", headers=KEPT)

    @pages.get("/credentials/status/<int:number>")
    def status(number: int) -> Response:
        with reading(wiring.engine) as conn:
            there = register.has_list(conn, number)
            revoked = register.revoked_in(conn, number) if there else []
        if not there:
            raise NotFound("PAPERS-LIST", N_("There is no such status list."), whom="nobody")
        made = status_list.credential(settings.base_url, number, revoked, wiring.clock())
        signed = open_keys(settings.keys_dir).jwt(made, settings.base_url, typ="vc+jwt")
        return Response(signed, mimetype="application/vc+jwt", headers=KEPT)


def institution(conn: Connection, id: str) -> Institution | None:
    """An institution of a current programme."""
    return next((one for each in store.current(conn) for one in each.institutions if one.id == id), None)
