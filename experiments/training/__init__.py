"""What `experiments.train` is made of."""
