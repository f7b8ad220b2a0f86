"""Pages of people: courses, their activities, people and grades."""

import json
from dataclasses import replace
from urllib.parse import urlencode

from flask import Blueprint, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from lti_tool.practice import activities, gradebook, people, tools
from lti_tool.practice.activities import Activity, LineItem
from lti_tool.practice.launch import start_choosing
from lti_tool.practice.lms import current_lms, read_switches
from lti_tool.practice.people import Course, Member, Person
from lti_tool.practice.signin import for_people, read_person

blueprint = Blueprint("pages", __name__)


def _course(course_id: int) -> tuple[Course, Person, bool]:
    """The course, who looks at it, and whether as teacher; 403 for who is not in it. The administrator may look."""
    person = read_person()
    with current_lms().store.transaction() as db:
        course = people.get_course(db, course_id)
        member = people.get_member(db, course_id, person.id)
    if course is None:
        abort(404, "There is no such course.")
    if not person.admin and (member is None or member.suspended):
        abort(403, "You are not in this course.")
    return course, person, member is not None and member.role == people.INSTRUCTOR


def _teacher(course_id: int) -> tuple[Course, Person]:
    course, person, teaches = _course(course_id)
    if not teaches:
        abort(403, "This is for teachers of the course.")
    return course, person


def _activity(course_id: int, activity_id: int) -> Activity:
    with current_lms().store.transaction() as db:
        activity = activities.get_activity(db, activity_id)
    if activity is None or activity.course_id != course_id:
        abort(404, "This activity is not there any more.")
    return activity


@blueprint.get("/")
@for_people
def home() -> ResponseReturnValue:
    person = read_person()
    with current_lms().store.transaction() as db:
        rows = [(course, people.get_member(db, course.id, person.id)) for course in people.list_courses(db)]
    seen = [(course, member) for course, member in rows if person.admin or (member and not member.suspended)]
    return render_template("practice/home.html", rows=seen)


@blueprint.get("/courses/<int:course_id>")
@for_people
def course(course_id: int) -> ResponseReturnValue:
    shown, person, teaches = _course(course_id)
    answer = None
    with current_lms().store.transaction() as db:
        items = activities.list_line_items(db, course_id)
        rows = [
            (activity, tools.get_tool(db, activity.tool_id), [i for i in items if i.activity_id == activity.id])
            for activity in activities.list_activities(db, course_id)
        ]
        if "choice" in request.args:
            row = db.execute(
                "SELECT answer FROM choices WHERE id = ? AND person_id = ?", (request.args["choice"], person.id)
            ).fetchone()
            answer = json.loads(row["answer"]) if row and row["answer"] else None
    return render_template("practice/course.html", course=shown, rows=rows, teaches=teaches, answer=answer)


@blueprint.get("/courses/<int:course_id>/return")
def come_back(course_id: int) -> ResponseReturnValue:
    """launch_presentation.return_url: a page in the tool's frame that takes the whole window back to the course.
    Nobody has to be signed in for it: in a frame of another site our cookie may not come along."""
    told = {name: request.args[name] for name in ("lti_msg", "lti_errormsg") if name in request.args}
    goal = url_for("pages.course", course_id=course_id) + (f"?{urlencode(told)}" if told else "")
    return render_template("practice/return.html", goal=goal, told=told)


@blueprint.get("/courses/<int:course_id>/activities/<int:activity_id>")
@for_people
def activity(course_id: int, activity_id: int) -> ResponseReturnValue:
    """`?review=<person>` shows that person's work instead."""
    shown, _, teaches = _course(course_id)
    found = _activity(course_id, activity_id)
    with current_lms().store.transaction() as db:
        tool = tools.get_tool(db, found.tool_id)
        storage = read_switches(db, current_lms().settings).platform_storage
    return render_template(
        "practice/activity.html",
        course=shown,
        activity=found,
        tool=tool,
        teaches=teaches,
        storage=storage,
        review=request.args.get("review", type=int),
    )


@blueprint.get("/courses/<int:course_id>/add")
@for_people
def add(course_id: int) -> ResponseReturnValue:
    """Deep linking: which tool, then its chooser in a frame."""
    shown, _ = _teacher(course_id)
    with current_lms().store.transaction() as db:
        ready = [tool for tool in tools.list_tools(db) if tool.active]
        storage = read_switches(db, current_lms().settings).platform_storage
    wanted = request.args.get("tool", type=int)
    chosen = next((tool for tool in ready if tool.id == wanted), None)
    return render_template("practice/add.html", course=shown, tools=ready, tool=chosen, storage=storage)


@blueprint.get("/courses/<int:course_id>/choose/<int:tool_id>")
@for_people
def choose(course_id: int, tool_id: int) -> ResponseReturnValue:
    """The login initiation of the chooser, for the frame."""
    _, person = _teacher(course_id)
    with current_lms().store.transaction() as db:
        tool = tools.get_tool(db, tool_id)
    if tool is None or not tool.active:
        abort(404, "There is no such active tool.")
    return start_choosing(current_lms(), course_id, tool, person.id)


@blueprint.post("/courses/<int:course_id>/activities/<int:activity_id>/duplicate")
@for_people
def duplicate(course_id: int, activity_id: int) -> ResponseReturnValue:
    _teacher(course_id)
    found = _activity(course_id, activity_id)
    with current_lms().store.transaction() as db:
        activities.copy_activity(db, found, course_id, f"{found.title} (copy)")
    return redirect(url_for("pages.course", course_id=course_id), 303)


