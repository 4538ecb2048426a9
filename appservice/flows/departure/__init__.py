"""As parcels leave: what keeps one back, what the channel is asked, what officers see of it."""
