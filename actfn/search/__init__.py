"""Search for activation functions: policies and the Keras Tuner oracle."""
