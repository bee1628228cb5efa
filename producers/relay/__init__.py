"""The relay: sends the public events of the outbox to the broker, each at least once and in order."""
