"""The test bench of the rules: labelled messages, figures, and a page to read."""
