"""What the buildpack costs, beside other ways to an image: `make bench`. README.md says how it is measured."""
