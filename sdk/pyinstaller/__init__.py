"""What PyInstaller asks this package, by the entry point `pyinstaller40` of pyproject.toml."""

from __future__ import annotations

from pathlib import Path


def get_hook_dirs() -> list[str]:
    """The folders in which PyInstaller finds hooks: this one."""
    return [str(Path(__file__).parent)]
