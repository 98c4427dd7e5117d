"""The language: expressions, their operators, texts and values."""
