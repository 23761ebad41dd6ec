"""The Session-Reflector (RFC 8762): a core without input and output, and the engine that lends it sockets."""
