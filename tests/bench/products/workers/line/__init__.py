"""The workers' side of the measured product, where discovery looks for it."""
