"""Stand-ins of signal-cli and Kannel: phones for the demonstration and the tests."""
