"""Whether several processes can answer at one port here; to be asked before anything heavy is imported, and they are forked."""

from nra.net.sharing import can_share

__all__ = ["can_share"]
