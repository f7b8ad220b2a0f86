"""cmi5 course structures as XML and as values. Pure.

https://github.com/AICC/CMI-5_Spec_Current/blob/quartz/cmi5_spec.md#13.0 says what a course structure holds, its section
14 how it is packed. What is read comes from anybody: no document type is taken, so there are no entities to resolve or
to multiply, and nothing is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from lxml import etree

from lti_tool.ecvet.cmi5_rules import check_structure
from lti_tool.ecvet.problems import Log, ProgrammeInvalid, Where
from lti_tool.ecvet.terms import Text

NS: Final = "https://w3id.org/xapi/profiles/cmi5/v1/CourseStructure.xsd"
OURS: Final = "urn:lti-tool-ecvet:cmi5:1"
MOST_BYTES: Final = 10_000_000
MOVE_ON: Final = ("NotApplicable", "Passed", "Completed", "CompletedAndPassed", "CompletedOrPassed")
LAUNCH: Final = ("AnyWindow", "OwnWindow")
Element = etree._Element  # the library gives the type no public name


@dataclass(frozen=True, slots=True)
class Objective:
    """A learning outcome."""

    id: str
    title: Text
    description: Text


@dataclass(frozen=True, slots=True)
class Au:
    """An assignable unit: a module. `mastery_score` from 0 to 1 with at most four decimals, as it is written."""

    id: str
    title: Text
    description: Text
    url: str
    objectives: tuple[str, ...] = ()
    move_on: str = "NotApplicable"
    mastery_score: str = ""
    launch_method: str = "AnyWindow"
    activity_type: str = ""
    launch_parameters: str = ""
    entitlement_key: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """A group of modules and blocks; a unit, where it stands at the top."""

    id: str
    title: Text
    description: Text
    objectives: tuple[str, ...]
    parts: tuple[Au | Block, ...]


@dataclass(frozen=True, slots=True)
class Extra:
    """What a programme knows beyond cmi5 of the thing `about` (its IRI): values by name, references to frameworks."""

    kind: str  # programme, unit, outcome, module, or offline (an AU that stands for what is done without a module)
    about: str
    values: tuple[tuple[str, str], ...] = ()
    references: tuple[tuple[tuple[str, str], ...], ...] = ()

    def value(self, name: str) -> str:
        return dict(self.values).get(name, "")


@dataclass(frozen=True, slots=True)
class Course:
    """A course structure as a whole."""

    id: str
    title: Text
    description: Text
    objectives: tuple[Objective, ...]
    parts: tuple[Au | Block, ...]
    extras: tuple[Extra, ...] = ()


def write(course: Course) -> bytes:
    """The course structure as a UTF-8 file that keeps the rules of section 13."""
    spaces: Mapping[Any, str] = {None: NS, **({"ecvet": OURS} if course.extras else {})}  # None: without a prefix
    root = etree.Element(_q("courseStructure"), nsmap=spaces)
    head = etree.SubElement(root, _q("course"), id=course.id)
    _texts(head, course.title, course.description)
    if course.objectives:
        listed = etree.SubElement(root, _q("objectives"))
        for one in course.objectives:
            _texts(etree.SubElement(listed, _q("objective"), id=one.id), one.title, one.description)
    for part in course.parts:
        _write_part(root, part)
    if course.extras:
        more = etree.SubElement(root, f"{{{OURS}}}extras")
        for extra in course.extras:
            element = etree.SubElement(more, f"{{{OURS}}}{extra.kind}", {"about": extra.about, **dict(extra.values)})
            for reference in extra.references:
                etree.SubElement(element, f"{{{OURS}}}reference", dict(reference))
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _write_part(parent: Element, part: Au | Block) -> None:
    element = etree.SubElement(parent, _q("au" if isinstance(part, Au) else "block"), id=part.id)
    _texts(element, part.title, part.description)
    if part.objectives:
        listed = etree.SubElement(element, _q("objectives"))
        for id in part.objectives:
            etree.SubElement(listed, _q("objective"), idref=id)
    if isinstance(part, Block):
        for inner in part.parts:
            _write_part(element, inner)
        return
    for name, value in (
        ("moveOn", part.move_on if part.move_on != MOVE_ON[0] else ""),
        ("masteryScore", part.mastery_score),
        ("launchMethod", part.launch_method if part.launch_method != LAUNCH[0] else ""),
        ("activityType", part.activity_type),
    ):
        if value:
            element.set(name, value)
    for name, text in (
        ("url", part.url),
        ("launchParameters", part.launch_parameters),
        ("entitlementKey", part.entitlement_key),
    ):
        if text:
            etree.SubElement(element, _q(name)).text = text


def _texts(element: Element, title: Text, description: Text) -> None:
    for name, text in (("title", title), ("description", description)):
        holder = etree.SubElement(element, _q(name))
        for language, words in text.items():
            etree.SubElement(holder, _q("langstring"), lang=language).text = words


def _q(name: str) -> str:
    return f"{{{NS}}}{name}"


def read(data: bytes, file: str = "cmi5.xml", packed: bool = False) -> Course:
    """The course structure in this file. `packed`: it came in a ZIP, so addresses may be relative (section 14).

    Raises ProgrammeInvalid with every rule of sections 13 and 14 that it breaks, by line.
    """
    log = Log()
    root = parse(data, file, log)
    if root is not None:
        check_structure(root, file, log, packed)
    if root is None or log.problems:
        raise ProgrammeInvalid(log.problems)
    head = root.find(_q("course"))
    assert head is not None  # noqa: S101  # the check has seen it
    listed = root.find(_q("objectives"))
    objectives = () if listed is None else tuple(listed.iterfind(_q("objective")))
    more = root.find(f"{{{OURS}}}extras")
    return Course(
        id=_id(head),
        title=_text(head, "title"),
        description=_text(head, "description"),
        objectives=tuple(Objective(_id(one), _text(one, "title"), _text(one, "description")) for one in objectives),
        parts=tuple(_read_parts(root)),
        extras=() if more is None else tuple(_extra(one) for one in more if isinstance(one.tag, str)),
    )


def parse(data: bytes, file: str, log: Log) -> Element | None:
    """The root of the file, or None with the fault in the log."""
    code, text = "STRUCTURE-XML", _decoded(data)
    if text is None or len(data) > MOST_BYTES:
        what = "the file is too large" if text is not None else "the file is neither UTF-8 nor UTF-16"
        log.error(Where(file, 1), code, what, "save it as UTF-8, in a few megabytes at most")
        return None
    # Where there is no document type, there are no entities but the five of XML: none to fetch, none to multiply.
    for forbidden in ("<!DOCTYPE", "<!ENTITY"):
        if forbidden in text:
            line = text[: text.index(forbidden)].count("\n") + 1
            log.error(Where(file, line), code, f"{forbidden} is not read here", "take the document type out")
            return None
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    body = re.sub(r"\A\s*<\?xml[^>]*\?>", lambda found: "\n" * found[0].count("\n"), text)
    try:
        return etree.fromstring(body.encode(), parser)
    except etree.XMLSyntaxError as error:
        log.error(Where(file, error.lineno or 1), code, f"this is no XML: {error.msg}", "export the file again")
        return None


def _decoded(data: bytes) -> str | None:
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return None


def _read_parts(parent: Element) -> Iterable[Au | Block]:
    for element in parent:
        if element.tag == _q("block"):
            yield Block(
                id=_id(element),
                title=_text(element, "title"),
                description=_text(element, "description"),
                objectives=_references(element),
                parts=tuple(_read_parts(element)),
            )
        elif element.tag == _q("au"):
            yield Au(
                id=_id(element),
                title=_text(element, "title"),
                description=_text(element, "description"),
                url=_words(element.find(_q("url"))),
                objectives=_references(element),
                move_on=_attribute(element, "moveOn") or MOVE_ON[0],
                mastery_score=_attribute(element, "masteryScore"),
                launch_method=_attribute(element, "launchMethod") or LAUNCH[0],
                activity_type=_attribute(element, "activityType"),
                launch_parameters=_words(element.find(_q("launchParameters"))),
                entitlement_key=_words(element.find(_q("entitlementKey"))),
            )


def _references(element: Element) -> tuple[str, ...]:
    listed = element.find(_q("objectives"))
    return () if listed is None else tuple(_attribute(one, "idref") for one in listed.iterfind(_q("objective")))


def _extra(element: Element) -> Extra:
    values: Mapping[str, str] = {str(name): str(value) for name, value in element.attrib.items()}
    return Extra(
        kind=etree.QName(element).localname,
        about=values.get("about", ""),
        values=tuple((name, value) for name, value in values.items() if name != "about"),
        references=tuple(
            tuple((str(name), str(value)) for name, value in one.attrib.items())
            for one in element.iterfind(f"{{{OURS}}}reference")
        ),
    )


def _text(element: Element, name: str) -> Text:
    """The words by language; English from another language where there is none. Of two of one language the first."""
    holder = element.find(_q(name))
    words: dict[str, str] = {}
    for one in () if holder is None else holder.iterfind(_q("langstring")):
        language = (_attribute(one, "lang") or "en").replace("_", "-").split("-")[0].lower()
        if said := _words(one):
            words.setdefault(language, said)
    return Text(words if "en" in words or not words else {"en": next(iter(words.values())), **words})


def _id(element: Element) -> str:
    return _attribute(element, "id")


def _attribute(element: Element, name: str) -> str:
    # Section 13.1: white space around any value is removed on import.
    return str(element.get(name) or "").strip()


def _words(element: Element | None) -> str:
    return "" if element is None else "".join(str(part) for part in element.itertext()).strip()
