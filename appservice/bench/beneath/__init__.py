"""What stands beneath the measures: floors, and the parts that are set up for them."""
