"""The practice LMS: a small LTI 1.3 platform, as strict as Moodle 4.5 and the specifications; for demo and tests."""

from lti_tool.practice.app import create_app
from lti_tool.practice.settings import PracticeSettings

__all__ = ["PracticeSettings", "create_app"]
