"""Locks that other tools wrote, read as `Dependencies`: one module per kind, and what several of them share."""
