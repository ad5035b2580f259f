"""What PyInstaller cannot see of this package: its data, and the interpreter that is imported by name."""

from importlib.util import find_spec

from PyInstaller.utils.hooks import collect_data_files  # type: ignore[import-untyped]

from sdk.interpreter import BACKENDS

datas = collect_data_files("sdk")  # models, checksums, limits
# the one that sdk.interpreter would find first
hiddenimports = [next(name for name in BACKENDS if find_spec(name.split(".")[0]))]
