"""One story of the console a file: what is asked, what is answered."""
