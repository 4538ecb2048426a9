"""The policy of moderation, read from `policies/*.yaml`."""

from appservice.files.policies.loader import load_policy

__all__ = ["load_policy"]
