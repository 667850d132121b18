"""The widgets. Each works alone in a notebook cell, and together in the dashboard."""
