"""What `python -m experiments.tabulate` is made of."""
