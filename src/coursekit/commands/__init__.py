"""One module for each command of `python -m coursekit`: `add` declares it, `run` does it."""
