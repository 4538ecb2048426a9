"""PostgreSQL: the only SQL of the product, one module per aggregate."""
