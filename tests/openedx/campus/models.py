"""People, the blocks of the one course, and the grades that the LMS itself was told of."""

from django.conf import settings
from django.db import models


class Profile(models.Model):
    """What Open edX knows of a user beside the account, and the id by which tools know them."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, related_name="profile", on_delete=models.CASCADE)
    name = models.CharField(max_length=255)
    external_id = models.CharField(max_length=64, unique=True)
    role = models.CharField(max_length=32)  # in the one course: student, staff or instructor; empty: not enrolled

    class Meta:
        app_label = "campus"


class Block(models.Model):
    """An LTI block as its author configured it."""

    name = models.CharField(max_length=64, unique=True)
    fields = models.JSONField()

    class Meta:
        app_label = "campus"


class Grade(models.Model):
    """What a block published for a learner: the line of the course's gradebook."""

    block = models.CharField(max_length=255)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    value = models.FloatField(null=True)
    max_value = models.FloatField(null=True)

    class Meta:
        app_label = "campus"
        unique_together = (("block", "user"),)
