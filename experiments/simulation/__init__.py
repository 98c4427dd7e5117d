"""The parts of `python -m experiments.simulate`."""
