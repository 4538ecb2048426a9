"""As parcels leave: what keeps one back at the last moment, and what officers see of it."""
