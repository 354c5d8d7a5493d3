"""What is reached over HTTP: hooks, API, pages."""
