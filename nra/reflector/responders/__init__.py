"""Answers other than STAMP, so that a firewall check can be answered at every port of the catalogue; pure functions and who runs them."""

from nra.reflector.responders.answers import HTTP_ANSWER, http_answer, stun_answer

__all__ = ["HTTP_ANSWER", "http_answer", "stun_answer"]
