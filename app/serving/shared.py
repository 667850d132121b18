"""Names that the server and the kernel behind a page agree on. Imports nothing, so that both can."""

EXTENSIONS: tuple[str, ...] = ()
"""Panel extensions that the pages use: the server loads their scripts, the kernel their models."""

REQUEST_FILE = "LORA_WORKBENCH_REQUEST_FILE"
"""Environment variable: the file in which the server tells a kernel what its page was asked with."""

DIST_URL = "static/extensions/panel/"
"""Where the page finds Panel's files, relative to the page."""
