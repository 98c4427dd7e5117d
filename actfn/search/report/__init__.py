"""The report of a search: a page, a text, TensorBoard."""
