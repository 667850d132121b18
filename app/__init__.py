"""The dashboard: pages, the server that serves them, the command line."""
