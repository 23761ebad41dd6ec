"""The kernel's structures as a C compiler lays them, for tests of what lays them by hand."""

import ctypes


class Iovec(ctypes.Structure):
    """struct iovec (sys/uio.h)."""

    _fields_ = (("base", ctypes.c_void_p), ("bytes", ctypes.c_size_t))


class Msghdr(ctypes.Structure):
    """struct msghdr (sys/socket.h)."""

    _fields_ = (
        ("name", ctypes.c_void_p),
        ("name_bytes", ctypes.c_uint32),
        ("iov", ctypes.POINTER(Iovec)),
        ("iov_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_bytes", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    )


class Mmsghdr(ctypes.Structure):
    """struct mmsghdr (sys/socket.h)."""

    _fields_ = (("header", Msghdr), ("length", ctypes.c_uint))
