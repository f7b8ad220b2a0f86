"""The resources of an LRS as functions from a Call to an Answer: what HTTP asks, without a web framework."""
