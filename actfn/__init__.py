"""Find activation functions by search, and use them as Keras layers."""
