"""The doing side: engine, steps, platforms, tickets, notices and the waker."""
