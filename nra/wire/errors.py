"""The only exceptions that decoders raise."""


class MalformedMessage(ValueError):  # noqa: N818 - the field's word: a malformed message is a result, not an accident
    """The bytes are no message of the protocol that they should be in."""


class BadHmac(MalformedMessage):
    """The message has the right form, but its HMAC does not match: wrong key, or altered on the way."""
