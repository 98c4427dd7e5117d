"""The parts of `python -m experiments.search`."""
