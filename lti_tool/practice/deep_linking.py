"""Deep Linking 2.0: what comes back from a tool's chooser.

https://www.imsglobal.org/spec/lti-dl/v2p0/ — checked as it says, which is more than Moodle checks.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, abort, render_template, request
from flask.typing import ResponseReturnValue

from lti_tool.practice import activities, calls, jose, tools
from lti_tool.practice.activities import Activity, LineItem
from lti_tool.practice.lms import Practice, current_lms
from lti_tool.practice.signin import check_sesskey, current_person
from lti_tool.practice.store import see
from lti_tool.practice.tools import Tool
from lti_tool.practice.vocabulary import CLAIM, DEEP_LINKING_RESPONSE, DL_CLAIM, VERSION

blueprint = Blueprint("deep_linking", __name__)

# Moodle's gradepointmax, which few sites change.
HIGHEST = 100
LINE_ITEM_KNOWN = {"label", "scoreMaximum", "resourceId", "tag"}


class ItemsRefused(Exception):
    """The whole answer is refused; the text tells the teacher why."""


@dataclass(frozen=True, slots=True)
class Item:
    """One activity to be; `line_item` is what is to become its gradebook column."""

    title: str
    text: str
    url: str
    custom: Mapping[str, str]
    width: int | None
    height: int | None
    icon: str
    line_item: Mapping[str, Any] | None


@blueprint.post("/choices/<choice>")
def receive(choice: str) -> ResponseReturnValue:
    """Everything that was chosen becomes an activity, or with a plain error nothing does. Shown in the tool's frame;
    its script takes the whole window back to the course."""
    lms, person = current_lms(), current_person()
    if person is None and "repost" not in request.form:
        fields = {**request.values, "repost": "1"}
        return render_template(
            "practice/post.html", action=lms.url(f"/choices/{choice}"), fields=fields, what="Back to the course"
        )
    check_sesskey()
    with lms.store.transaction() as db:
        calls.note(db, lms.now(), "deep linking", "POST", request.path, calls.open_token(request.form))
        row = db.execute("SELECT * FROM choices WHERE id = ?", (choice,)).fetchone()
        tool = None if row is None else tools.get_tool(db, row["tool_id"])
    if row is None or tool is None or person is None or row["person_id"] != person.id:
        abort(404, "This is not your choice of content. Start again from the course page.")
    if row["answer"] is not None:
        abort(409, "This choice has been answered already. Start again from the course page.")
    problem, added, told = "", [], {}
    try:
        claims = verify_answer(lms, tool, request.form.get("JWT", ""), row["data"])
        told = {name: claims[DL_CLAIM + name] for name in ("msg", "errormsg") if claims.get(DL_CLAIM + name)}
        items = read_items(claims, tool)
        with lms.store.transaction() as db:
            added = [add_item(db, row["course_id"], tool, item).title for item in items]
    except ItemsRefused as error:
        problem = str(error)
    answer = {"problem": problem, "added": added, "message": told.get("msg", ""), "error": told.get("errormsg", "")}
    with lms.store.transaction() as db:
        db.execute("UPDATE choices SET answer = ? WHERE id = ?", (json.dumps(answer), choice))
    page = render_template("practice/chosen.html", course_id=row["course_id"], choice=choice, **answer)
    return page, 400 if problem else 200


def verify_answer(lms: Practice, tool: Tool, token: str, data: str) -> dict[str, Any]:
    """The claims of a LtiDeepLinkingResponse (section 4.5) by this tool, new, for this request."""
    try:
        claims = lms.verify_by_tool(token, tool.client_id, tool.configuration.jwks_uri)
        jose.check_times(claims, lms.now())
        jose.check_audience(claims, lms.issuer)
    except jose.Untrusted as error:
        raise ItemsRefused(f"The answer of the tool is not accepted: {error}.") from error
    wanted = {
        "iss": tool.client_id,
        CLAIM + "message_type": DEEP_LINKING_RESPONSE,
        CLAIM + "version": VERSION,
        CLAIM + "deployment_id": tool.deployment_id,
        DL_CLAIM + "data": data,
    }
    for name, value in wanted.items():
        if claims.get(name) != value:
            raise ItemsRefused(
                f"The answer of the tool is not accepted: {name} is {claims.get(name)!r}, not {value!r}."
            )
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not nonce:
        raise ItemsRefused("The answer of the tool is not accepted: nonce is missing.")
    with lms.store.transaction() as db:
        fresh = see(db, "nonce", tool.client_id, nonce, lms.now())
    if not fresh:
        raise ItemsRefused("The answer of the tool is not accepted: its nonce was used before.")
    return claims


def read_items(claims: Mapping[str, Any], tool: Tool) -> list[Item]:
    """The content items (section 3.2); ItemsRefused for anything that could not be kept whole."""
    found = claims.get(DL_CLAIM + "content_items", [])
    if not isinstance(found, list):
        raise ItemsRefused("content_items has to be a list.")
    return [_read_item(item, number, tool) for number, item in enumerate(found, 1)]


def _read_item(item: object, number: int, tool: Tool) -> Item:
    if not isinstance(item, Mapping):
        raise ItemsRefused(f"Item {number} is no object.")
    if item.get("type") != "ltiResourceLink":
        raise ItemsRefused(f"Item {number} is of type {item.get('type')!r}; only ltiResourceLink can be added.")
    text = {name: item.get(name, "") for name in ("title", "text", "url")}
    for name, value in text.items():
        if not isinstance(value, str):
            raise ItemsRefused(f"Item {number}: {name} has to be text.")
    if text["url"] and (urlsplit(text["url"]).scheme not in ("http", "https") or not urlsplit(text["url"]).netloc):
        raise ItemsRefused(f"Item {number}: url has to be a full web address.")
    custom = item.get("custom", {})
    if not isinstance(custom, Mapping):
        raise ItemsRefused(f"Item {number}: custom has to be an object.")
    for name, value in custom.items():
        if not isinstance(value, str) or "\n" in value or "\r" in value:
            raise ItemsRefused(f"Item {number}: custom parameter {name!r} has to be one line of text.")
    frame, icon = item.get("iframe", {}), item.get("icon", {})
    if not isinstance(frame, Mapping) or not isinstance(icon, Mapping):
        raise ItemsRefused(f"Item {number}: iframe and icon have to be objects.")
    return Item(
        title=text["title"] or tool.configuration.name,
        text=text["text"],
        url=text["url"],
        custom=dict(custom),
        width=_read_size(frame, "width", number),
        height=_read_size(frame, "height", number),
        icon=str(icon.get("url", "")),
        line_item=_read_line_item(item, number),
    )


def _read_size(frame: Mapping[str, Any], name: str, number: int) -> int | None:
    value = frame.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= 10_000:
        raise ItemsRefused(f"Item {number}: iframe {name} has to be a number of pixels.")
    return value


def _read_line_item(item: Mapping[str, Any], number: int) -> Mapping[str, Any] | None:
    line_item = item.get("lineItem")
    if line_item is None:
        return None
    if not isinstance(line_item, Mapping):
        raise ItemsRefused(f"Item {number}: lineItem has to be an object.")
    maximum: Any = line_item.get("scoreMaximum")
    is_number = isinstance(maximum, int | float) and not isinstance(maximum, bool)
    if not is_number or not 1 <= maximum <= HIGHEST or maximum != int(maximum):
        raise ItemsRefused(
            f"Item {number}: invalid grade value {maximum!r}. scoreMaximum must be an integer from 1 to {HIGHEST}."
        )
    for name in ("label", "resourceId", "tag"):
        if not isinstance(line_item.get(name, ""), str):
            raise ItemsRefused(f"Item {number}: lineItem {name} has to be text.")
    return line_item


def add_item(db: sqlite3.Connection, course_id: int, tool: Tool, item: Item) -> Activity:
    """The activity, with its gradebook column where the tool may have grades. The column is named after the
    activity, as in Moodle."""
    activity = activities.add_activity(
        db,
        Activity(
            id=0,
            course_id=course_id,
            tool_id=tool.id,
            title=item.title,
            text=item.text,
            url=item.url,
            custom=item.custom,
            container=tool.configuration.container,
            width=item.width,
            height=item.height,
            icon=item.icon,
        ),
    )
    if item.line_item is not None and tool.configuration.accepts_grades:
        activities.add_line_item(
            db,
            LineItem(
                id=0,
                course_id=course_id,
                tool_id=tool.id,
                activity_id=activity.id,
                label=item.title,
                maximum=float(item.line_item["scoreMaximum"]),
                resource_id=item.line_item.get("resourceId", ""),
                tag=item.line_item.get("tag", ""),
                extra={name: value for name, value in item.line_item.items() if name not in LINE_ITEM_KNOWN},
            ),
        )
    return activity
