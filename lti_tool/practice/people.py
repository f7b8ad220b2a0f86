"""People, courses, and who is in which course as what."""

import sqlite3
from dataclasses import dataclass

INSTRUCTOR, LEARNER = "Instructor", "Learner"
# Everybody's. The practice LMS has no secrets: its page offers every person by a click.
PASSWORD = "practice"  # noqa: S105 - see above


@dataclass(frozen=True, slots=True)
class Person:
    """`released` False: neither name nor e-mail of this person leaves the practice LMS."""

    id: int
    login: str
    password: str
    given: str
    family: str
    email: str
    locale: str
    admin: bool
    released: bool

    @property
    def name(self) -> str:
        return f"{self.given} {self.family}".strip()


@dataclass(frozen=True, slots=True)
class Course:
    """`history`: the ids of the courses it was copied from, nearest first, between commas."""

    id: int
    label: str
    title: str
    history: str


@dataclass(frozen=True, slots=True)
class Member:
    person: Person
    role: str
    suspended: bool


def _person(row: sqlite3.Row) -> Person:
    return Person(
        id=row["id"],
        login=row["login"],
        password=row["password"],
        given=row["given"],
        family=row["family"],
        email=row["email"],
        locale=row["locale"],
        admin=bool(row["admin"]),
        released=bool(row["released"]),
    )


def _course(row: sqlite3.Row) -> Course:
    return Course(id=row["id"], label=row["label"], title=row["title"], history=row["history"])


def list_people(db: sqlite3.Connection) -> list[Person]:
    return [_person(row) for row in db.execute("SELECT * FROM people ORDER BY id")]


def get_person(db: sqlite3.Connection, person_id: int) -> Person | None:
    row = db.execute("SELECT * FROM people WHERE id = ?", (person_id,)).fetchone()
    return None if row is None else _person(row)


def find_by_login(db: sqlite3.Connection, login: str) -> Person | None:
    row = db.execute("SELECT * FROM people WHERE login = ?", (login,)).fetchone()
    return None if row is None else _person(row)


def add_person(
    db: sqlite3.Connection,
    login: str,
    given: str,
    family: str,
    *,
    locale: str = "en",
    admin: bool = False,
    released: bool = True,
    password: str = PASSWORD,
) -> int:
    """The new person's id; sqlite3.IntegrityError where the login is taken."""
    done = db.execute(
        "INSERT INTO people (login, password, given, family, email, locale, admin, released)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (login, password, given, family, f"{login}@example.org", locale, admin, released),
    )
    return int(done.lastrowid or 0)


def list_courses(db: sqlite3.Connection) -> list[Course]:
    return [_course(row) for row in db.execute("SELECT * FROM courses ORDER BY id")]


def get_course(db: sqlite3.Connection, course_id: int) -> Course | None:
    row = db.execute("SELECT * FROM courses WHERE id = ?", (course_id,)).fetchone()
    return None if row is None else _course(row)


def add_course(db: sqlite3.Connection, label: str, title: str, history: str = "") -> int:
    done = db.execute("INSERT INTO courses (label, title, history) VALUES (?, ?, ?)", (label, title, history))
    return int(done.lastrowid or 0)


def enrol(db: sqlite3.Connection, course_id: int, person_id: int, role: str) -> None:
    db.execute(
        "INSERT INTO enrolments (course_id, person_id, role) VALUES (?, ?, ?)"
        " ON CONFLICT (course_id, person_id) DO UPDATE SET role = excluded.role, suspended = 0",
        (course_id, person_id, role),
    )


def unenrol(db: sqlite3.Connection, course_id: int, person_id: int) -> None:
    """Out of the course. As in Moodle all grades in it are gone with that, and stay gone if the person comes back."""
    db.execute(
        "DELETE FROM grades WHERE person_id = ? AND line_item_id IN (SELECT id FROM line_items WHERE course_id = ?)",
        (person_id, course_id),
    )
    db.execute("DELETE FROM enrolments WHERE course_id = ? AND person_id = ?", (course_id, person_id))


def suspend(db: sqlite3.Connection, course_id: int, person_id: int, *, suspended: bool) -> None:
    db.execute(
        "UPDATE enrolments SET suspended = ? WHERE course_id = ? AND person_id = ?",
        (suspended, course_id, person_id),
    )


def list_members(db: sqlite3.Connection, course_id: int) -> list[Member]:
    """Everybody in the course, suspended people too, in the order in which they came to the LMS."""
    rows = db.execute(
        "SELECT p.*, e.role, e.suspended FROM enrolments e JOIN people p ON p.id = e.person_id"
        " WHERE e.course_id = ? ORDER BY p.id",
        (course_id,),
    )
    return [Member(_person(row), row["role"], bool(row["suspended"])) for row in rows]


def get_member(db: sqlite3.Connection, course_id: int, person_id: int) -> Member | None:
    row = db.execute(
        "SELECT p.*, e.role, e.suspended FROM enrolments e JOIN people p ON p.id = e.person_id"
        " WHERE e.course_id = ? AND e.person_id = ?",
        (course_id, person_id),
    ).fetchone()
    return None if row is None else Member(_person(row), row["role"], bool(row["suspended"]))
