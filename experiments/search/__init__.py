"""What `python -m experiments.search` is made of."""
