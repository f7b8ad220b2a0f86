"""Showing a module: its pages, its quiz, and what was achieved."""
