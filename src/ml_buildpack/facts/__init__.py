"""What is true of the project directory. Reads only; decides nothing."""
