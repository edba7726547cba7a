"""Solve, fetch and install conda's own packages, by way of py-rattler in a process of its own."""
