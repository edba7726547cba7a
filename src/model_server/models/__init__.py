"""The models that are served: read from the manifest, loaded, warmed up, and called in a thread of their own.

Knows NumPy and the libraries of the models, and nothing of HTTP.
"""
