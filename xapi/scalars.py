"""The texts that statements are made of: UUIDs, IRIs, language tags, times, durations. Pure, and written for speed.

xAPI 1.0.3, data part, 4 "Special Data Types and Rules"
(https://github.com/adlnet/xAPI-Spec/blob/master/xAPI-Data.md#partfour); the same in IEEE 9274.1.1, 4.2.7.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

_UUID = re.compile(r"[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12}").fullmatch
# RFC 3987: a scheme, then no white space, no control character, none of <>"{}|\^` and no half percent-encoding.
_IRI = re.compile(
    r"[A-Za-z][A-Za-z0-9+.\-]*:(?:[^\s<>\"{}|\\^`%\x00-\x20\x7f-\x9f]|%[0-9A-Fa-f]{2})+", re.UNICODE
).fullmatch
_MBOX = re.compile(r"mailto:[^@\s\x00-\x20<>,;:?]+@[^@\s\x00-\x20<>,;:?/]+").fullmatch
_SHA1 = re.compile(r"[0-9A-Fa-f]{40}").fullmatch
_SHA2 = re.compile(r"(?:[0-9A-Fa-f]{56}|[0-9A-Fa-f]{64}|[0-9A-Fa-f]{96}|[0-9A-Fa-f]{128})").fullmatch
_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+\-]+/[A-Za-z0-9!#$&^_.+\-]+(?:\s*;.*)?", re.DOTALL).fullmatch
# RFC 5646, 2.1: language (with extlangs), script, region, variants, extensions, private use; then the irregular ones.
_LANGUAGE = re.compile(
    r"(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4}|[a-z]{5,8})(?:-[a-z]{4})?(?:-(?:[a-z]{2}|[0-9]{3}))?"
    r"(?:-(?:[a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*(?:-[0-9a-wy-z](?:-[a-z0-9]{2,8})+)*(?:-x(?:-[a-z0-9]{1,8})+)?"
    r"|x(?:-[a-z0-9]{1,8})+"
    r"|en-gb-oed|i-(?:ami|bnn|default|enochian|hak|klingon|lux|mingo|navajo|pwn|tao|tay|tsu)|sgn-(?:be-fr|be-nl|ch-de)"
    r"|art-lojban|cel-gaulish|no-(?:bok|nyn)|zh-(?:guoyu|hakka|min|min-nan|xiang)",
    re.IGNORECASE | re.ASCII,
).fullmatch
_TIME = re.compile(
    r"([0-9]{4})-([0-9]{2})-([0-9]{2})[Tt]([0-9]{2}):([0-9]{2}):([0-9]{2})(?:[.,]([0-9]+))?"
    r"(?:([Zz])|([+\-])([0-9]{2})(?::?([0-9]{2}))?)?"
).fullmatch
_BASIC_TIME = re.compile(
    r"([0-9]{4})([0-9]{2})([0-9]{2})[Tt]([0-9]{2})([0-9]{2})([0-9]{2})(?:[.,]([0-9]+))?"
    r"(?:([Zz])|([+\-])([0-9]{2})(?::?([0-9]{2}))?)?"
).fullmatch
_NUMBER = r"([0-9]{1,18}(?:[.,][0-9]+)?)"
_DURATION = re.compile(
    rf"P(?:{_NUMBER}W|(?=[0-9T])(?:{_NUMBER}Y)?(?:{_NUMBER}M)?(?:{_NUMBER}D)?"
    rf"(?:T(?=[0-9])(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?)"
).fullmatch


def is_uuid(text: str) -> bool:
    """RFC 4122 in its text form, any case. Neither version nor variant is looked at."""
    return _UUID(text) is not None


def is_iri(text: str) -> bool:
    """An absolute IRI (RFC 3987)."""
    return _IRI(text) is not None


def is_mbox(text: str) -> bool:
    """mailto: and one address."""
    return _MBOX(text) is not None


def is_sha1(text: str) -> bool:
    """40 hexadecimal digits."""
    return _SHA1(text) is not None


def is_sha2(text: str) -> bool:
    """The hexadecimal digits of SHA-224, 256, 384 or 512."""
    return _SHA2(text) is not None


def is_media_type(text: str) -> bool:
    """type/subtype and perhaps parameters (RFC 2046)."""
    return _MEDIA_TYPE(text) is not None


def is_language(text: str) -> bool:
    """A well-formed language tag (RFC 5646); whether its subtags are registered is not looked at."""
    return _LANGUAGE(text) is not None


def is_duration(text: str) -> bool:
    """ISO 8601:2004, 4.4.3.2: PnYnMnDTnHnMnS or PnW, a fraction only in the last number. The alternative is refused."""
    found = _DURATION(text)
    return found is not None and all(
        "." not in one and "," not in one for one in [group for group in found.groups() if group is not None][:-1]
    )


def read_duration(text: str) -> tuple[Decimal, Decimal]:
    """A valid duration as (months, seconds), seconds cut to hundredths: what two durations are compared by in 2.0.

    IEEE 9274.1.1, 4.2.7: durations are compared with a precision of 0.01 s. A year is twelve months, a day 86,400 s.
    """
    found = _DURATION(text)
    if found is None:
        raise ValueError(f"not a duration: {text!r}")
    weeks, years, months, days, hours, minutes, seconds = (
        Decimal(group.replace(",", ".")) if group else Decimal(0) for group in found.groups()
    )
    total = (weeks * 7 + days) * 86400 + hours * 3600 + minutes * 60 + seconds
    return years * 12 + months, Decimal(int(total * 100)) / 100


def read_time(text: str, *, zone_needed: bool = False) -> datetime | None:
    """The UTC moment that a timestamp names, to the microsecond (finer digits are cut); None where it is malformed.

    RFC 3339, and ISO 8601 with a basic format or an hour-only offset. A time without an offset is UTC (1.0.3) unless
    `zone_needed`. "-00", "-0000" and "-00:00" are refused (xAPI 1.0.3, data part, 4.5). A leap second is the last
    microsecond before it.
    """
    found = _TIME(text) or _BASIC_TIME(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, fraction, zulu, sign, off_hours, off_minutes = found.groups()
    micro = int(fraction[:6].ljust(6, "0")) if fraction else 0
    if second == "60":
        second, micro = "59", 999999
    try:
        if zulu:
            return datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), micro, UTC)
        if sign is None:
            if zone_needed:
                return None
            return datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), micro, UTC)
        hours, minutes = int(off_hours), int(off_minutes or 0)
        if hours > 23 or minutes > 59 or (sign == "-" and not hours and not minutes):
            return None
        offset = timedelta(hours=hours, minutes=minutes)
        zone = timezone(-offset if sign == "-" else offset)
        moment = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), micro, zone)
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def write_time(moment: datetime) -> str:
    """An aware moment as RFC 3339 in UTC with microseconds."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"


def in_utc(text: str) -> str:
    """A valid timestamp in UTC and RFC 3339, verbatim where it is so already. Digits finer than a microsecond stay."""
    if text.endswith("Z") and _TIME(text) and "," not in text and text[10] == "T":
        return text
    moment = read_time(text)
    if moment is None:
        raise ValueError(f"not a timestamp: {text!r}")
    found = _TIME(text) or _BASIC_TIME(text)
    fraction = found.group(7) if found else None
    whole = moment.replace(tzinfo=None).isoformat(timespec="seconds")
    return f"{whole}.{fraction}Z" if fraction else f"{whole}Z"
