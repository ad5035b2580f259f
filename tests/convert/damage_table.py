"""The table of damages in docs/quantisation.md: python -m tests.convert.damage_table --out docs/quantisation.md.

Without --out the table is printed. `first_broken` is what the tests use as well.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from convert.checks import Check
from convert.expected import Expected
from convert.gate import Gate
from convert.limits import load_limits
from convert.tables import table
from convert.variants import replaced
from sdk.errors import ModelFileError
from sdk.interpreter import TfliteInterpreter
from sdk.model_file import ModelFile
from tests.convert.damage import DAMAGES, HARMLESS, Damage
from train.checkpoint import write_bytes

ROOT = Path(__file__).resolve().parents[2]
PRESETS = ("accurate", "fast")


@dataclass(eq=False)
class Bench:
    """A shipped model with its gate; what does not change is computed once."""

    name: str
    on_record: bool = True
    _gates: dict[bytes, Gate] = field(default_factory=dict)

    @cached_property
    def model(self) -> ModelFile:
        return ModelFile.preset(self.name)

    @cached_property
    def reference(self) -> ModelFile:
        return ModelFile.load(ROOT / "models" / f"{self.name}_float32.tflite")

    @cached_property
    def interpreter(self) -> TfliteInterpreter:
        return TfliteInterpreter(self.model)

    def checks(self, damage: Damage) -> Iterator[Check]:
        """Those of the gate on the damaged model, one at a time; the only one if no reader takes the file."""
        try:
            model = damage.change(self.model)
        except ModelFileError as error:
            yield Check("refused when it is loaded", str(error), "no", False, "")
            return
        gate = self.gate(self.reference if damage.of_reference is None else damage.of_reference(self.reference))
        yield from gate.checks(model, interpreter=self.interpreter if damage.kept else None)

    def first_broken(self, damage: Damage) -> Check | None:
        """What catches a damage."""
        return next((check for check in self.checks(damage) if not check.passed), None)

    def gate(self, reference: ModelFile) -> Gate:
        if reference is not self.reference:
            return self._made(reference)
        if b"" not in self._gates:
            self._gates[b""] = self._made(reference)
        return self._gates[b""]

    def _made(self, reference: ModelFile) -> Gate:
        limits = load_limits(ROOT / "sdk" / "models" / f"{self.name}_int8.limits.toml")
        answers = ROOT / "models" / f"{self.name}_int8_answers.npz"
        return Gate(reference, limits, expected=Expected.load(answers) if self.on_record else None)


def rows() -> Iterator[tuple[str, ...]]:
    """A row per damage: what catches it with the answers on record and without them, for each model."""
    benches = [Bench(name, on_record) for name in PRESETS for on_record in (True, False)]
    for damage in (*DAMAGES, *HARMLESS):
        found = [bench.first_broken(damage) for bench in benches]
        words = ["passes" if check is None else _words(check) for check in found]
        yield *columns(damage), *words


def columns(damage: Damage) -> tuple[str, ...]:
    """The beginning of a damage's row."""
    return (damage.name if damage.harmful else f"harmless: {damage.name}",)


def _words(check: Check) -> str:
    value = check.value if isinstance(check.value, str) else f"{check.value:.3g}"
    return f"{check.name}: {value[:60]}"


def main() -> None:
    """Print the table, or put it into a document."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--out", type=Path, help="Markdown file whose marked part is replaced")
    out = options.parse_args().out
    document = "" if out is None else out.read_text(encoding="utf-8")
    if out is not None:
        replaced(document, "damages", "")  # minutes before the table is needed, an error about its place
    head = ["damage"]
    for name in PRESETS:
        head += [f"{name}, answers on record", f"{name}, without them"]
    content = table(head, rows()).replace("---:", "---")
    if out is None:
        print(content)
    else:
        write_bytes(out, replaced(document, "damages", content).encode())


if __name__ == "__main__":
    main()
