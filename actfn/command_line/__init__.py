"""The programs of ``python -m actfn``, one module each."""
