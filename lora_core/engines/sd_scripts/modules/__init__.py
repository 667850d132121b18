"""Modules of ours that travel into the trainer's environment with a plan."""
