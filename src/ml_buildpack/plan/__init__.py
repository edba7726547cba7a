"""What the image shall contain, decided from facts. Pure: no disk, clock, network or process."""
