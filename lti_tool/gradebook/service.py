"""One call to a service of a platform: with a token of the scope it needs, and a line in the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lti_tool.calls import UNREACHABLE, Call, Kind, Stopwatch
from lti_tool.gradebook import tokens
from lti_tool.launch import fetch
from lti_tool.launch.claims import Registration
from lti_tool.wiring import Wiring


@dataclass(frozen=True, slots=True)
class Services:
    """The services of one platform. `course` and `user`, ids of ours and of the platform, are for the log."""

    wiring: Wiring
    registration: Registration
    sign: tokens.Sign
    held: dict[str, str] = field(default_factory=dict, repr=False)
    """Tokens by scope that were handed out for this object: the database is asked once, not for each call. One that
    runs out meanwhile is refused, and replaced then."""

    def call(
        self,
        kind: Kind,
        method: str,
        url: str,
        scope: str,
        headers: Mapping[str, str],
        *,
        course: int | None = None,
        user: str | None = None,
        **options: Any,
    ) -> fetch.Answer:
        """The answer, whatever its status, after one try with a new token where the known one was not taken.

        Raises tokens.TokenRefused, or FetchError where there is no answer that may be used. `options` as in
        `fetch.request`. No transaction is open meanwhile.
        """
        refused: str | None = None
        while True:
            token = self.held.get(scope) if refused is None else None
            if token is None:
                token = tokens.token(self.wiring, self.registration, [scope], self.sign, refused=refused)
                self.held[scope] = token
            answer = self._ask(
                kind, method, url, {**headers, "Authorization": f"Bearer {token}"}, course, user, options
            )
            if answer.status_code != 401 or refused is not None:
                return answer
            refused = token

    def _ask(
        self,
        kind: Kind,
        method: str,
        url: str,
        headers: Mapping[str, str],
        course: int | None,
        user: str | None,
        options: Mapping[str, Any],
    ) -> fetch.Answer:
        watch = Stopwatch()
        status, code = None, UNREACHABLE
        try:
            answer = fetch.request(method, url, loopback=self.wiring.settings.loopback, headers=headers, **options)
            status = answer.status_code
            code = "" if answer.ok else f"HTTP {status}"
            return answer
        finally:
            what = f"{method} {url}"
            self.wiring.note(Call(kind, what, self.registration.id, status, code, watch.read(), course, user))
