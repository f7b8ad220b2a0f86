"""The one family of errors that people and scripts see.

Each has a code that a learner can read out to a teacher, a sentence that says what happened, one that says what to
do and whom to ask. The sentences are English message ids: the error page translates them, JSON keeps them as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

Whom = Literal["teacher", "administrator", "nobody"]


def N_(message: str) -> str:  # noqa: N802  # the name under which gettext tools look for marked messages
    """The message itself: marks it for the catalogues where it is written, to be translated where it is shown."""
    return message


class ToolError(Exception):
    """Something that has a code, an HTTP status, and words for the person in front of it.

    `what` and `do` may hold `%(name)s` places filled from `params`. `detail` is for the log only.
    """

    status = 400

    def __init__(
        self,
        code: str,
        what: str,
        do: str = "",
        *,
        whom: Whom = "teacher",
        status: int | None = None,
        params: Mapping[str, object] | None = None,
        detail: str = "",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(code, what)
        self.code = code
        self.what = what
        self.do = do
        self.whom: Whom = whom
        self.params = dict(params or {})
        self.detail = detail
        self.headers = dict(headers or {})
        if status is not None:
            self.status = status

    def __str__(self) -> str:
        said = self.what % self.params if self.params else self.what
        return f"{self.code}: {said}" + (f" ({self.detail})" if self.detail else "")


class BadInput(ToolError):
    """What was sent can't be used as it is."""

    status = 400


class SignInNeeded(ToolError):
    """Nobody is signed in, or the session of this page has ended."""

    status = 401


class Forbidden(ToolError):
    """Who asks is known, and may not."""

    status = 403


class NotFound(ToolError):
    """There is nothing under this address, or nothing that the one who asks may know of."""

    status = 404


class Conflict(ToolError):
    """It was changed meanwhile, or stands against what is already there."""

    status = 409


class Busy(ToolError):
    """The tool is at its limit for the moment; the same request will do later."""

    status = 503

    def __init__(self, code: str = "BUSY", *, seconds: int = 5, detail: str = "") -> None:
        super().__init__(
            code,
            N_("The service is busy at the moment."),
            N_("Wait a few seconds and try again. Nothing was lost."),
            whom="nobody",
            detail=detail,
            headers={"Retry-After": str(seconds)},
        )
