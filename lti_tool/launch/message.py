"""pylti1p3's framework-free login and launch, made strict.

pylti1p3 2.0.0 accepts replays, tokens without `exp` and a foreign `azp`; it refuses a clock three seconds ahead and
rotated keys, and answers a wrong issuer with a crash. Here it keeps the steps and the objects; `rules.py` decides.
The switches by which its checks can be turned off are taken away.
"""

from __future__ import annotations

import re
import secrets
from base64 import urlsafe_b64decode
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Final, NoReturn

import orjson
import requests
from jwt.algorithms import RSAAlgorithm
from pylti1p3.cookie import CookieService
from pylti1p3.exception import LtiException, OIDCException
from pylti1p3.message_launch import MessageLaunch
from pylti1p3.oidc_login import OIDCLogin
from pylti1p3.redirect import Redirect
from pylti1p3.request import Request
from pylti1p3.session import SessionService
from sqlalchemy import Engine

from lti_tool.launch import rules, store
from lti_tool.launch.claims import DEPLOYMENT, Launch, PendingLogin, Refusal, Registration
from lti_tool.launch.keysets import KeySets
from lti_tool.launch.parameters import encoded
from lti_tool.launch.platforms import KnownPlatforms, KnownRegistration, LaunchRefused

HINT_LIMIT: Final = 16_384
"""Characters of a login's hints at most; Canvas puts a token of two thousand into one."""
_RS256: Final = RSAAlgorithm(RSAAlgorithm.SHA256)
_SEGMENT: Final = re.compile(r"[A-Za-z0-9_-]*")
_NUL: Final = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")


class Parameters(Request):
    """What was sent, each name once."""

    def __init__(self, values: Mapping[str, str], *, secure: bool) -> None:
        self._values = values
        self._secure = secure

    @property
    def session(self) -> NoReturn:
        """There is none: launch data lies in the database."""
        raise OIDCException("launch data is never kept in a session")

    def is_secure(self) -> bool:
        """Whether the tool is reached by https."""
        return self._secure

    def get_param(self, key: str) -> str:
        """The value, or the empty text."""
        return self._values.get(key, "")


class Memory(SessionService):
    """Keeps the nonce until the login is written to the database, and nothing else."""

    def __init__(self) -> None:
        self.nonce = ""

    def save_nonce(self, nonce: str) -> None:
        """The nonce of this login."""
        self.nonce = nonce


class Binding(CookieService):
    """The secret that ties a login to one browser; the views carry it as cookie or in the platform's storage."""

    def __init__(self, came_back: str | None = None) -> None:
        self.secret = secrets.token_urlsafe(16)
        self.came_back = came_back
        self.state = ""

    def get_cookie(self, name: str) -> str | None:
        """The secret that this browser brought back for the login."""
        return self.came_back

    def set_cookie(self, name: str, value: str | int, exp: int | None = None) -> None:
        """The state is noted; its cookie holds the secret, not the state, which the platform knows too."""
        self.state = name


@dataclass(frozen=True, slots=True)
class BegunLogin:
    """A login to be stored, the secret for the browser, and where the browser goes."""

    login: PendingLogin
    registration: Registration
    secret: str
    url: str


