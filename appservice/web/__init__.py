"""The console: pages for the mairie and the forces, made here, that need no script."""
