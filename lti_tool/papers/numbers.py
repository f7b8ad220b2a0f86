"""Numbers of papers: 100 random bits as twenty letters and digits that survive being read out, typed and copied.

The alphabet is Crockford's base 32 (https://www.crockford.com/base32.html): no I, L, O and U, and what is typed for
them is taken for what was meant. Whoever guesses a billion numbers a second for a century meets one of a million
papers with a chance of one in four hundred thousand: the check page needs neither a limit nor a list of who asked.
"""

from __future__ import annotations

from typing import Final

ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH: Final = 20
RANDOM_BYTES: Final = 13
_MEANT: Final = str.maketrans({"O": "0", "I": "1", "L": "1", "-": "", " ": "", "\u00a0": "", "\u2011": ""})


def number_of(random: bytes) -> str:
    """The number that these random bytes (RANDOM_BYTES of them) make."""
    if len(random) != RANDOM_BYTES:
        raise ValueError(f"{RANDOM_BYTES} random bytes are needed")
    value = int.from_bytes(random, "big") >> (RANDOM_BYTES * 8 - LENGTH * 5)
    return "".join(ALPHABET[value >> shift & 31] for shift in range((LENGTH - 1) * 5, -1, -5))


def read_number(typed: str) -> str | None:
    """The number that somebody typed, None where it can be none."""
    found = typed.strip().upper().translate(_MEANT)
    return found if len(found) == LENGTH and set(found) <= set(ALPHABET) else None


def show_number(number: str) -> str:
    """The number as it is printed: four groups of five."""
    return "-".join(number[start : start + 5] for start in range(0, len(number), 5))
