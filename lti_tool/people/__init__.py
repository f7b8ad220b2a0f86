"""Persons, their roles by institution and programme, their enrolments; sign-in for those who have no LMS."""
