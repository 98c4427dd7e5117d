"""What `python -m experiments.benchmark` is made of: a module a benchmark."""
