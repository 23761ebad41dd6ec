"""Who and where, as data: `data/*.toml`, each entry with its source and the date on which it was checked."""

from nra.catalogue.decode import CatalogueError
from nra.catalogue.load import (
    DEFAULT_THRESHOLDS,
    UnknownRegion,
    all_services,
    codec,
    codecs,
    placed,
    portal_page,
    profiles,
    region,
    regions,
    services,
    threshold_profiles,
    thresholds,
)
from nra.catalogue.policy import default_policy, policy_files, read_policy

__all__ = [
    "DEFAULT_THRESHOLDS",
    "CatalogueError",
    "UnknownRegion",
    "all_services",
    "codec",
    "codecs",
    "default_policy",
    "placed",
    "policy_files",
    "portal_page",
    "profiles",
    "read_policy",
    "region",
    "regions",
    "services",
    "threshold_profiles",
    "thresholds",
]
