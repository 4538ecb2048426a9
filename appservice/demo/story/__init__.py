"""The story that the demonstration plays: each act on the real parts, each step checked."""

from appservice.demo.story.acts import play

__all__ = ["play"]
