"""What every command reads at its start; a process that has imported this forks them ready."""

from appservice import app
from appservice.files.world import load_world, shipped_paths

__all__ = ["app"]

load_world(shipped_paths())  # rules are kept by their content: a copy of them is known too
