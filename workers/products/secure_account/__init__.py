"""Accounts for encrypted calls: an account server, which makes the links that we send to its users."""
