"""The charter in the browser: links that the mairie hands on, and who signs by them."""
