"""What was picked, as content items for the LMS. Pure.

https://www.imsglobal.org/spec/lti-dl/v2p0#lti-resource-link. An item has our own content id in `custom`: copies of a
course get new resource link ids, and keep it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from lti_tool.ecvet.terms import Module, Programme, Unit
from lti_tool.gradebook.columns import TAG
from lti_tool.gradebook.titles import one_line as one_line
from lti_tool.gradebook.titles import title_of as title_of
from lti_tool.launch.configuration import CUSTOM

RECORD: Final = "record"
UNIT: Final = "unit/"
MAXIMUM: Final = 100
"""Moodle takes a scoreMaximum only if it is an integer from 1 to its `gradepointmax`, which is 100 unless changed."""
WIDTH: Final = 800
HEIGHT: Final = 600
TEXT_LENGTH: Final = 300


@dataclass(frozen=True, slots=True)
class Asked:
    """What the LMS takes: https://www.imsglobal.org/spec/lti-dl/v2p0#deep-linking-settings."""

    return_url: str
    several: bool
    line_items: bool
    targets: tuple[str, ...]
    echo: Mapping[str, Any] = field(default_factory=dict)
    """`data` as it was sent, where it was: it goes back unchanged."""

    @classmethod
    def read(cls, settings: Mapping[str, Any]) -> Asked:
        """From the claim of a verified launch. What may be absent and is, or has a wrong type, counts as said below.

        Several items only where that is said: a platform that takes one would lose the others. Line items unless they
        are refused: Moodle says nothing and makes columns, and elsewhere they are ignored at worst.
        """
        targets = settings.get("accept_presentation_document_targets")
        return cls(
            return_url=str(settings.get("deep_link_return_url", "")),
            several=settings.get("accept_multiple") is True,
            line_items=settings.get("accept_lineitem") is not False,
            targets=tuple(t for t in targets if isinstance(t, str)) if isinstance(targets, list) else (),
            echo={"data": settings["data"]} if settings.get("data") is not None else {},
        )


@dataclass(frozen=True, slots=True)
class Pick:
    """One thing that becomes one activity: a content id, and the programme it was picked from ("" for none)."""

    content: str
    programme: str = ""

    @property
    def value(self) -> str:
        """The pick as the value of a form's field."""
        # "CECO/unit/…" means all modules of the unit; its own activity has another word.
        content = self.content.replace(UNIT, "progress/", 1) if self.unit else self.content
        return f"{self.programme}/{content}" if self.programme else content

    @property
    def unit(self) -> str:
        """The id of the unit whose progress is shown; empty where it is none."""
        return self.content.removeprefix(UNIT) if self.content.startswith(UNIT) else ""


@dataclass(frozen=True, slots=True)
class Picked:
    """The picks in the order of the programmes; `unknown` are the values that mean nothing here (any more)."""

    picks: tuple[Pick, ...]
    unknown: tuple[str, ...] = ()

    @property
    def modules(self) -> int:
        return sum(pick.content != RECORD and not pick.unit for pick in self.picks)

    @property
    def record(self) -> bool:
        return Pick(RECORD) in self.picks


@dataclass(frozen=True, slots=True)
class Words:
    """The words of an item that no programme has, in the language of the page."""

    record_title: str
    record_text: str
    unit_text: str = ""


def module_pick(programme: Programme, module: str) -> Pick:
    """The pick of a module in this programme."""
    return Pick(f"module/{module}", programme.id)


def unit_pick(programme: Programme, unit: str) -> Pick:
    """The pick of a unit's progress as one activity, with one column for the whole unit."""
    return Pick(f"{UNIT}{unit}", programme.id)


