"""End-to-end encryption: one cross-signed device for ever, on vodozemac."""

from appservice.matrix.crypto.vodozemac_olm import install

# Before any module here imports mautrix.crypto.
install()
