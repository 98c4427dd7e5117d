"""Command-line programs: search, train, compare, benchmark, simulate."""
