"""The workers' side of the sample product, where discovery looks for it."""
