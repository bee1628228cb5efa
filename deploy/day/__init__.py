"""A day played from files: `turnup run` in its parts."""
