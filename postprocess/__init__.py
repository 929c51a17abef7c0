# SPDX-License-Identifier: BSD-3-Clause
"""Reads run files and study folders, and draws what they say. Nothing here starts a run."""
