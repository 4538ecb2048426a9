"""From what a mairie types or imports to people whom the flow may enrol."""
