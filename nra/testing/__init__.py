"""Shipped and documented: a network without a network, a clock set by hand, impairments that record what they did."""
