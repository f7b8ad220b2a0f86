"""Results back to the LMS: what may have changed (outbox), what it is worth (score), and telling the platform (ags)."""