def expand(values: Iterable[str], programmes: Sequence[Programme]) -> Picked:
    """What the ticked boxes mean: a module is itself, a unit or a programme is all its modules, each once."""
    meaning: dict[str, tuple[Pick, ...]] = {RECORD: (Pick(RECORD),)}
    order: dict[Pick, int] = {}
    for programme in programmes:
        every: list[Pick] = []
        for unit in programme.units:
            inside = tuple(module_pick(programme, module) for module in unit.modules)
            progress = unit_pick(programme, unit.id)
            meaning[f"{programme.id}/unit/{unit.id}"] = inside
            meaning.update({pick.value: (pick,) for pick in (*inside, progress)})
            every += inside
            for pick in (*inside, progress):
                order.setdefault(pick, len(order))
        meaning[f"{programme.id}/programme"] = tuple(every)
    order[Pick(RECORD)] = len(order)
    given = list(dict.fromkeys(values))
    picks = {pick for value in given for pick in meaning.get(value, ())}
    return Picked(tuple(sorted(picks, key=order.__getitem__)), tuple(v for v in given if v not in meaning))


def build(
    picks: Iterable[Pick],
    programmes: Sequence[Programme],
    *,
    locale: str,
    base_url: str,
    icon_url: str,
    asked: Asked,
    graded: Callable[[str], bool],
    words: Words,
) -> list[dict[str, Any]]:
    """One content item for each pick, in the same order, with only what this LMS takes. No value is null."""
    by_id = {programme.id: programme for programme in programmes}
    items = []
    for pick in picks:
        custom = {"content": pick.content} | ({"programme": pick.programme} if pick.programme else {}) | CUSTOM
        item: dict[str, Any] = {
            "type": "ltiResourceLink",
            "url": f"{base_url}/lti/launch",
            "custom": custom,
            "icon": {"url": icon_url, "width": 64, "height": 64},
            **presentation(asked.targets),
        }
        if pick.content == RECORD:
            item |= {"title": words.record_title, "text": words.record_text}
        elif pick.unit:
            title = title_of(_unit(by_id[pick.programme], pick.unit), locale)
            item |= {"title": title, "text": words.unit_text}
            if asked.line_items:
                item["lineItem"] = line_item(title, pick, base_url)
        else:
            module = _module(by_id[pick.programme], pick.content)
            title = title_of(module, locale)
            item |= {"title": title} | ({"text": text} if (text := text_of(module, locale)) else {})
            if asked.line_items and graded(module.id):
                item["lineItem"] = line_item(title, pick, base_url)
        items.append(item)
    return items


def presentation(targets: Sequence[str]) -> dict[str, Any]:
    """How the LMS should show the activity: in a frame where it has frames, else in a window.

    Never both: Canvas opens a new tab as soon as a window is named, frame or not.
    """
    if "iframe" in targets:
        return {"iframe": {"width": WIDTH, "height": HEIGHT}}
    if "window" in targets:
        return {"window": {"targetName": "_blank"}}
    return {}


def line_item(label: str, pick: Pick, base_url: str) -> dict[str, Any]:
    """The gradebook column of an activity. A teacher who opens a grade there is sent to what it rests on.

    https://www.imsglobal.org/spec/lti-ags/v2p0#line-item-service-scope-and-allowed-http-methods; submissionReview as in
    Submission Review 1.0. A platform that knows no reviews passes over it.
    """
    return {
        "label": label,
        "scoreMaximum": MAXIMUM,
        "resourceId": pick.content,
        "tag": TAG,
        "submissionReview": {"url": f"{base_url}/lti/launch"},
    }


def text_of(module: Module, locale: str) -> str:
    """What the module is about in plain text of at most TEXT_LENGTH characters, whole sentences if they fit."""
    text = one_line(module.description.in_(locale))
    if len(text) <= TEXT_LENGTH:
        return text
    cut = text[:TEXT_LENGTH]
    end = max(cut.rfind(mark) for mark in (". ", "! ", "? ", "; "))
    if end > TEXT_LENGTH // 3:
        return cut[: end + 1].rstrip("; ")
    return cut[: TEXT_LENGTH - 1].rpartition(" ")[0].rstrip(",;:- ") + "…" if " " in cut else cut[:-1] + "…"


def _unit(programme: Programme, id: str) -> Unit:
    found = next((unit for unit in programme.units if unit.id == id), None)
    if found is None:
        raise ValueError(f"{id} is not in {programme.id}")
    return found


def _module(programme: Programme, content: str) -> Module:
    found = programme.module(content.removeprefix("module/"))
    if found is None:
        raise ValueError(f"{content} is not in {programme.id}")
    return found
