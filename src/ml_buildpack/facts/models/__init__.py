"""What the files of a model say about themselves: read in bounded time and memory, never loaded or unpickled."""
