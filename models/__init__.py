"""Architectures; each takes an ``activation`` factory, called once a site."""
