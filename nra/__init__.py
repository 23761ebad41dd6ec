"""nra: will cloud voice calls sound good on this network, why not, and whose job is it to mend it."""

__version__ = "0.1.0"
