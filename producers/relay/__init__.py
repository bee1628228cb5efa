"""The relay: sends the public events of the outbox to the broker, at least once and in order."""
