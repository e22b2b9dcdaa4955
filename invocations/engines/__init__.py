"""The embedded event services, one package each. They know nothing of Lambda, nor of each other."""
