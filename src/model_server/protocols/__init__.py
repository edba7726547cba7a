"""HTTP: the protocols in which clients ask for predictions, as one ASGI application without a framework."""
