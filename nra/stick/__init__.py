"""Laying out a stick: runtime, packages and launchers that run on machines without Python; and telling later whether it still is whole."""
