"""Our own pages of the campus: what a course author, a learner and a test need beside the consumer's own views."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth import get_user_model, login
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from lti_consumer.api import get_lti_1p3_launch_info
from lti_consumer.models import CourseAllowPIISharingInLTIFlag, LtiAgsLineItem, LtiAgsScore, LtiDlContentItem

from tests.openedx.campus import lms
from tests.openedx.campus.models import Block, Grade, Profile


def sign_in(request: HttpRequest) -> HttpResponse:
    """Whoever says who they are is believed."""
    login(request, get_user_model().objects.get(username=request.GET["login"]))
    return JsonResponse({})


@csrf_exempt
def make_block(request: HttpRequest) -> HttpResponse:
    """{"name", "fields"}: an author has configured an LTI block so; made, or changed."""
    asked = json.loads(request.body)
    Block.objects.update_or_create(name=asked["name"], defaults={"fields": asked["fields"]})
    return JsonResponse({"location": str(lms.usage_key(asked["name"]))})


def open_block(request: HttpRequest, name: str) -> HttpResponse:
    """Where the learner's page of the block leads: the consumer says."""
    block = lms.load(lms.usage_key(name), request.user)
    return HttpResponseRedirect(block._get_lti_block_launch_handler())  # as the block's own page does


def studio(request: HttpRequest, name: str) -> HttpResponse:
    """What Studio shows of the block: what the tool has to be told, and where deep linking begins."""
    block = lms.load(lms.usage_key(name), request.user)
    return JsonResponse({**get_lti_1p3_launch_info(block.get_lti_1p3_launch_data()), "issuer": _issuer(block)})


def _issuer(block: Any) -> str:
    return str(block.get_lti_consumer().iss)


@csrf_exempt
def change_people(request: HttpRequest) -> HttpResponse:
    """{"share": yes or no}: names and addresses go to tools. {"more": n}: so many more learners (of that "called").

    {"gone": login}: no longer enrolled. {"lose": id}: a line item is deleted.
    """
    asked = json.loads(request.body)
    if "share" in asked:
        CourseAllowPIISharingInLTIFlag.objects.create(course_id=lms.COURSE, enabled=bool(asked["share"]))
    called = asked.get("called", "learner")
    for number in range(asked.get("more", 0)):
        user = get_user_model().objects.create_user(f"{called}{number}")
        id = f"campus-{called}-{number}"
        Profile.objects.create(user=user, name=f"{called.capitalize()} {number}", external_id=id, role="student")
    if "gone" in asked:
        Profile.objects.filter(user__username=asked["gone"]).update(role="")
    if "lose" in asked:
        LtiAgsLineItem.objects.filter(id=asked["lose"]).delete()
    return JsonResponse({})


def seen(_request: HttpRequest) -> HttpResponse:
    """What the consumer's own models and the gradebook of the course hold."""
    logins = {one.external_id: one.user.username for one in Profile.objects.select_related("user")}
    return JsonResponse(
        {
            "line_items": [
                {
                    "id": one.id,
                    "block": str(one.lti_configuration.location),
                    "resource_link_id": str(one.resource_link_id) if one.resource_link_id else None,
                    "resource_id": one.resource_id,
                    "label": one.label,
                    "score_maximum": one.score_maximum,
                    "tag": one.tag,
                }
                for one in LtiAgsLineItem.objects.order_by("id")
            ],
            "scores": [
                {
                    "line_item": one.line_item_id,
                    "login": logins.get(one.user_id, one.user_id),
                    "given": one.score_given,
                    "maximum": one.score_maximum,
                    "activity": one.activity_progress,
                    "grading": one.grading_progress,
                    "timestamp": one.timestamp.isoformat(),
                }
                for one in LtiAgsScore.objects.order_by("id")
            ],
            "grades": [
                {"block": one.block, "login": one.user.username, "value": one.value, "max_value": one.max_value}
                for one in Grade.objects.select_related("user").order_by("id")
            ],
            "content_items": [
                {"block": str(one.lti_configuration.location), "type": one.content_type, **one.attributes}
                for one in LtiDlContentItem.objects.order_by("id")
            ],
            "people": {one.user.username: one.external_id for one in Profile.objects.select_related("user")},
        }
    )
