"""What several probes are made of: machines, dialects, questions. None of these is a probe."""
