"""The asking side: every way in, and the relay."""
