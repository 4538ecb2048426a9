"""`maillage.yaml`, the service's configuration."""

from appservice.files.config.fields import Address
from appservice.files.config.loader import Config, load_config

__all__ = ["Address", "Config", "load_config"]
