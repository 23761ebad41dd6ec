"""The token of the control channel."""

from nra.wire.control_token import TOKEN_BYTES, control_token


def test_the_token_of_a_key() -> None:
    """As `openssl dgst -sha256 -mac HMAC -macopt hexkey:...` makes it of the same words."""
    token = control_token(bytes.fromhex("00112233445566778899aabbccddeeff" * 2))
    assert token.hex() == "5fc022a27350e0c7e160ecc151b800305c353fcb695982f1a8d2ea209e4ae66f"
    assert len(token) == TOKEN_BYTES


def test_another_key_has_another_token() -> None:
    """It is no constant."""
    assert control_token(bytes(32)) != control_token(bytes(31) + b"\x01")
