"""The rules of a cmi5 course structure (sections 13 and 14 of the specification), checked line by line. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lxml import etree

from lti_tool.ecvet.problems import Log, Where

NS = "https://w3id.org/xapi/profiles/cmi5/v1/CourseStructure.xsd"
CODE = "STRUCTURE-RULE"
MOST_PARTS = 20_000
Element = etree._Element  # the library gives the type no public name

_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:\S+\Z")
_LANGUAGE = re.compile(r"[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*\Z")
_SCORE = re.compile(r"(0(\.[0-9]{1,4})?|1(\.0{1,4})?|\.[0-9]{1,4})\Z")
_MOVE_ON = ("NotApplicable", "Passed", "Completed", "CompletedAndPassed", "CompletedOrPassed")
_LAUNCH = ("AnyWindow", "OwnWindow")
# The children of each element in their order: name, and whether it is needed.
_ORDER: dict[str, tuple[tuple[str, bool], ...]] = {
    "courseStructure": (("course", True), ("objectives", False), ("parts", True)),
    "course": (("title", True), ("description", True)),
    "block": (("title", True), ("description", True), ("objectives", False), ("parts", True)),
    "au": (
        ("title", True),
        ("description", True),
        ("objectives", False),
        ("url", True),
        ("launchParameters", False),
        ("entitlementKey", False),
    ),
}
_ATTRIBUTES = {
    "courseStructure": (),
    "course": ("id",),
    "block": ("id",),
    "au": ("id", "moveOn", "masteryScore", "launchMethod", "activityType"),
}


def check_structure(root: Element, file: str, log: Log, packed: bool = False) -> None:
    """Every rule that the structure breaks is in the log."""
    _Check(file, log, packed).structure(root)


class _Check:
    def __init__(self, file: str, log: Log, packed: bool) -> None:
        self._file, self._log, self._packed = file, log, packed
        self._ids: dict[str, int] = {}
        self._objectives: set[str] = set()
        self._wanted: list[tuple[Element, str]] = []
        self._parts = 0

    def structure(self, root: Element) -> None:
        if root.tag != f"{{{NS}}}courseStructure":
            self._bad(root, f"the file is no cmi5 course structure but <{root.tag}>", f'begin with xmlns="{NS}"')
            return
        self._element(root, "courseStructure")
        for element, id in self._wanted:
            if id not in self._objectives:
                do = "define it under the structure's own <objectives>, or take the reference out"
                self._bad(element, f'there is no objective "{id}"', do)

    def _element(self, element: Element, name: str) -> None:
        self._attributes(element, _ATTRIBUTES[name])
        if "id" in _ATTRIBUTES[name]:
            self._id(element, name)
        place, order, seen = 0, _ORDER[name], set()
        for child in element:
            found = self._name(child)
            if found is None:  # of another namespace: an extension (13.1.5), which stands last
                place = len(order)
                continue
            group = "parts" if found in ("au", "block") else found
            at = next((index for index, (wanted, _) in enumerate(order) if wanted == group), None)
            if at is None:
                self._bad(child, f"<{found}> may not stand in <{name}>", f"take it out of <{name}>")
                continue
            if at < place or (group in seen and group != "parts"):
                names = ", ".join("<au> and <block>" if one == "parts" else f"<{one}>" for one, _ in order)
                self._bad(child, f"<{found}> stands in the wrong place", f"keep the order {names}, then extensions")
            place = max(place, at)
            seen.add(group)
            self._child(child, found, name)
        for wanted, needed in order:
            if needed and wanted not in seen:
                what = "<au> or <block>" if wanted == "parts" else f"<{wanted}>"
                self._bad(element, f"<{name}> has no {what}", f"add {what}")
        if name == "au":
            self._au(element)

    def _child(self, child: Element, found: str, within: str) -> None:
        if found in ("title", "description"):
            self._text(child, found)
        elif found == "objectives":
            self._objective_list(child, defined=within == "courseStructure")
        elif found in ("course", "block", "au"):
            self._parts += 1
            if self._parts == MOST_PARTS:
                self._bad(child, f"the structure has over {MOST_PARTS} parts", "split it")
            if self._parts < MOST_PARTS:
                self._element(child, found)

    def _objective_list(self, element: Element, defined: bool) -> None:
        self._attributes(element, ())
        found = [one for one in element if self._name(one) is not None]
        if not found:
            self._bad(element, "<objectives> is empty", "add an <objective>, or take it out")
        for one in found:
            if self._name(one) != "objective":
                self._bad(one, f"<{self._name(one)}> may not stand in <objectives>", "write <objective>")
            elif defined:
                self._attributes(one, ("id",))
                self._id(one, "objective")
                self._objectives.add(str(one.get("id") or "").strip())
                names = [self._name(part) for part in one]
                if sorted(str(name) for name in names) != ["description", "title"]:
                    self._bad(one, "<objective> needs one <title> and one <description>, and nothing else", "add them")
                for part in one:
                    if self._name(part) in ("title", "description"):
                        self._text(part, str(self._name(part)))
            else:
                self._attributes(one, ("idref",))
                self._childless(one, "objective")
                self._wanted.append((one, str(one.get("idref") or "").strip()))

    def _text(self, element: Element, name: str) -> None:
        self._attributes(element, ())
        strings = [one for one in element if self._name(one) == "langstring"]
        if not strings or not any("".join(str(t) for t in one.itertext()).strip() for one in strings):
            self._bad(element, f"<{name}> says nothing", '<langstring lang="en">…</langstring> is needed')
        for one in element:
            if self._name(one) not in ("langstring", None):
                self._bad(one, f"<{self._name(one)}> may not stand in <{name}>", "write <langstring>")
        for one in strings:
            self._attributes(one, ("lang",))
            self._childless(one, "langstring")
            language = one.get("lang")
            if language is not None and not _LANGUAGE.match(str(language).strip()):
                self._bad(one, f'"{language}" is no language', "write a tag such as en or lv-LV")

    def _au(self, element: Element) -> None:
        for name, among in (("moveOn", _MOVE_ON), ("launchMethod", _LAUNCH)):
            value = element.get(name)
            if value is not None and str(value).strip() not in among:
                self._bad(element, f'{name} is "{value}"', "write one of: " + ", ".join(among))
        score = element.get("masteryScore")
        if score is not None and not _SCORE.match(str(score).strip()):
            do = "write a number from 0 to 1 with at most four decimals"
            self._bad(element, f'masteryScore is "{score}"', do)
        kind = element.get("activityType")
        if kind is not None and not _IRI.match(str(kind).strip()):
            self._bad(element, f'activityType is "{kind}"', "write a whole IRI")
        url = element.find(f"{{{NS}}}url")
        if url is not None:
            self._attributes(url, ())
            self._childless(url, "url")
            address = "".join(str(part) for part in url.itertext()).strip()
            if not address or re.search(r"\s", address):
                self._bad(url, "<url> is no address", "write where the module opens")
            elif not self._packed and not _IRI.match(address):
                do = "write the whole address, or pack file and content in a ZIP (section 14.2)"
                self._bad(url, f'<url> is "{address}"', do)

    def _id(self, element: Element, name: str) -> None:
        id = str(element.get("id") or "").strip()
        if not _IRI.match(id):
            self._bad(
                element, f'the id "{id}" of <{name}> is no IRI', "write one, such as https://example.org/course/1"
            )
        elif id in self._ids:
            self._bad(element, f'the id "{id}" stands a second time (line {self._ids[id]})', "ids are unique (13.1)")
        self._ids.setdefault(id, self._line(element))

    def _attributes(self, element: Element, known: Sequence[str]) -> None:
        for name in element.attrib:
            plain = str(name)
            if plain not in known and not plain.startswith("{"):
                do = "write one of: " + (", ".join(known) or "none") + "; extensions have a namespace"
                self._bad(element, f'"{plain}" is no attribute here', do)

    def _childless(self, element: Element, name: str) -> None:
        if len(element):
            self._bad(element, f"elements stand in <{name}>", "write text alone")

    def _name(self, element: Element) -> str | None:
        """The name of an element of cmi5; None for any other."""
        if not isinstance(element.tag, str):
            return None
        name = etree.QName(element)
        return name.localname if name.namespace == NS else None

    def _bad(self, element: Element, what: str, do: str) -> None:
        self._log.error(Where(self._file, self._line(element)), CODE, what, do)

    def _line(self, element: Element) -> int:
        line = element.sourceline
        return line if isinstance(line, int) else 1
