"""What the tests stand on: faithful stand-ins for a platform, the real lifecycle, package indexes, temporary places."""
