"""Wire formats, one file per standard: bytes and time in, values out; no sockets, no clocks, no randomness.

Decoders raise `MalformedMessage` and nothing else, whatever the bytes. Encoders raise ValueError or struct.error when a
caller hands them a value that has no place on the wire.
"""
