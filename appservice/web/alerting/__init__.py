"""Alerts in the browser: what was typed is understood, and what is known of them is shown."""
