"""The same main job as a page in the browser, served on loopback only; it measures nothing itself: `nra run` does, in its own process."""
