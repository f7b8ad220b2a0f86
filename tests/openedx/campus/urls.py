"""The consumer's own addresses under /api/, as in Open edX, and ours: sign-in, blocks, and what there is to see."""

from django.urls import include, path

from tests.openedx.campus import views

urlpatterns = [
    path("api/", include("lti_consumer.plugin.urls", namespace="lti_consumer")),
    path("sign-in", views.sign_in),
    path("blocks.json", views.make_block),
    path("block/<name>", views.open_block),
    path("block/<name>/studio.json", views.studio),
    path("people.json", views.change_people),
    path("seen.json", views.seen),
]
