"""The build-time half of ml-buildpack: observe a project, decide an image plan, apply it to layers, report."""
