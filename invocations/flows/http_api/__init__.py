"""APIs: their rows and parts, and what a stage of them serves."""
