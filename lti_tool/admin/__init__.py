"""Administration: platforms, clients of the record store."""
