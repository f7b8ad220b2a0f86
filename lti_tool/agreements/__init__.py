"""Memoranda of understanding between institutions, and learning agreements of learners under them."""
