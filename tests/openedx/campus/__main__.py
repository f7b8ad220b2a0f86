"""`python -m tests.openedx.campus PORT`: the campus answers there until it is killed."""

import os
import sys

import django
from django.core.management import call_command


def main() -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.openedx.campus.settings"
    django.setup()
    call_command("migrate", run_syncdb=True, verbosity=0)
    from django.core.servers.basehttp import run
    from django.core.wsgi import get_wsgi_application

    from tests.openedx.campus import lms

    lms.people()
    run("127.0.0.1", int(sys.argv[1]), get_wsgi_application(), threading=True)


if __name__ == "__main__":
    main()
