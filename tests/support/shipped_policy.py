"""The policy that ships, read once for all the tests."""

from functools import lru_cache

from appservice.domain.moderation import Policy
from appservice.files.policies import load_policy
from appservice.files.shipped import shipped


@lru_cache(maxsize=1)
def policy() -> Policy:
    """The rules and lexicons of `policies/`."""
    return load_policy(shipped("policies"))
