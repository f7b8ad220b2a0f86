"""The campus as a Django application: the LMS functions are in place before anybody calls them."""

from django.apps import AppConfig


class Campus(AppConfig):
    """People, blocks and grades of the campus."""

    name = "tests.openedx.campus"
    label = "campus"

    def ready(self) -> None:
        from tests.openedx.campus import lms

        lms.install()
