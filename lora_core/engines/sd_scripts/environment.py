"""Environment variables of the trainer's process: what is set, and what must not leak in."""

from __future__ import annotations

_ACCELERATE = (
    "BYPASS_DEVICE_MAP",
    "CONFIG_DS_FIELDS",
    "CPU_AFFINITY",
    "DEBUG_MODE",
    "DEEPSPEED_CONFIG_FILE",
    "DOWNCAST_BF16",
    "DYNAMO_BACKEND",
    "DYNAMO_MODE",
    "DYNAMO_USE_DYNAMIC",
    "DYNAMO_USE_FULLGRAPH",
    "ENABLE_RICH",
    "GRADIENT_ACCUMULATION_STEPS",
    "GRADIENT_CLIPPING",
    "LOG_LEVEL",
    "MIXED_PRECISION",
    "NUM_PROCESSES",
    "TORCH_DEVICE",
    "USE_CPU",
    "USE_DEEPSPEED",
    "USE_FSDP",
    "USE_IPEX",
    "USE_MEGATRON_LM",
    "USE_SAGEMAKER",
    "USE_TP",
)
"""What accelerate 1.6.0 reads under ``ACCELERATE_…``."""

_DISTRIBUTED = (
    "WORLD_SIZE",
    "RANK",
    "LOCAL_RANK",
    "LOCAL_WORLD_SIZE",
    "MASTER_ADDR",
    "MASTER_PORT",
    "MPI_LOCALNRANKS",
    "OMPI_COMM_WORLD_SIZE",
    "OMPI_COMM_WORLD_RANK",
    "OMPI_COMM_WORLD_LOCAL_SIZE",
    "OMPI_COMM_WORLD_LOCAL_RANK",
    "MV2_COMM_WORLD_SIZE",
    "MV2_COMM_WORLD_RANK",
    "MV2_COMM_WORLD_LOCAL_SIZE",
    "MV2_COMM_WORLD_LOCAL_RANK",
    "PMI_SIZE",
    "PMI_RANK",
)
"""Left by a cluster or another training; they would make this one wait for partners."""

_PYTHON = (
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONSTARTUP",
    "PYTHONWARNINGS",
    "VIRTUAL_ENV",
    "__PYVENV_LAUNCHER__",
)
"""Ours: the trainer has another environment."""

_NOTEBOOK = ("MPLBACKEND", "JPY_PARENT_PID", "FORCE_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE")
"""Set by Jupyter kernels; the colour ones put terminal codes into the log."""

_BARS = ("TQDM_DISABLE", "TQDM_MININTERVAL")
"""Without bars there is no progress to read."""

REMOVED = (
    *(f"ACCELERATE_{name}" for name in _ACCELERATE),
    *_DISTRIBUTED,
    "OMP_NUM_THREADS",
    *_PYTHON,
    *_NOTEBOOK,
    *_BARS,
)

_SET = {
    "PYTHONUNBUFFERED": "1",
    "PYTHONUTF8": "1",
    "PYTHONIOENCODING": "utf-8:backslashreplace",
    "COLUMNS": "250",  # rich wraps log lines at 80 columns otherwise
    "TQDM_NCOLS": "120",  # a bar as wide as that would only swell the log
    "NO_COLOR": "1",
    "PYTHONWARNINGS": "ignore::FutureWarning",  # 40 lines about diffusers' own future at every preview
}


def variables(*, offline: bool, extra_path: str = "") -> dict[str, str]:
    """The variables to set.

    Args:
        offline: keep the libraries of Hugging Face from looking anything up on the network.
        extra_path: folders for ``PYTHONPATH``, empty for none.
    """
    found = dict(_SET)
    if offline:
        found |= {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"}
    if extra_path:
        found["PYTHONPATH"] = extra_path
    return found


def removed(setting: dict[str, str]) -> tuple[str, ...]:
    """The variables to take out, less those that are set."""
    return tuple(name for name in REMOVED if name not in setting)
