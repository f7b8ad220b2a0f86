"""What the LTI consumer expects of the LMS around it: blocks with their runtime, people, access, grades."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from django.contrib.auth import get_user_model
from lti_consumer import LtiConsumerXBlock, utils
from lti_consumer.exceptions import LtiError
from lti_consumer.plugin import compat
from opaque_keys.edx.keys import CourseKey, UsageKey
from xblock.core import Scope, XBlockMixin
from xblock.field_data import DictFieldData
from xblock.fields import DateTime, ScopeIds, Timedelta
from xblock.reference.user_service import UserService, XBlockUser
from xblock.runtime import MemoryIdManager, Runtime

from tests.openedx.campus.models import Block, Grade, Profile

COURSE = CourseKey.from_string("course-v1:BIBLIO+CECO+2022")
TEACHERS = ("staff", "instructor")


class Course:
    """The one course, with the names that the consumer asks for."""

    display_name_with_default = "Digital librarian"
    display_org_with_default = "BIBLIO"
    lti_passports: tuple[str, ...] = ()


class Inherited(XBlockMixin):
    """Fields that blocks of the LMS inherit from their course."""

    due = DateTime(scope=Scope.settings)
    graceperiod = Timedelta(scope=Scope.settings)
    start = DateTime(scope=Scope.settings)


class People(UserService):
    """Who looks at a block now."""

    def __init__(self, user: Any) -> None:
        super().__init__()
        self.user = user

    def get_current_user(self) -> XBlockUser:
        there = self.user is not None and self.user.is_authenticated
        profile = self.user.profile if there else None
        user = XBlockUser(is_current_user=True, full_name=profile.name if profile else None)
        user.emails = [self.user.email] if there else []
        user.opt_attrs = {
            "edx-platform.is_authenticated": there,
            "edx-platform.user_id": self.user.id if there else None,
            "edx-platform.anonymous_user_id": f"anonymous-{self.user.id}" if there else None,
            "edx-platform.username": self.user.username if there else None,
            "edx-platform.user_role": profile.role if profile else "student",
            "edx-platform.user_is_staff": False,
        }
        return user

    def get_external_user_id(self, _kind: str) -> str | None:
        return self.user.profile.external_id if self.user is not None else None


class Rebind:
    """Binds a block to a user before their score is set."""

    def rebind_noauth_module_to_user(self, block: Any, user: Any) -> None:
        block.scope_ids = block.scope_ids._replace(user_id=user.id)


class LmsRuntime(Runtime):
    """Loads nothing, serves nothing; publishes grades into the course's gradebook."""

    def handler_url(self, block: Any, handler_name: str, suffix: str = "", query: str = "", **_more: Any) -> str:
        raise NotImplementedError

    def resource_url(self, resource: Any) -> str:
        raise NotImplementedError

    def local_resource_url(self, block: Any, uri: str) -> str:
        raise NotImplementedError

    def publish(self, block: Any, event_type: str, event_data: dict[str, Any]) -> None:
        assert event_type == "grade"
        Grade.objects.update_or_create(
            block=str(block.scope_ids.usage_id),
            user_id=event_data["user_id"],
            defaults={"value": event_data["value"], "max_value": event_data["max_value"]},
        )


def usage_key(name: str) -> UsageKey:
    """Where the block of this name is in the course."""
    return COURSE.make_usage_key("lti_consumer", name)


def load(location: UsageKey, user: Any = None) -> LtiConsumerXBlock:
    """The block there, as this user sees it. Raises Block.DoesNotExist."""
    kept = Block.objects.get(name=location.block_id)
    ids = MemoryIdManager()
    runtime = LmsRuntime(ids, ids, mixins=(Inherited,), services={"user": People(user), "rebind_user": Rebind()})
    scope_ids = ScopeIds(user.id if user is not None else None, "lti_consumer", location, location)
    return runtime.construct_xblock_from_class(LtiConsumerXBlock, scope_ids, DictFieldData(dict(kept.fields)))


def _user_of(external_id: str) -> Any:
    found = Profile.objects.filter(external_id=external_id).select_related("user").first()
    if found is None:
        raise LtiError("Invalid User")
    return found.user


def _members(_course: CourseKey) -> dict[int, dict[str, Any]]:
    return {
        one.user.id: {
            "id": one.user.id,
            "username": one.user.username,
            "email": one.user.email,
            "name": one.name,
            "roles": [one.role],
        }
        for one in Profile.objects.exclude(role="").select_related("user")
    }


def _may_write(user: Any, _course: CourseKey) -> bool:
    return bool(user.is_authenticated and user.profile.role in TEACHERS)


def _may_see(_course: Any, user: Any, *_more: Any, **_named: Any) -> bool:
    return bool(user.is_authenticated and user.profile.role)


class _Off:
    def is_enabled(self, *_course: Any) -> bool:
        return False


def install() -> None:
    """The consumer calls the functions of this LMS."""
    ours = {
        "load_enough_xblock": load,
        "load_block_as_user": load,
        "save_xblock": lambda block: None,
        "get_user_from_external_user_id": _user_of,
        "user_has_access": lambda user, _action, _block, _course: _may_see(None, user),
        "user_has_studio_write_access": _may_write,
        "user_course_access": _may_see,
        "get_course_by_id": lambda _course: Course(),
        "get_course_members": _members,
        "get_user_course_forum_role": lambda _user, _course: None,
        "merge_course_forum_roles": lambda _course, members: members,
        # An ExternalId of edx-platform has `external_user_id`.
        "batch_get_or_create_externalids": lambda users: {
            user.id: SimpleNamespace(external_user_id=user.profile.external_id) for user in users
        },
    }
    for name, function in ours.items():
        setattr(compat, name, function)
    flags = (
        "get_external_config_waffle_flag",
        "get_external_user_id_1p1_launches_waffle_flag",
        "get_database_config_waffle_flag",
        "get_external_multiple_launch_urls_waffle_flag",
    )
    for name in flags:  # taken over by name when `utils` was imported
        setattr(compat, name, _Off)
        setattr(utils, name, _Off)


def people() -> None:
    """Everybody of the course is there: a teacher, and learners."""
    model = get_user_model()
    for number, (login, name, role) in enumerate(
        (
            ("teacher", "Ilze Ozola", "instructor"),
            ("anna", "Anna Kalniņa", "student"),
            ("nikos", "Νίκος Παπαδόπουλος", "student"),
            ("elena", "Елена Иванова", "student"),
            ("stranger", "Nobody Here", ""),
        ),
        1,
    ):
        user = model.objects.create_user(login, f"{login}@campus.example")
        Profile.objects.create(user=user, name=name, external_id=f"0000000{number}-campus-{login}", role=role)
