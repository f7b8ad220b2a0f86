"""The code by which two accounts find each other: shown in one, typed into the other.

Twelve letters and digits that nobody confuses when reading aloud. The last three sign the rest, so that a code that was
mistyped or made up is refused without looking anything up.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Final

LETTERS: Final = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_RANDOM: Final = 9
_SIGNED: Final = 3


def make(secret_key: str) -> str:
    """A new code, such as "K7QM-2XPD-9HTA": 45 random bits and 15 of the signature."""
    body = "".join(secrets.choice(LETTERS) for _letter in range(_RANDOM))
    return shown(body + _signature(secret_key, body))


def read(text: str, secret_key: str) -> str | None:
    """The code in this text as `make` gave it, however it was spaced and cased; None where it is none of ours."""
    letters = "".join(letter for letter in text.upper() if letter.isalnum())
    if len(letters) != _RANDOM + _SIGNED or any(letter not in LETTERS for letter in letters):
        return None
    body, signature = letters[:_RANDOM], letters[_RANDOM:]
    return shown(letters) if hmac.compare_digest(signature, _signature(secret_key, body)) else None


def shown(letters: str) -> str:
    """In groups of four."""
    return "-".join(letters[start : start + 4] for start in range(0, len(letters), 4))


def digest(code: str) -> str:
    """What is kept of a code."""
    return hashlib.sha256(code.encode()).hexdigest()


def _signature(secret_key: str, body: str) -> str:
    made = hmac.new(secret_key.encode(), f"join-code:{body}".encode(), hashlib.sha256).digest()
    return "".join(LETTERS[byte % len(LETTERS)] for byte in made[:_SIGNED])
