"""What a workstation can do as an instrument, read and not judged: each file examines one thing and returns readings."""
