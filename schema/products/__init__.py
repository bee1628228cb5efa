"""The products: one module each, found by `schema.discovery`."""
