"""A small LMS around Open edX's own LTI consumer (the package lti-consumer-xblock), run in an environment of its own.

What answers logins, launches, tokens, line items, scores, lists of members and deep linking is the package's code, its
XBlock included. Of ours is what the package expects of the LMS around it: people, a course, blocks and their runtime,
and the functions of `lti_consumer.plugin.compat`, in `lms.py`.
"""
