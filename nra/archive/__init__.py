"""The only reader and writer of run files: documents, names, whole-or-absent writes, per-packet records."""
