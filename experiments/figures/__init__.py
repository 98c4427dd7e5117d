"""What `python -m experiments.figures` is made of."""
