"""YAML and key files turned into domain objects; every mistake named with file:line."""
