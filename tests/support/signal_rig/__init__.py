"""The real signal-cli against Signal's own mock server, on loopback, for tests."""
