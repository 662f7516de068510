# SPDX-License-Identifier: MIT
"""Stands for the compiled module of the chosen level: whoever imports `aha._aha` gets that module itself."""

import sys

from ._levels import load

# Every level calls itself aha._aha, so that pickles made under one load under another.
sys.modules[__name__] = load()
