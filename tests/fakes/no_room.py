"""Meets a full disk in the middle."""

from __future__ import annotations

import errno
import os

from good import bar, begin

begin(10)
bar(3, 10)
raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
