"""The product with the quick platform, where discovery looks for it."""
