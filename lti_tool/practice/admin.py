"""Pages of the administrator: tools, keys, switches."""

from urllib.parse import urlsplit

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from lti_tool.practice import jose, tools
from lti_tool.practice.lms import current_lms, read_switches, turn_switches
from lti_tool.practice.registration import new_registration_link
from lti_tool.practice.seed import register_tool
from lti_tool.practice.signin import for_admin
from lti_tool.practice.tools import Tool, find_origin
from lti_tool.practice.vocabulary import CLAIMS

blueprint = Blueprint("admin", __name__, url_prefix="/admin")


@blueprint.get("")
@for_admin
def show() -> ResponseReturnValue:
    lms = current_lms()
    with lms.store.transaction() as db:
        registered, key_set = tools.list_tools(db), jose.read_key_set(db)["keys"]
        switches = read_switches(db, lms.settings)
    return render_template(
        "practice/admin.html",
        tools=registered,
        keys=key_set,
        switches=switches,
        lms=lms,
        addresses={
            "Platform (issuer)": lms.issuer,
            "Authorisation": lms.url("/auth"),
            "Token": lms.url("/token"),
            "Key set": lms.url("/jwks"),
            "OpenID configuration": lms.url("/openid-configuration"),
        },
    )


@blueprint.get("/register")
@for_admin
def register() -> ResponseReturnValue:
    """The tool's own registration page in a frame, with a token that is good once. `?tool=`: to update that one."""
    lms, url = current_lms(), request.args.get("url", "").strip()
    if urlsplit(url).scheme not in ("http", "https") or not urlsplit(url).netloc:
        abort(400, "The registration address of the tool has to be a full web address (https://…).")
    link = new_registration_link(lms, url, tool_id=request.args.get("tool", type=int))
    return render_template("practice/register.html", link=link, origin=find_origin(url))


@blueprint.route("/manual", methods=["GET", "POST"])
@for_admin
def manual() -> ResponseReturnValue:
    """Registration by hand."""
    lms, problem = current_lms(), ""
    if request.method == "POST":
        form = {name: value.strip() for name, value in request.form.items()}
        try:
            addresses = _read_addresses(form)
        except ValueError as error:
            problem = str(error)
        else:
            register_tool(
                lms,
                find_origin(addresses["target_link_uri"]),
                name=form.get("name") or "LTI tool",
                target_link_uri=addresses["target_link_uri"],
                initiate_login_uri=addresses["initiate_login_uri"],
                jwks_uri=addresses["jwks_uri"],
                redirect_uris=(addresses["redirect_uri"],),
                claims=tuple(CLAIMS) if "names" in form else (),
            )
            return redirect(url_for("admin.show"), 303)
    return render_template("practice/manual.html", problem=problem, form=request.form), 400 if problem else 200


def _read_addresses(form: dict[str, str]) -> dict[str, str]:
    addresses = {
        name: form.get(name, "") for name in ("target_link_uri", "initiate_login_uri", "redirect_uri", "jwks_uri")
    }
    for name, address in addresses.items():
        if urlsplit(address).scheme not in ("http", "https") or not urlsplit(address).netloc:
            raise ValueError(f"{name} has to be a full web address (https://…).")
    return addresses


def _tool(tool_id: int) -> Tool:
    with current_lms().store.transaction() as db:
        tool = tools.get_tool(db, tool_id)
    if tool is None:
        abort(404, "There is no such tool.")
    return tool


@blueprint.post("/tools/<int:tool_id>")
@for_admin
def change_tool(tool_id: int) -> ResponseReturnValue:
    """Activated, stopped or deleted."""
    tool, wanted = _tool(tool_id), request.form.get("do")
    with current_lms().store.transaction() as db:
        if wanted == "delete":
            tools.delete_tool(db, tool.id)
        elif wanted in ("activate", "stop"):
            tools.activate(db, tool.id, active=wanted == "activate")
        else:
            abort(400, "A tool can be activated, stopped or deleted.")
    return redirect(url_for("admin.show"), 303)


@blueprint.post("/keys")
@for_admin
def rotate() -> ResponseReturnValue:
    """A new signing key. The old ones stay in the key set, or with `drop` leave it at once."""
    current_lms().rotate_key(keep_old="drop" not in request.form)
    return redirect(url_for("admin.show"), 303)


@blueprint.post("/switches")
@for_admin
def switch() -> ResponseReturnValue:
    lms, form = current_lms(), request.form
    try:
        seconds = int(form.get("token_seconds", "3600"))
    except ValueError:
        abort(400, "The life of a token has to be a number of seconds.")
    names = ("auto_activate", "platform_storage", "login_by_get", "token_as_html", "groups")
    try:
        with lms.store.transaction() as db:
            turn_switches(db, {**{name: name in form for name in names}, "token_seconds": seconds})
    except ValueError as error:
        abort(400, str(error))
    return redirect(url_for("admin.show"), 303)
