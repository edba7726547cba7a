"""The Cloud Native Buildpacks contract as values: what the lifecycle gives, what it reads back. Buildpack API 0.10."""
