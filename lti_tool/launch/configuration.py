"""What an LMS and this tool tell each other at registration. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from lti_tool.launch.addresses import AddressError, check_address, origin, shown
from lti_tool.launch.claims import SCOPE_GROUPS, SCOPES, Refusal

TOOL: Final = "https://purl.imsglobal.org/spec/lti-tool-configuration"
PLATFORM: Final = "https://purl.imsglobal.org/spec/lti-platform-configuration"
NAME: Final = "LTI Tool for ECVET"
DESCRIPTION: Final = "Training modules whose results count for ECVET units and go to the gradebook"
# Never a name that content items use (content, programme): on Moodle the tool's own parameters win over an item's.
CUSTOM: Final = {"context_history": "$Context.id.history", "link_history": "$ResourceLink.id.history"}
PRIVACY: Final = "LtiDataPrivacyLaunchRequest"

_SHARED_ISSUERS: Final = {
    # Hosted services with one issuer for all customers serve its configuration from other hosts of theirs.
    "canvas.instructure.com": (".instructure.com", ".canvaslms.com"),
    "canvas.beta.instructure.com": (".instructure.com", ".canvaslms.com"),
    "canvas.test.instructure.com": (".instructure.com", ".canvaslms.com"),
    "blackboard.com": (".blackboard.com",),
}
_PLACEMENTS: Final = {"canvas": ("link_selection", "assignment_selection")}


@dataclass(frozen=True, slots=True)
class Configuration:
    """What an LMS says of itself (https://www.imsglobal.org/spec/lti-dr/v1p0#platform-configuration)."""

    issuer: str
    auth_url: str
    token_url: str
    jwks_url: str
    registration_url: str
    product: str
    version: str
    audience: str | None
    scopes: tuple[str, ...]
    messages: tuple[str, ...] = ()
    """The types of messages that it says it sends; empty where it says nothing."""

    @property
    def host(self) -> str:
        """The host that people know the LMS by."""
        return urlsplit(self.issuer).netloc

    def same_addresses(self, other: object) -> bool:
        """Whether `other` (a registration) has the same addresses."""
        return all(getattr(self, name) == getattr(other, name) for name in ("auth_url", "token_url", "jwks_url"))


def read_configuration(document: object, url: str, *, loopback: bool) -> Configuration | Refusal:
    """The configuration fetched from `url`, or why it can't be used."""
    if not isinstance(document, dict):
        return Refusal("LTI-REGISTER-CONFIGURATION", f"{shown(url)}: no object")
    addresses: dict[str, str] = {}
    for name in ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "registration_endpoint"):
        value = document.get(name)
        try:
            check_address(value if isinstance(value, str) else "", loopback=loopback)
        except AddressError as error:
            return Refusal("LTI-REGISTER-CONFIGURATION", f"{name}: {error}")
        addresses[name] = str(value)
    if not _serves(url, addresses["issuer"]) or len(addresses["issuer"]) > 1024:
        return Refusal(
            "LTI-REGISTER-CONFIGURATION", f"issuer {addresses['issuer'][:200]} is not at home at {shown(url)}"
        )
    for name, wanted in (
        ("token_endpoint_auth_methods_supported", "private_key_jwt"),
        ("id_token_signing_alg_values_supported", "RS256"),
    ):
        offered = document.get(name, [wanted])
        if not isinstance(offered, list) or wanted not in offered:
            return Refusal("LTI-REGISTER-CONFIGURATION", f"{name} lacks {wanted}")
    said = document.get(PLATFORM)
    platform = said if isinstance(said, dict) else {}
    audience = document.get("authorization_server")
    scopes = document.get("scopes_supported")
    return Configuration(
        issuer=addresses["issuer"],
        auth_url=addresses["authorization_endpoint"],
        token_url=addresses["token_endpoint"],
        jwks_url=addresses["jwks_uri"],
        registration_url=addresses["registration_endpoint"],
        product=str(platform.get("product_family_code", ""))[:64].replace("\0", ""),
        version=str(platform.get("version", ""))[:64],
        audience=audience[:1024] if isinstance(audience, str) and audience.isprintable() and audience else None,
        scopes=tuple(s for s in scopes if isinstance(s, str)) if isinstance(scopes, list) else (),
        messages=_types(platform.get("messages_supported")),
    )


def _types(messages: object) -> tuple[str, ...]:
    named = [one.get("type") for one in messages if isinstance(one, dict)] if isinstance(messages, list) else []
    return tuple(one for one in named if isinstance(one, str))


