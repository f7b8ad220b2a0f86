"""What can be wrong with a request, a statement or the store: one small family, each with its HTTP status.

The statuses are those of xAPI 1.0.3, communication part, 3.2 "Error Codes"
(https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Communication.md#errorcodes).
"""

from __future__ import annotations


class XapiError(Exception):
    """A refusal.

    `code` is short, upper-case and stable; `path` is the JSON path of the fault; `rule` names the rule.
    """

    code = "XAPI-ERROR"
    status = 400

    def __init__(
        self,
        message: str,
        *,
        code: str = "",
        status: int = 0,
        path: str = "",
        rule: str = "",
        retry_after: int = 0,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code or type(self).code
        self.status = status or type(self).status
        self.path = path
        self.rule = rule
        self.retry_after = retry_after

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class BadRequest(XapiError):
    """A request that is malformed: its parameters, headers or body."""

    code = "XAPI-BAD-REQUEST"
    status = 400


class InvalidStatement(BadRequest):
    """A statement that the specification forbids."""

    code = "XAPI-STATEMENT-INVALID"


class Unauthorised(XapiError):
    """Credentials are missing or wrong."""

    code = "XAPI-UNAUTHORISED"
    status = 401


class Forbidden(XapiError):
    """Credentials are good, but not for this."""

    code = "XAPI-FORBIDDEN"
    status = 403


class NotFound(XapiError):
    """There is no such thing here."""

    code = "XAPI-NOT-FOUND"
    status = 404


class MethodNotAllowed(XapiError):
    """The resource has no such method."""

    code = "XAPI-METHOD"
    status = 405


class Conflict(XapiError):
    """Something else is stored under the same identifier."""

    code = "XAPI-CONFLICT"
    status = 409


class PreconditionFailed(XapiError):
    """If-Match or If-None-Match does not hold; nothing was changed."""

    code = "XAPI-PRECONDITION"
    status = 412


class TooLarge(XapiError):
    """The body is larger than this server takes."""

    code = "XAPI-TOO-LARGE"
    status = 413


class NotDone(XapiError):
    """The specification knows it, this server does not do it."""

    code = "XAPI-NOT-DONE"
    status = 501


class Busy(XapiError):
    """The database could not be written in time; nothing was changed, the same request may be sent again."""

    code = "XAPI-BUSY"
    status = 503

    def __init__(self, message: str = "The server is busy; send the same request again.", retry_after: int = 2) -> None:
        super().__init__(message, retry_after=retry_after)
