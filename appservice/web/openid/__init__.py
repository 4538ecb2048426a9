"""OpenID Connect: asking an organisation who somebody is, and checking what it signs."""
