"""Every sentence that people read from the service, in French; no flow writes one itself."""
