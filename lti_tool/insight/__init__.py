"""What teachers, mentors and coordinators see of others: a course, what waits for them, figures."""
