"""Forms of agreements: what was sent, checked and made into a wish; and a wish as the values of its form."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, Final

from werkzeug.datastructures import MultiDict

from lti_tool.agreements.content import DUTIES, known
from lti_tool.agreements.terms import (
    MOST_PARTIES,
    SIDES,
    Duty,
    LearningWish,
    MemorandumWish,
    PartyWish,
    Side,
    Wish,
)
from lti_tool.ecvet.terms import MODES, Programme, tidy
from lti_tool.errors import N_, BadInput
from lti_tool.papers.issue import MOST_NAME, MOST_TEXT, one_line

Sent = MultiDict[str, str]

LONGEST: Final = timedelta(days=3653)
"""From the first day of an agreement to its last."""
MOST_HOURS: Final = 9999
TEXTS: Final = ("objectives", "quality", "assessment", "validation", "recognition", "review", "notes")
_PARTY: Final = ("institution", "name", "country", "address", "contact", "position", "email", "phone")


def read_memorandum(sent: Sent, programme: Programme) -> MemorandumWish:
    """What the form says. Raises BadInput (AGREEMENT-PARTIES, -PARTY, -PERIOD, -UNITS, -TEXT)."""
    parties = [_party(sent, f"p{place}", programme) for place in range(MOST_PARTIES)]
    named = tuple(one for one in parties if one.institution or one.name)
    starts, ends = _period(sent)
    if len(named) < 2 or len({one.institution or one.name.casefold() for one in named}) < len(named):
        raise _parties()
    texts = {name: _text(sent, name) for name in TEXTS}
    return MemorandumWish(parties=named, units=_units(sent, programme), starts=starts, ends=ends, **texts)


def read_learning(sent: Sent, programme: Programme) -> LearningWish:
    """What the form says. Raises BadInput (as `read_memorandum`, and AGREEMENT-NAME, -HOURS, -COMPETENT)."""
    name = _text(sent, "name", MOST_NAME)
    if not name:
        raise BadInput("AGREEMENT-NAME", N_("An agreement needs the learner's name."), N_("Go back and write it."))
    home, host = (_party(sent, side, programme) for side in SIDES)
    if not all(one.institution or one.name for one in (home, host)) or (
        (home.institution or home.name.casefold()) == (host.institution or host.name.casefold())
    ):
        raise _parties()
    starts, ends = _period(sent)
    assess, validate, recognise = (_duty(sent, duty, (home, host), programme) for duty in DUTIES)
    return LearningWish(
        name=name,
        email=_text(sent, "email", MOST_NAME),
        home=home,
        host=host,
        units=_units(sent, programme),
        starts=starts,
        ends=ends,
        assess=assess,
        validate=validate,
        recognise=recognise,
        activities=_text(sent, "activities"),
        hours=_hours(sent),
        memorandum=sent.get("memorandum", "")[:36],
        notes=_text(sent, "notes"),
    )


def values_of(wish: Wish) -> Sent:
    """The wish as the form that would be sent for it."""
    values: list[tuple[str, Any]] = [("unit", unit) for unit in wish.units]
    values += [("starts", wish.starts), ("ends", wish.ends), ("notes", wish.notes)]
    if isinstance(wish, MemorandumWish):
        for place, party in enumerate(wish.parties):
            values += _party_values(f"p{place}", party)
        return MultiDict(values + [(name, getattr(wish, name)) for name in TEXTS if name != "notes"])
    for side, party in zip(SIDES, (wish.home, wish.host), strict=True):
        values += _party_values(side, party)
    for duty in DUTIES:
        said: Duty = getattr(wish, duty)
        values += [(f"{duty}_side", said.side), (f"{duty}_who", said.who), (f"{duty}_how", said.how)]
    values += [(f"hours_{mode}", str(tidy(hours))) for mode, hours in wish.hours.items()]
    values += [(name, getattr(wish, name)) for name in ("name", "email", "activities", "memorandum")]
    return MultiDict(values)


def _party_values(prefix: str, party: PartyWish) -> list[tuple[str, Any]]:
    return [(f"{prefix}_{name}", getattr(party, name)) for name in _PARTY]


def _party(sent: Sent, prefix: str, programme: Programme) -> PartyWish:
    said = {name: _text(sent, f"{prefix}_{name}", MOST_NAME) for name in _PARTY}
    if said["institution"]:
        if known(programme, said["institution"]) is None:
            raise BadInput(
                "AGREEMENT-PARTY",
                N_("The programme does not know this institution."),
                N_("Choose one from the list, or write the name of a partner from outside."),
            )
        return PartyWish(**{**said, "name": "", "country": ""})
    country = said["country"].upper()
    if said["name"] and not (len(country) == 2 and country.isascii() and country.isalpha()):
        raise BadInput(
            "AGREEMENT-PARTY",
            N_("A partner from outside needs a country."),
            N_("Write its code of two letters, such as LV."),
        )
    return PartyWish(**{**said, "country": country})


def _parties() -> BadInput:
    return BadInput(
        "AGREEMENT-PARTIES",
        N_("An agreement is made between two different institutions at least."),
        N_("Choose each from the list, or write the name of a partner from outside."),
    )


def _duty(sent: Sent, name: str, sides: tuple[PartyWish, PartyWish], programme: Programme) -> Duty:
    asked = sent.get(f"{name}_side", "")
    side: Side = "host" if asked == "host" else "home"
    party = sides[SIDES.index(side)]
    its = known(programme, party.institution)
    if its is not None and name not in its.competent:
        raise BadInput(
            "AGREEMENT-COMPETENT",
            N_("%(institution)s is not competent for this, says the programme."),
            N_("Choose the other institution for it."),
            params={"institution": str(its.title)},
        )
    return Duty(side, _text(sent, f"{name}_who", MOST_NAME), _text(sent, f"{name}_how"))


def _period(sent: Sent) -> tuple[str, str]:
    try:
        starts, ends = (date.fromisoformat(sent.get(name, "").strip()) for name in ("starts", "ends"))
    except ValueError:
        starts = ends = date.min
    if not 2000 <= starts.year <= 2100 or not starts <= ends <= starts + LONGEST:
        raise BadInput(
            "AGREEMENT-PERIOD",
            N_("The period has no first and last day, or they can't be."),
            N_("Choose both days in the calendar: the last not before the first, and ten years later at most."),
        )
    return starts.isoformat(), ends.isoformat()


def _units(sent: Sent, programme: Programme) -> tuple[str, ...]:
    asked = set(sent.getlist("unit"))
    if not asked or asked - {unit.id for unit in programme.units}:
        raise BadInput("AGREEMENT-UNITS", N_("No unit is ticked."), N_("Tick the units that the agreement is about."))
    return tuple(unit.id for unit in programme.units if unit.id in asked)


def _hours(sent: Mapping[str, str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for mode in MODES:
        text = sent.get(f"hours_{mode}", "").strip().replace(",", ".")
        if not text:
            continue
        try:
            number = float(text)
        except ValueError:
            number = -1.0
        if not 0 <= number <= MOST_HOURS:  # also where it is no number at all
            raise BadInput(
                "AGREEMENT-HOURS", N_("Hours are a number from 0 up."), N_("Go back and write, for example, 2.5.")
            )
        found[mode] = tidy(round(number, 2))
    return found


def _text(sent: Mapping[str, str], name: str, most: int = MOST_TEXT) -> str:
    said = sent.get(name, "")
    tidied = one_line(said, most)
    if not tidied and one_line(said, len(said)):
        raise BadInput(
            "AGREEMENT-TEXT",
            N_("A text is too long."),
            N_("Names have up to 200 characters, other texts up to 2,000."),
        )
    return tidied
