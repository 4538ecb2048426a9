"""The register as it is read without opening it: who may take part, and who is looked for."""
