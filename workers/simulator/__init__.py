"""One HTTP server that plays the vendors: realistic delays, callbacks, and faults on demand."""
