"""One package per product, found by discovery: its workflows, steps, platform and played vendor."""
