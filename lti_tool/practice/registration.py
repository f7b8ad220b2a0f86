"""Dynamic Registration 1.0, with the checks of Moodle 4.5.

https://www.imsglobal.org/spec/lti-dr/v1p0
"""

import secrets
import sqlite3
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from flask import Blueprint, Response, jsonify, request
from flask.typing import ResponseReturnValue

from lti_tool.practice import jose, tools
from lti_tool.practice.claims import GUID
from lti_tool.practice.faults import service
from lti_tool.practice.lms import Practice, current_lms, read_switches
from lti_tool.practice.tools import Configuration, Tool
from lti_tool.practice.vocabulary import (
    CLAIMS,
    DEEP_LINKING,
    GROUPS_READ,
    LINEITEM,
    LINEITEM_READ,
    PLATFORM_CONFIGURATION,
    RESOURCE,
    REVIEW,
    SCOPES,
    TOOL_CONFIGURATION,
)

blueprint = Blueprint("registration", __name__)

TOKEN_SECONDS = 3600
VARIABLES = [
    "User.id",
    "User.username",
    "Person.name.full",
    "Person.name.given",
    "Person.name.family",
    "Person.email.primary",
    "Membership.role",
    "Context.id",
    "Context.id.history",
    "Context.label",
    "Context.title",
    "CourseSection.label",
    "CourseSection.title",
    "ResourceLink.id",
    "ResourceLink.title",
    "ResourceLink.description",
    "LineItem.url",
    "LineItems.url",
    "ToolProxyBinding.memberships.url",
    "Message.locale",
    "Message.documentTarget",
]


class RegistrationRefused(Exception):
    """The plain reason, as code: what Moodle answers 400 with."""


class TokenRefused(Exception):
    """401; the code says why."""


def new_registration_link(lms: Practice, tool_url: str, *, tool_id: int | None = None) -> str:
    """The tool's registration address with openid_configuration and a registration_token, good once and for an hour.
    With `tool_id`: to bring that registration up to date in place."""
    token_id, client_id = secrets.token_hex(12), secrets.token_urlsafe(12)
    now = int(lms.now())
    with lms.store.transaction() as db:
        db.execute(
            "INSERT INTO registration_tokens (id, client_id, tool_id) VALUES (?, ?, ?)", (token_id, client_id, tool_id)
        )
        token = jose.sign(
            db,
            {
                "jti": token_id,
                "sub": client_id if tool_id is None else str(tool_id),
                "scope": "reg" if tool_id is None else "reg-update",
                "iat": now,
                "exp": now + TOKEN_SECONDS,
            },
        )
    parts = urlsplit(tool_url)
    query = [
        *parse_qsl(parts.query, keep_blank_values=True),
        ("openid_configuration", lms.url("/openid-configuration")),
        ("registration_token", token),
    ]
    return urlunsplit((parts.scheme, parts.netloc, parts.path, urlencode(query), ""))


