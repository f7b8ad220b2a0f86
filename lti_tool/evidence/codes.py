"""The code on the wall of a seminar: six letters and digits that change every 30 seconds. Pure.

Whoever types it has seen the screen within the last minute. It is made from a secret, the seminar and the time, so that
nothing is kept and any process shows and knows the same one.
"""

from __future__ import annotations

import hmac
from datetime import datetime
from typing import Final

LETTERS: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""32, none of which is taken for another: no 0 and O, no 1 and I. Whoever guessed a thousand times a second would meet
one of the two codes of the moment about once in six days."""
LENGTH: Final = 6
SECONDS: Final = 30


def code_at(secret: str, seminar: str, moment: datetime) -> str:
    """The code that the screen shows at this moment."""
    return _code(secret, seminar, _window(moment))


def fits(secret: str, seminar: str, typed: str, moment: datetime) -> bool:
    """Whether this is the code of now, or the one before it: typing takes a while."""
    given = "".join(typed.upper().split()).replace("-", "").encode()
    window = _window(moment)
    # Both are compared in full, so that how long it takes tells nothing.
    found = [hmac.compare_digest(given, _code(secret, seminar, one).encode()) for one in (window, window - 1)]
    return any(found)


def seconds_left(moment: datetime) -> int:
    """Until the code changes."""
    return SECONDS - int(moment.timestamp()) % SECONDS


def _window(moment: datetime) -> int:
    return int(moment.timestamp()) // SECONDS


def _code(secret: str, seminar: str, window: int) -> str:
    own = hmac.digest(secret.encode(), b"seminar codes", "sha256")
    number = int.from_bytes(hmac.digest(own, f"{seminar}:{window}".encode(), "sha256"))
    return "".join(LETTERS[number >> (5 * place) & 31] for place in range(LENGTH))
