"""Why a platform's list (of members, of groups) can't be had."""

from __future__ import annotations

from datetime import datetime, timedelta

from lti_tool.gradebook import answers
from lti_tool.launch import fetch


class ListRefused(Exception):
    """The list, or the rest of it, can't be had: `code` for people, the text for the log."""

    def __init__(self, code: str, detail: str, *, passing: bool = False, wait: timedelta | None = None) -> None:
        super().__init__(detail)
        self.code = code
        self.passing = passing
        """True where the same question may do later."""
        self.wait = wait


def refuse(answer: fetch.Answer, now: datetime) -> None:
    """Nothing, for an answer with a list; raises ListRefused for every other."""
    status, said = answer.status_code, f"{answer.status_code} {answer.text[:200]}"
    if 200 <= status < 300:
        return
    verdict = answers.read(status, answer.headers, answer.text, now)
    if verdict.code == "GRADE-LIMIT":
        raise ListRefused("ROSTER-LIMIT", said, passing=True, wait=verdict.wait)
    if status >= 500:
        raise ListRefused("ROSTER-PLATFORM-ERROR", said, passing=True, wait=verdict.wait)
    code = {401: "ROSTER-TOKEN", 403: "ROSTER-FORBIDDEN", 404: "ROSTER-GONE", 410: "ROSTER-GONE"}.get(status)
    raise ListRefused(code or "ROSTER-REFUSED", said)