@blueprint.get("/openid-configuration")
@blueprint.get("/.well-known/openid-configuration")
@service("config")
def configuration() -> ResponseReturnValue:
    lms = current_lms()
    with lms.store.transaction() as db:
        extra = (GROUPS_READ,) if read_switches(db, lms.settings).groups else ()
    return jsonify(
        {
            "issuer": lms.issuer,
            "authorization_endpoint": lms.url("/auth"),
            "token_endpoint": lms.url("/token"),
            "token_endpoint_auth_methods_supported": ["private_key_jwt"],
            "token_endpoint_auth_signing_alg_values_supported": ["RS256"],
            "jwks_uri": lms.url("/jwks"),
            "registration_endpoint": lms.url("/register"),
            "scopes_supported": ["openid", *SCOPES, *extra],
            "response_types_supported": ["id_token"],
            "subject_types_supported": ["public", "pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "claims_supported": list(CLAIMS),
            PLATFORM_CONFIGURATION: {
                "product_family_code": "lti-tool-practice",
                "version": "1",
                "guid": GUID,
                "messages_supported": [
                    {"type": RESOURCE},
                    {"type": DEEP_LINKING, "placements": ["ContentArea"]},
                    {"type": REVIEW},
                ],
                "variables": VARIABLES,
            },
        }
    )


@blueprint.get("/jwks")
@service("jwks")
def jwks() -> ResponseReturnValue:
    with current_lms().store.transaction() as db:
        return jsonify(jose.read_key_set(db))


@blueprint.route("/register", methods=["GET", "POST"])
@service("config")
def register() -> ResponseReturnValue:
    """POST registers (or, with an update token, changes) a tool; GET with an update token shows what is there."""
    lms = current_lms()
    try:
        token = _read_token(lms)
        if request.method == "GET":
            with lms.store.transaction() as db:
                found = tools.get_tool(db, token["tool_id"]) if token["tool_id"] else None
            if found is None:
                raise TokenRefused("invalid_token_scope")
            return jsonify(_show(found))
        if request.mimetype != "application/json":
            raise RegistrationRefused("content_type_has_to_be_application/json")
        draft = read_registration(request.get_json(silent=True))
        with lms.store.transaction() as db:
            tool = _keep(lms, db, token, draft)
    except RegistrationRefused as error:
        return Response(str(error), 400, content_type="text/plain")
    except TokenRefused as error:
        return Response(str(error), 401, content_type="text/plain")
    lms.key_sets.pop(tool.client_id, None)
    return jsonify(_show(tool))


def _read_token(lms: Practice) -> sqlite3.Row:
    """The row of an unused token of ours that is not too old."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token:
        raise TokenRefused("missing_registration_token")
    with lms.store.transaction() as db:
        key_set = jose.read_key_set(db)
    try:
        key = jose.find_key(key_set, jose.read_kid(token))
        if key is None:
            raise TokenRefused("invalid_token_signature")
        claims = jose.verify(token, key)
        jose.check_times(claims, lms.now())
    except jose.Untrusted as error:
        raise TokenRefused(f"invalid_token: {error}") from error
    with lms.store.transaction() as db:
        row: sqlite3.Row | None = db.execute(
            "SELECT * FROM registration_tokens WHERE id = ?", (str(claims.get("jti")),)
        ).fetchone()
    if row is None or claims.get("scope") not in ("reg", "reg-update"):
        raise TokenRefused("invalid_token_scope")
    if row["used"]:
        raise TokenRefused("token_already_used")
    return row


def _keep(lms: Practice, db: sqlite3.Connection, token: sqlite3.Row, draft: Configuration) -> Tool:
    burnt = db.execute("UPDATE registration_tokens SET used = 1 WHERE id = ? AND used = 0", (token["id"],))
    if burnt.rowcount != 1:
        raise TokenRefused("token_already_used")
    if token["tool_id"] is None:
        active = read_switches(db, lms.settings).auto_activate
        return tools.add_tool(db, token["client_id"], draft, lms.now(), active=active)
    tools.update_tool(db, token["tool_id"], draft)
    tool = tools.get_tool(db, token["tool_id"])
    if tool is None:
        raise TokenRefused("tool_deleted")
    return tool


def read_registration(body: object) -> Configuration:
    """What a tool says of itself (sections 3.5.2 and 3.5.3); RegistrationRefused with the first thing that is wrong.
    Empty counts as missing, as in Moodle."""
    if not isinstance(body, Mapping):
        raise RegistrationRefused("body_has_to_be_a_json_object")
    for name in ("response_types", "initiate_login_uri", "redirect_uris", "client_name", "jwks_uri"):
        if not body.get(name):
            raise RegistrationRefused(f"missing_{name}")
    if "id_token" not in _texts(body, "response_types"):
        raise RegistrationRefused("invalid_response_types")
    if body.get("token_endpoint_auth_method") != "private_key_jwt":
        raise RegistrationRefused("invalid_token_endpoint_auth_method")
    if body.get("application_type", "web") != "web":
        raise RegistrationRefused("invalid_application_type")
    tool = body.get(TOOL_CONFIGURATION)
    if not isinstance(tool, Mapping):
        raise RegistrationRefused("missing_lti-tool-configuration")
    domain = _text(tool, "domain")
    if not domain:
        raise RegistrationRefused("missing_domain")
    target = _text(tool, "target_link_uri") or f"https://{domain}"
    if urlsplit(target).netloc.removeprefix("www.") != domain.removeprefix("www."):
        raise RegistrationRefused("domain_targetlinkuri_mismatch")
    messages = tuple(message for message in _list(tool, "messages") if isinstance(message, Mapping))
    # Two deep linking messages: the last one counts, as in Moodle.
    choosers = [
        _text(message, "target_link_uri") or target for message in messages if message.get("type") == DEEP_LINKING
    ]
    addresses = {
        "initiate_login_uri": _text(body, "initiate_login_uri"),
        "jwks_uri": _text(body, "jwks_uri"),
        "target_link_uri": target,
    }
    redirect_uris = _texts(body, "redirect_uris")
    for name, address in [*addresses.items(), *(("redirect_uris", uri) for uri in redirect_uris)]:
        if urlsplit(address).scheme not in ("http", "https") or not urlsplit(address).netloc:
            raise RegistrationRefused(f"invalid_{name}")
    custom = tool.get("custom_parameters") or {}
    if not isinstance(custom, Mapping) or not all(isinstance(value, str) for value in custom.values()):
        raise RegistrationRefused("invalid_custom_parameters")
    return Configuration(
        name=_text(body, "client_name"),
        **addresses,
        redirect_uris=tuple(redirect_uris),
        domain=domain,
        deep_link_uri=choosers[-1] if choosers else None,
        description=_text(tool, "description"),
        logo_uri=_text(body, "logo_uri"),
        custom={str(name): value for name, value in custom.items()},
        scopes=grant_scopes(_text(body, "scope").split()),
        claims=tuple(claim for claim in _texts(tool, "claims") if claim in CLAIMS),
        messages=messages,
    )


def grant_scopes(asked: list[str]) -> tuple[str, ...]:
    """Those we have; who may write line items may read them. Groups are given with the switch alone, whoever may."""
    wanted = {*asked, *([LINEITEM_READ] if LINEITEM in asked else [])}
    return tuple(scope for scope in (*SCOPES, GROUPS_READ) if scope in wanted)


def _text(source: Mapping[str, Any], name: str) -> str:
    value = source.get(name, "")
    if not isinstance(value, str):
        raise RegistrationRefused(f"invalid_{name}")
    return value


def _list(source: Mapping[str, Any], name: str) -> list[Any]:
    value = source.get(name, [])
    if not isinstance(value, list):
        raise RegistrationRefused(f"invalid_{name}")
    return value


def _texts(source: Mapping[str, Any], name: str) -> list[str]:
    values = _list(source, name)
    if not all(isinstance(value, str) for value in values):
        raise RegistrationRefused(f"invalid_{name}")
    return values


def _show(tool: Tool) -> dict[str, Any]:
    configuration = tool.configuration
    return {
        "client_id": tool.client_id,
        "response_types": ["id_token"],
        "grant_types": ["implicit", "client_credentials"],
        "application_type": "web",
        "token_endpoint_auth_method": "private_key_jwt",
        "client_name": configuration.name,
        "initiate_login_uri": configuration.initiate_login_uri,
        "redirect_uris": list(configuration.redirect_uris),
        "jwks_uri": configuration.jwks_uri,
        "logo_uri": configuration.logo_uri,
        "scope": " ".join(configuration.scopes),
        TOOL_CONFIGURATION: {
            "version": "1.3.0",
            "deployment_id": tool.deployment_id,
            "target_link_uri": configuration.target_link_uri,
            "domain": configuration.domain,
            "description": configuration.description,
            "messages": [dict(message) for message in configuration.messages],
            "custom_parameters": dict(configuration.custom),
            "claims": list(configuration.claims),
        },
    }


@blueprint.post("/registration-links.json")
def links_json() -> ResponseReturnValue:
    """{"url": the tool's registration address} -> {"url": the address to open for one registration}. For scripts that
    register a tool without a browser."""
    asked = request.get_json(silent=True)
    if not isinstance(asked, Mapping) or not isinstance(asked.get("url"), str):
        return jsonify(error="url is missing"), 400
    return jsonify(url=new_registration_link(current_lms(), asked["url"]))
