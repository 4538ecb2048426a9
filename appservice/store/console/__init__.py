"""The console's tables: accounts, invitations, sessions and counted tries."""
