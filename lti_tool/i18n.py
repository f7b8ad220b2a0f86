"""Languages: which one this page is in, and how dates, hours and numbers are written in it.

The order: what the reader chose on this page's session, the locale of the launch, what the browser accepts, English.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_time
from babel.numbers import format_decimal, format_percent
from flask import Flask, Response, has_request_context, request
from flask_babel import Babel, get_locale, gettext, ngettext

from lti_tool.shares import whole_percent

# In their own words: a reader looks for the name of the language that he reads.
LANGUAGES = {"en": "English", "lv": "Latviešu", "bg": "Български", "el": "Ελληνικά", "it": "Italiano"}
DEFAULT = "en"
# A choice made in a page session ends with it: the next launch brings its own locale.
COOKIE = "lang"
COOKIE_OF_SESSION = "lang_here"

# ISO 639-2 codes, as some LMSs send them.
_LONG = {"eng": "en", "lav": "lv", "bul": "bg", "ell": "el", "gre": "el", "ita": "it"}

# People write these times to each other; without script there is no better guess than the country of the language.
_ZONES = {"lv": "Europe/Riga", "bg": "Europe/Sofia", "el": "Europe/Athens", "it": "Europe/Rome"}


def language_of(tag: str | None) -> str | None:
    """The language of ours that a locale means, or None: "lv", "el-GR", "LV_lv.UTF-8", "lav", Moodle's "en_us"."""
    if not tag:
        return None
    primary = tag.strip().replace("_", "-").split("-")[0].split(".")[0].lower()
    primary = _LONG.get(primary, primary)
    return primary if primary in LANGUAGES else None


def language_for(choices: Sequence[str | None], accepted: Sequence[str] = ()) -> str:
    """The first of `choices` that is a language of ours, else the first accepted one that is, else English."""
    return next((known for tag in (*choices, *accepted) if (known := language_of(tag))), DEFAULT)


def current_language() -> str:
    """The code of the language of this request; English outside of one."""
    return str(get_locale()) if has_request_context() and get_locale() else DEFAULT


def set_up(app: Flask, launch_locale: Callable[[], str | None] = lambda: None) -> Babel:
    """`app` speaks the five languages; templates have `locale`, `languages` and the filters of this module.

    `launch_locale` gives the locale of the current page's launch, or None. The reader chooses by `?lang=lv` on any
    address; a cookie for this page session keeps it. Where the browser drops cookies, the addresses carry it.
    """

    def cookie() -> str:
        return COOKIE_OF_SESSION if request.script_root else COOKIE

    def picked_now() -> str | None:
        """What this very request asks for and the browser does not (or not yet) keep."""
        if b"lang" not in request.query_string:
            return None
        picked = language_of(request.args.get("lang"))
        return picked if picked != request.cookies.get(cookie()) else None

    def chosen() -> str | None:
        return language_of(request.args.get("lang")) or language_of(request.cookies.get(cookie()))

    def locale() -> str:
        return language_for((chosen(), launch_locale()), [tag for tag, _quality in request.accept_languages])

    def keep_choice(response: Response) -> Response:
        if picked := picked_now():
            # In the LMS's frame we are a third party: only such a cookie reaches us there. Browsers take Secure cookies
            # from this machine's own addresses by plain http too, and a tool is nowhere else without https.
            framed = bool(request.script_root) or request.is_secure
            response.set_cookie(
                cookie(),
                picked,
                path=f"{request.script_root}/",
                max_age=365 * 86400,
                secure=framed,
                samesite="None" if framed else "Lax",
                partitioned=framed,
            )
        return response

    def carry_choice(endpoint: str, values: dict[str, object]) -> None:
        # Only below the prefix of a page session: outside of the LMS's frame every browser keeps the cookie.
        if not has_request_context() or not request.script_root or endpoint in ("static", "assets"):
            return
        if picked := picked_now():
            values.setdefault("lang", picked)

    babel = Babel(app, default_locale=DEFAULT, locale_selector=locale, default_translation_directories="translations")
    app.after_request(keep_choice)
    app.url_defaults(carry_choice)
    app.context_processor(lambda: {"locale": current_language(), "languages": LANGUAGES})
    app.jinja_env.filters.update(
        when=when, day=day, iso=iso, hours=hours, number=number, percent=percent, points=points, language=language_name
    )
    app.jinja_env.globals["clock_time"] = clock_time
    return babel


def _locale() -> Locale:
    return Locale.parse(current_language())


def _local(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("a moment without a time zone means nothing")
    zone = _ZONES.get(current_language())
    return moment.astimezone(ZoneInfo(zone) if zone else UTC)


def when(moment: datetime) -> str:
    """A moment as people write it: "3 Mar 2023, 14:02". In English, where the country is unknown, it ends in "UTC"."""
    local = _local(moment)
    date_form = "d MMM y" if current_language() == DEFAULT else "medium"
    text = f"{format_date(local, date_form, locale=_locale())}, {clock_time(moment)}"
    return f"{text} UTC" if local.tzinfo is UTC else text


def clock_time(moment: datetime) -> str:
    """The time of day alone: "14:02"."""
    return format_time(_local(moment), "HH:mm", locale=_locale())


def day(value: date) -> str:
    """A day in words: "3 March 2023"; of a moment, the day in the reader's zone."""
    local = _local(value) if isinstance(value, datetime) else value
    return format_date(local, "d MMMM y" if current_language() == DEFAULT else "long", locale=_locale())


def iso(value: date) -> str:
    """For machines: "2023-03-03T12:02:00Z", or the date alone."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return value.isoformat()


def number(value: float) -> str:
    """At most two decimals, with the marks of the language: "1,234.5"."""
    return format_decimal(value, "#,##0.##", locale=_locale())


def percent(share: float) -> str:
    """A share of 1 as "83%", cut to whole per cent."""
    return format_percent(whole_percent(share), locale=_locale())


def hours(value: float) -> str:
    """ "12.5 h", with a space that doesn't break."""
    return str(gettext("%(number)s h", number=number(value))).replace(" ", "\u00a0")


def points(value: float) -> str:
    """ "5 points"; half points count as several."""
    count = int(value) if value == int(value) else 2
    return str(ngettext("%(number)s point", "%(number)s points", count, number=number(value)))


def language_name(code: str) -> str:
    """The name of a language in itself, for the languages that a module is in: "Latviešu"."""
    return LANGUAGES.get(code, code)


def country_name(code: str) -> str:
    """A country (ISO 3166) in the reader's language: "Latvia"."""
    return str(_locale().territories.get(code.upper(), code))
