"""The effects: run tools, fetch files, write layers. Decides nothing that a plan could have decided."""
