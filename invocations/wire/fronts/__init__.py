"""HTTP fronts: what arrives as a plain web request and goes to a function, synchronously."""
