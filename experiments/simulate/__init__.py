"""What `python -m experiments.simulate` is made of."""
