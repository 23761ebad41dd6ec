"""What the service manager that started a reflector is told, and wants to hear."""

from nra.net.service_manager import notify, watchdog_s

__all__ = ["notify", "watchdog_s"]
