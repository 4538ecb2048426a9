"""The outbox and its queue: parcels put, claimed, settled, and what receipts say of them."""