class StrictLogin(OIDCLogin[Parameters, KnownPlatforms, Memory, Binding, str]):
    """https://www.imsglobal.org/spec/security/v1p0#openid_connect_launch_flow, steps 1 and 2."""

    def get_redirect(self, url: str) -> Redirect[str]:
        """Never called: pylti1p3 declares it abstract; here the views answer with the address that `begin` gives."""
        raise NotImplementedError

    def begin(self, base_url: str, query: str, now: datetime) -> BegunLogin:
        """The login that answers this request; LaunchRefused where it can't be answered."""
        url = self._prepare_redirect_url(f"{base_url}/lti/launch")
        registration: Registration = self._registration.known  # type: ignore[attr-defined]  # validate_oidc_login set ours
        target = self._get_request_param("target_link_uri")
        if refusal := rules.check_registration(registration) or rules.check_target(target, base_url):
            raise LaunchRefused(refusal)
        login = PendingLogin(
            state_hash=store.hash_of(self._cookie_service.state),
            nonce=self._session_service.nonce,
            binding_hash=store.hash_of(self._cookie_service.secret),
            target=target,
            storage_target=self._get_request_param("lti_storage_target")[:255] or None,
            query=query,
            created_at=now,
            expires_at=now + store.LOGIN_LIFE,
        )
        return BegunLogin(login, registration, self._cookie_service.secret, url)

    def validate_oidc_login(self) -> KnownRegistration:
        """The registration that the request means, with what it must bring checked."""
        issuer, hint = self._get_request_param("iss"), self._get_request_param("login_hint")
        if not issuer or len(issuer) > 1024:
            raise LaunchRefused(Refusal("LTI-LOGIN-ISSUER"))
        if not hint:
            raise LaunchRefused(Refusal("LTI-LOGIN-HINT"))
        if len(hint) > HINT_LIMIT or len(self._get_request_param("lti_message_hint")) > HINT_LIMIT:
            raise LaunchRefused(Refusal("LTI-SIZE", "hints"))
        for name in ("iss", "client_id", "target_link_uri", "lti_deployment_id", "lti_storage_target"):
            if not self._get_request_param(name).isprintable():
                raise LaunchRefused(Refusal("LTI-FORM", name))
        return self._tool_config.find_registration_by_params(
            issuer, self._get_request_param("client_id"), deployment=self._get_request_param("lti_deployment_id")
        )

    def _prepare_redirect_url(self, launch_url: str) -> str:
        # pylti1p3 adds a second "?" to an address that has a query, and can't encode hints that aren't UTF-8.
        self._registration = self.validate_oidc_login()
        state = self._get_uuid()
        self._cookie_service.set_cookie(state, state)
        nonce = self._generate_nonce()
        self._session_service.save_nonce(nonce)
        asked = {
            "scope": "openid",
            "response_type": "id_token",
            "response_mode": "form_post",
            "prompt": "none",
            "client_id": self._registration.get_client_id() or "",
            "redirect_uri": launch_url,
            "state": state,
            "nonce": nonce,
            "login_hint": self._get_request_param("login_hint"),
        }
        if hint := self._get_request_param("lti_message_hint"):
            asked["lti_message_hint"] = hint
        address = self._registration.get_auth_login_url() or ""
        return f"{address}{'&' if '?' in address else '?'}{encoded(asked)}"

    def _get_uuid(self) -> str:
        return secrets.token_urlsafe(24)

    def _generate_nonce(self) -> str:
        return secrets.token_urlsafe(24)


