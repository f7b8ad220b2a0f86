"""Django's settings of the campus. OPENEDX_URL is where it answers, OPENEDX_FOLDER where its database lies."""

import os
from pathlib import Path

LMS_ROOT_URL = LTI_BASE = LTI_API_BASE = os.environ["OPENEDX_URL"]
PLATFORM_NAME = "Campus"
LEARNING_MICROFRONTEND_URL = LMS_ROOT_URL
SECRET_KEY = "of no worth: the campus lives as long as a test"
DEBUG = False
ALLOWED_HOSTS = ["*"]
USE_TZ = True
TIME_ZONE = "UTC"
OPENEDX_TELEMETRY: list[str] = []
# As in edx-platform: what may stand for a usage key in an address.
USAGE_ID_PATTERN = r"(?P<usage_id>(?:i4x://?[^/]+/[^/]+/[^/]+/[^@]+(?:@[^/]+)?)|(?:[^/]+))"
LTI_CUSTOM_PARAM_TEMPLATES: dict[str, str] = {}
ROOT_URLCONF = "tests.openedx.campus.urls"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "rest_framework",
    "lti_consumer.apps.LTIConsumerApp",
    "tests.openedx.campus.apps.Campus",
]
MIDDLEWARE = [
    "edx_django_utils.cache.middleware.RequestCacheMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": Path(os.environ["OPENEDX_FOLDER"]) / "campus.sqlite3",
        "OPTIONS": {"timeout": 20, "transaction_mode": "IMMEDIATE"},
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