@blueprint.post("/courses/<int:course_id>/activities/<int:activity_id>/delete")
@for_people
def delete(course_id: int, activity_id: int) -> ResponseReturnValue:
    _teacher(course_id)
    found = _activity(course_id, activity_id)
    with current_lms().store.transaction() as db:
        activities.delete_activity(db, found.id)
    return redirect(url_for("pages.course", course_id=course_id), 303)


@blueprint.post("/courses/<int:course_id>/activities/<int:activity_id>/container")
@for_people
def change_container(course_id: int, activity_id: int) -> ResponseReturnValue:
    """Whether the activity opens in a frame or in a window of its own."""
    _teacher(course_id)
    found = _activity(course_id, activity_id)
    container = "window" if request.form.get("container") == "window" else "iframe"
    with current_lms().store.transaction() as db:
        db.execute("UPDATE activities SET container = ? WHERE id = ?", (container, found.id))
    return redirect(url_for("pages.course", course_id=course_id), 303)


@blueprint.post("/courses/<int:course_id>/copy")
@for_people
def copy(course_id: int) -> ResponseReturnValue:
    shown, _ = _teacher(course_id)
    with current_lms().store.transaction() as db:
        new = activities.copy_course(db, shown, with_people="people" in request.form)
    return redirect(url_for("pages.course", course_id=new), 303)


@blueprint.get("/courses/<int:course_id>/people")
@for_people
def roster(course_id: int) -> ResponseReturnValue:
    shown, _, teaches = _course(course_id)
    with current_lms().store.transaction() as db:
        members = people.list_members(db, course_id)
    return render_template("practice/people.html", course=shown, members=members, teaches=teaches)


@blueprint.post("/courses/<int:course_id>/people/<int:person_id>")
@for_people
def change_member(course_id: int, person_id: int) -> ResponseReturnValue:
    """A learner is suspended, or back."""
    _teacher(course_id)
    with current_lms().store.transaction() as db:
        member = people.get_member(db, course_id, person_id)
        if member is None or member.role != people.LEARNER:
            abort(404, "There is no such learner in this course.")
        people.suspend(db, course_id, person_id, suspended=not member.suspended)
    return redirect(url_for("pages.roster", course_id=course_id), 303)


@blueprint.get("/courses/<int:course_id>/grades")
@for_people
def grades(course_id: int) -> ResponseReturnValue:
    """Teachers see everybody's grades, learners their own."""
    shown, person, teaches = _course(course_id)
    with current_lms().store.transaction() as db:
        items = activities.list_line_items(db, course_id)
        learners = [m for m in people.list_members(db, course_id) if m.role == people.LEARNER]
        given = {item.id: gradebook.list_grades(db, item.id) for item in items}
    mine = learners if teaches or person.admin else [m for m in learners if m.person.id == person.id]
    rows: list[tuple[Member, list[tuple[LineItem, gradebook.Grade]]]] = [
        (member, [(item, given[item.id].get(member.person.id, gradebook.Grade())) for item in items]) for member in mine
    ]
    return render_template("practice/grades.html", course=shown, items=items, rows=rows, teaches=teaches)


@blueprint.route("/courses/<int:course_id>/grades/<int:item_id>/<int:person_id>", methods=["GET", "POST"])
@for_people
def grade(course_id: int, item_id: int, person_id: int) -> ResponseReturnValue:
    """One grade: its history, and the teacher's own word on it (override, lock, or take it back)."""
    shown, _ = _teacher(course_id)
    lms, problem = current_lms(), ""
    with lms.store.transaction() as db:
        item = activities.get_line_item(db, item_id)
        member = people.get_member(db, course_id, person_id)
        if item is None or item.course_id != course_id or member is None:
            abort(404, "There is no such grade.")
        found = gradebook.read_grade(db, item.id, person_id)
        if request.method == "POST":
            try:
                found = _change(found, item, lms.now())
                gradebook.write_grade(db, item.id, person_id, found)
            except ValueError:
                problem = "The grade has to be a number."
        posts = gradebook.list_posts(db, item.id, person_id)
    if request.method == "POST" and not problem:
        return redirect(url_for("pages.grades", course_id=course_id), 303)
    page = render_template(
        "practice/grade.html", course=shown, item=item, member=member, grade=found, posts=posts, problem=problem
    )
    return page, 400 if problem else 200


def _change(found: gradebook.Grade, item: LineItem, now: float) -> gradebook.Grade:
    """The grade as the form says; ValueError where its number is none."""
    form = request.form
    locked = replace(found, locked="locked" in form)
    if "overridden" not in form:
        return gradebook.override(locked, None, "", now, item) if found.overridden else locked
    final = float(form.get("final", "").replace(",", "."))
    if final - final != 0:
        raise ValueError("no number")
    return gradebook.override(locked, final, form.get("comment", ""), now, item)


@blueprint.post("/courses/<int:course_id>/grades/<int:item_id>/lock")
@for_people
def lock_column(course_id: int, item_id: int) -> ResponseReturnValue:
    """The whole column is locked, or open again."""
    _teacher(course_id)
    with current_lms().store.transaction() as db:
        item = activities.get_line_item(db, item_id)
        if item is None or item.course_id != course_id:
            abort(404, "There is no such column.")
        activities.update_line_item(db, replace(item, locked=not item.locked))
    return redirect(url_for("pages.grades", course_id=course_id), 303)
