"""A product that lives in tests only: messages to pagers."""
