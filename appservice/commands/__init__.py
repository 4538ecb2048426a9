"""What operators type: each command opens the office, does one thing, and says it in French."""
