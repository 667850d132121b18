from __future__ import annotations

import subprocess
import sys


def test_the_supervisor_loads_little() -> None:
    code = (
        "import sys, lora_core.runs.supervisor;"
        "heavy = {'torch', 'numpy', 'tensorboard', 'google.protobuf', 'param', 'diffusers', 'transformers',"
        " 'panel', 'accelerate', 'PIL'} & set(sys.modules); print(sorted(heavy))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
