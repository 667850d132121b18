"""The shipped manifest is what the installed trainer says about itself."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from lora_core.engines import manifest
from lora_core.engines.sd_scripts import dump_options
from lora_core.engines.sd_scripts.engine import SdScriptsEngine

pytestmark = pytest.mark.real_trainer


@pytest.mark.timeout(300)
def test_measured_anew_it_is_the_same(engine: SdScriptsEngine) -> None:
    command = [
        str(engine.installation.python),
        str(Path(dump_options.__file__)),
        str(engine.installation.checkout),
    ]
    environment = {**os.environ, "PYTHONPATH": engine.extra_path}
    done = subprocess.run(command, env=environment, capture_output=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr.decode("utf-8", "replace")[-2000:]
    assert done.stdout == manifest.MANIFEST_FILE.read_bytes().replace(b"\r\n", b"\n")
