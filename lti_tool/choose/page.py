"""What the chooser shows: programmes and units as a tree, modules as rows, what is ticked, what is found. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from lti_tool.choose.items import Pick, module_pick, unit_pick
from lti_tool.choose.store import Known
from lti_tool.ecvet.terms import Module, Programme, Unit

ALL = "*"
"""Shown is everything: so it is while one searches."""


@dataclass(frozen=True, slots=True)
class Row:
    """A module as it stands in a unit of a programme."""

    pick: Pick
    code: str
    title: str
    description: str
    hours: float
    languages: tuple[str, ...]
    graded: bool
    ticked: bool
    shown: bool
    words: str
    """What a search looks in, folded."""
    there: bool
    chosen_at: datetime | None


@dataclass(frozen=True, slots=True)
class Group:
    """A unit with its modules."""

    value: str
    title: str
    position: int
    hours: float
    rows: tuple[Row, ...]
    shown: bool
    current: bool
    progress: Pick
    """The unit itself as one activity, with one column."""
    progress_ticked: bool
    progress_there: bool
    progress_chosen_at: datetime | None


@dataclass(frozen=True, slots=True)
class Shelf:
    """A programme with its units."""

    value: str
    code: str
    title: str
    groups: tuple[Group, ...]
    shown: bool
    current: bool

    @property
    def count(self) -> int:
        return sum(len(group.rows) for group in self.groups)


def shelves(
    programmes: Sequence[Programme],
    *,
    locale: str,
    show: str,
    search: str,
    ticked: Collection[Pick],
    known: Known,
    graded: Callable[[str], bool],
) -> tuple[Shelf, ...]:
    """Every programme in full; `shown` says what the reader sees: the unit or programme `show`, or what was found."""
    wanted = fold(search).split()
    seen = ALL if wanted else show

    def row(programme: Programme, unit: Unit, module: Module) -> Row:
        pick = module_pick(programme, module.id)
        title = module.title.in_(locale)
        description = module.description.in_(locale)
        words = fold(f"{module.id} {title} {module.title.in_('en')} {description}")
        return Row(
            pick=pick,
            code=module.id,
            title=title,
            description=description,
            hours=module.hours,
            languages=module.languages,
            graded=graded(module.id),
            ticked=pick in ticked,
            shown=all(word in words for word in wanted),
            words=words,
            there=module.iri in known.launched,
            chosen_at=known.chosen.get(pick),
        )

    def group(programme: Programme, unit: Unit) -> Group:
        modules = (module for code in unit.modules if (module := programme.module(code)))
        rows = tuple(row(programme, unit, module) for module in modules)
        value = f"{programme.id}/unit/{unit.id}"
        progress = unit_pick(programme, unit.id)
        return Group(
            value=value,
            title=unit.title.in_(locale),
            position=unit.position,
            hours=sum(r.hours for r in rows),
            rows=rows,
            shown=any(r.shown for r in rows) if wanted else seen in (value, f"{programme.id}/programme"),
            current=not wanted and show == value,
            progress=progress,
            progress_ticked=progress in ticked,
            progress_there=unit.iri in known.launched,
            progress_chosen_at=known.chosen.get(progress),
        )

    def shelf(programme: Programme) -> Shelf:
        groups = tuple(group(programme, unit) for unit in programme.units)
        value = f"{programme.id}/programme"
        return Shelf(
            value=value,
            code=programme.id,
            title=programme.title.in_(locale),
            groups=groups,
            shown=any(g.shown for g in groups),
            current=not wanted and show == value,
        )

    return tuple(shelf(programme) for programme in programmes)


def first_shown(programmes: Sequence[Programme], show: str, known: Known) -> str:
    """`show` if there is such a unit or programme, else the first unit of the programme that the course has already,
    else of the first one."""
    values = [value for p in programmes for value in (f"{p.id}/programme", *(f"{p.id}/unit/{u.id}" for u in p.units))]
    if show in values:
        return show
    used = [pick.programme for pick in known.chosen]
    ranked = sorted(programmes, key=lambda p: -used.count(p.id))
    return next((f"{p.id}/unit/{u.id}" for p in ranked for u in p.units if u.modules), ALL)


def fold(text: str) -> str:
    """The text without case and accents, as choose.js does it: who types "izvertesana" finds "Izvērtēšana"."""
    plain = unicodedata.normalize("NFKD", text.lower())
    return "".join(letter for letter in plain if unicodedata.category(letter)[0] != "M")
