"""Evidence that does not come from a module: rated observations, prior learning, seminars, project work."""
