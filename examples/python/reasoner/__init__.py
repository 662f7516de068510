# SPDX-License-Identifier: MIT
"""A small transformer that learns to reason on the CPU, trained with aha. Run it with ``python -m reasoner``."""
