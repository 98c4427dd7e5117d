"""What `python -m experiments.train` is made of."""
