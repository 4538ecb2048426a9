"""Where secret keys are kept: how their files are written, and the one of each territory."""
