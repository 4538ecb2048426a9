"""From the signature to the first message: the page of the one who came, and the mairie's hand."""
