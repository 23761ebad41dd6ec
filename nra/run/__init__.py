"""Use cases: plan -> observations -> assessment -> files."""