def _serves(url: str, issuer: str) -> bool:
    at, whose = origin(url), origin(issuer)
    if at is None or whose is None:
        return False
    return at[1:] == whose[1:] or at[1].endswith(_SHARED_ISSUERS.get(whose[1], ()))


def registration_request(
    configuration: Configuration, base_url: str, logo: str, *, anonymous: bool = False
) -> dict[str, Any]:
    """What is asked of the LMS (https://www.imsglobal.org/spec/lti-dr/v1p0#tool-configuration); `anonymous`: no names.

    Moodle wants `domain` with its port, and keeps the last of several deep linking messages: there is one.
    """
    launch = f"{base_url}/lti/launch"
    offered = [scope for scope in (*SCOPES, SCOPE_GROUPS) if scope in configuration.scopes]
    scopes = offered or list(SCOPES)
    deep_linking: dict[str, Any] = {"type": "LtiDeepLinkingRequest", "target_link_uri": launch, "label": NAME}
    tool: dict[str, Any] = {
        "domain": urlsplit(base_url).netloc,
        "description": DESCRIPTION,
        "target_link_uri": launch,
        "custom_parameters": dict(CUSTOM),
        "claims": ["iss", "sub"] if anonymous else ["iss", "sub", "name", "given_name", "family_name", "email"],
        "messages": [{"type": "LtiResourceLinkRequest", "target_link_uri": launch, "label": NAME}, deep_linking],
    }
    # A platform that knows no such message leaves it out; Canvas may refuse the whole registration for it.
    if PRIVACY in configuration.messages or configuration.product != "canvas":
        tool["messages"].append({"type": PRIVACY, "target_link_uri": launch, "label": NAME})
    if configuration.product == "canvas":
        deep_linking["placements"] = list(_PLACEMENTS["canvas"])
        tool["https://canvas.instructure.com/lti/privacy_level"] = "anonymous" if anonymous else "public"
    else:
        deep_linking["placements"] = ["ContentArea"]
    return {
        "application_type": "web",
        "response_types": ["id_token"],
        "grant_types": ["implicit", "client_credentials"],
        "initiate_login_uri": f"{base_url}/lti/login",
        "redirect_uris": [launch],
        "client_name": NAME,
        "jwks_uri": f"{base_url}/lti/jwks",
        "logo_uri": logo,
        "client_uri": f"{base_url}/",
        "token_endpoint_auth_method": "private_key_jwt",
        "scope": " ".join(scopes),
        TOOL: tool,
    }


def read_answer(document: object) -> tuple[str, str | None] | Refusal:
    """The client id and the deployment id (if the LMS tells one already) of an accepted registration."""
    client_id = document.get("client_id") if isinstance(document, dict) else None
    if isinstance(client_id, int) and not isinstance(client_id, bool):
        client_id = str(client_id)
    if not isinstance(client_id, str) or not 0 < len(client_id) <= 255 or not client_id.isprintable():
        return Refusal("LTI-REGISTER-REFUSED", "the answer has no client_id")
    tool = document.get(TOOL) if isinstance(document, dict) else None
    deployment = tool.get("deployment_id") if isinstance(tool, dict) else None
    if isinstance(deployment, int) and not isinstance(deployment, bool):
        deployment = str(deployment)
    usable = isinstance(deployment, str) and 0 < len(deployment) <= 255 and deployment.isprintable()
    return client_id, str(deployment) if usable else None


def canvas_configuration(base_url: str, logo: str = "", *, anonymous: bool = False) -> dict[str, Any]:
    """What Canvas reads when a developer key is made by URL; `anonymous`: it is asked to send no names.

    https://developerdocs.instructure.com/services/canvas/external-tools/lti/file.lti_dev_key_config
    """
    launch = f"{base_url}/lti/launch"
    placement = {"message_type": "LtiDeepLinkingRequest", "target_link_uri": launch, "text": NAME}
    return {
        "title": NAME,
        "description": DESCRIPTION,
        "target_link_uri": launch,
        "oidc_initiation_url": f"{base_url}/lti/login",
        "public_jwk_url": f"{base_url}/lti/jwks",
        "scopes": list(SCOPES),
        "custom_fields": dict(CUSTOM),
        "extensions": [
            {
                "platform": "canvas.instructure.com",
                "domain": urlsplit(base_url).netloc,
                "tool_id": "lti-tool-ecvet",
                "privacy_level": "anonymous" if anonymous else "public",
                "settings": {
                    "text": NAME,
                    **({"icon_url": logo} if logo else {}),
                    "placements": [
                        {**placement, "placement": name, "selection_width": 900, "selection_height": 700}
                        for name in _PLACEMENTS["canvas"]
                    ],
                },
            }
        ],
    }
