"""The floor of the web figures: one Django view that inserts one row, on our server settings and our database."""
