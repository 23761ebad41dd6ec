"""The narrow door to the outside world: the only room that touches a socket or a clock."""
