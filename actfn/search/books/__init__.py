"""What a search writes down: ledger, journal, results, tables."""
