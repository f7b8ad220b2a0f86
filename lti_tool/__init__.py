"""LTI Tool for ECVET: launches from any LMS, modules, xAPI, units of learning outcomes, grades back to the LMS."""

__version__ = "0.1.0"