class StrictLaunch(MessageLaunch[Parameters, KnownPlatforms, Memory, Binding]):
    """https://www.imsglobal.org/spec/security/v1p0#authentication-response-validation, and what goes beyond it."""

    launch: Launch
    login: PendingLogin

    def __init__(
        self,
        request: Parameters,
        tool_config: KnownPlatforms,
        binding: Binding,
        *,
        engine: Engine,
        key_sets: KeySets,
        now: datetime,
        base_url: str,
    ) -> None:
        # Given a session, pylti1p3 makes none of its own; it is never asked, for KeySets fetches the keys.
        super().__init__(request, tool_config, Memory(), binding, requests_session=_never_asked())
        self._engine = engine
        self._key_sets = key_sets
        self._now = now
        self._base_url = base_url
        self._payload: bytes = b""
        self._signed = self._signature = b""

    def validate(self) -> StrictLaunch:
        """The launch is verified, and still has to be burnt; LaunchRefused where a check fails."""
        self._auto_validation = False
        self.validate_jwt_format()
        self.validate_state()
        self.validate_browser()
        self.validate_registration()
        self.validate_jwt_signature()
        self.validate_message()
        self._validated = True
        return self

    def validate_jwt_format(self) -> StrictLaunch:
        """A JWT of bearable size is there, and its header is an object."""
        token = self._request.get_param("id_token")
        if not token:
            raise LaunchRefused(Refusal("LTI-TOKEN-MISSING"))
        if len(token) > rules.TOKEN_LIMIT:
            raise LaunchRefused(Refusal("LTI-SIZE", f"id_token of {len(token)} characters"))
        # Taken apart once; PyJWT would do it for the header and again for the signature, character by character.
        try:
            head, payload, signature = map(_bytes, token.split("."))
            header = orjson.loads(head)
        except ValueError:
            header = None
        # Extensions that must be known (https://www.rfc-editor.org/rfc/rfc7515#section-4.1.11): we know none. `b64` is
        # one, and changes what is signed, announced or not.
        known = isinstance(header, dict) and not header.keys() & {"crit", "b64"}
        if not known or not isinstance(header.get("kid", ""), str):
            raise LaunchRefused(Refusal("LTI-TOKEN-FORMAT"))
        self._jwt["header"] = header  # unverified: only alg and kid are read from it
        self._payload, self._signature = payload, signature
        self._signed = token.rpartition(".")[0].encode("ascii")
        return self

    def validate_state(self) -> StrictLaunch:
        """The state is that of a login which still waits."""
        state = self._request.get_param("state")
        if not state:
            raise LaunchRefused(Refusal("LTI-STATE-MISSING"))
        found = store.look_login(self._engine, store.hash_of(state))
        if found is None:
            raise LaunchRefused(Refusal("LTI-STATE-UNKNOWN"))
        self.login, registration = found
        self._registration = KnownRegistration(registration)
        if refusal := rules.check_login(self.login, self._now):
            raise LaunchRefused(refusal)
        return self

    def validate_browser(self) -> StrictLaunch:
        """This browser began the login."""
        secret = self._cookie_service.get_cookie(self.login.state_hash)
        if refusal := rules.check_binding(self.login, store.hash_of(secret) if secret else None):
            raise LaunchRefused(refusal)
        return self

    def validate_registration(self) -> StrictLaunch:
        """The registration of the login may launch. What the token says of itself is compared with it later."""
        if refusal := rules.check_registration(self.known):
            raise LaunchRefused(refusal)
        return self

    def validate_jwt_signature(self) -> StrictLaunch:
        """The token is signed by RS256 with a key that the platform publishes; its payload is one we can keep."""
        header: Mapping[str, Any] = self._jwt["header"]
        if header.get("alg") != "RS256":
            raise LaunchRefused(Refusal("LTI-ALGORITHM", repr(header.get("alg"))[:50]))
        kid = header.get("kid")
        if not kid:
            raise LaunchRefused(Refusal("LTI-KID-MISSING"))
        # Keys come from the registration's own address: jwk, jku, x5u and x5c of the header are never looked at.
        key = self._key_sets.find(self.known, kid, self._now)
        if isinstance(key, Refusal):
            raise LaunchRefused(key)
        if not _RS256.verify(self._signed, key, self._signature):
            raise LaunchRefused(Refusal("LTI-SIGNATURE"))
        return self

    def validate_message(self) -> StrictLaunch:
        """The claims hold; `self.launch` is the Launch."""
        claims = read_claims(self._payload)
        if isinstance(claims, Refusal):
            raise LaunchRefused(claims)
        outcome = rules.verify(claims, self.known, self.login, self._now, self._base_url)
        if isinstance(outcome, Refusal):
            unknown = outcome.code == "LTI-DEPLOYMENT-UNKNOWN"
            raise LaunchRefused(outcome, deployment=claims[DEPLOYMENT] if unknown else None)
        self.launch = outcome
        self._jwt["body"] = claims  # type: ignore[typeddict-item]  # verified
        return self

    @property
    def known(self) -> Registration:
        """The registration that the login was begun for."""
        known: Registration = self._registration.known  # type: ignore[union-attr]  # validate_state set it
        return known

    def _get_request_param(self, key: str) -> str:
        return self._request.get_param(key)

    def _switched_off(self, *args: object, **kwargs: object) -> NoReturn:
        raise LtiException("checks of a launch can't be left out")

    set_jwt_verify_options: Callable[..., NoReturn] = _switched_off
    set_auto_validation: Callable[..., NoReturn] = _switched_off
    set_restored: Callable[..., NoReturn] = _switched_off
    set_jwt: Callable[..., NoReturn] = _switched_off
    save_launch_data: Callable[..., NoReturn] = _switched_off


def read_claims(payload: bytes) -> dict[str, Any] | Refusal:
    """The claims of a verified token; a Refusal where they are no object, or can't be kept in a database."""
    try:
        claims = orjson.loads(payload)
        again = orjson.dumps(claims)
    except (orjson.JSONDecodeError, orjson.JSONEncodeError, RecursionError):
        return Refusal("LTI-TOKEN-TEXT")
    if not isinstance(claims, dict):
        return Refusal("LTI-TOKEN-FORMAT", "the payload is no object")
    # PostgreSQL keeps no NUL in texts.
    return Refusal("LTI-TOKEN-TEXT", "NUL") if _NUL.search(again) else claims


def _bytes(segment: str) -> bytes:
    """A part of a JWS (https://www.rfc-editor.org/rfc/rfc7515#section-2: no padding, nothing else); ValueError for what
    is none."""
    if _SEGMENT.fullmatch(segment) is None:
        raise ValueError("not base64url")
    return urlsafe_b64decode(segment + "=" * (-len(segment) % 4))


@cache
def _never_asked() -> requests.Session:
    return requests.Session()
