"""The words that both sides share, and everything that is stored."""
