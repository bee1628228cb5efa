"""The product with the slow platform, where discovery looks for it."""
