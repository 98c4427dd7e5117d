"""What children are trained on, one module or folder a task."""
