"""The SIP device that a partner manages himself: a registrar with its table of subscribers behind it."""
